import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { request } from "undici";
import { traceparentOf } from "../../src/core/index.ts";
import { dependencySchema, type EmulatorOptions } from "../../src/emulator/index.ts";
import { Fleet } from "../../src/fleet/index.ts";
import { type EmulatedCall, readCalls } from "../../src/measure/index.ts";
import type { MadeEmulator, RunDirectory } from "../../src/run/index.ts";
import { version } from "../../src/cli/version.ts";
import { Running } from "../e2e/cli.ts";
import { FleetBed, VERSION } from "./bed.ts";
import { needsRedis, REDIS, TestRedis } from "./redis.ts";

needsRedis();

const ARMS = ["control", "variant"];
const LIMIT = 10;

const written: Readonly<Record<string, unknown>> = {
  payments: {
    instances: "each",
    latency: { kind: "lognormal", median: "3ms", p99: "9ms" },
    errors: { ratio: "30%" },
  },
  capped: {
    instances: "each",
    latency: { kind: "constant", value: "0ms" },
    limit: {
      kind: "fixed-window",
      limit: LIMIT,
      window: "1h",
      begins: "first-call",
      by: "path:/:key",
      tell: "x-ratelimit",
    },
  },
  stock: { latency: { kind: "constant", value: "1ms" } },
};

let runs = 0;
function optionsFor(directory: RunDirectory): EmulatorOptions {
  const dependencies = Object.entries(written).map(
    ([name, spec]) => [name, dependencySchema.parse(spec)] as const,
  );
  return {
    arms: ARMS,
    dependencies: Object.fromEntries(dependencies),
    seed: "fleet",
    runId: (++runs).toString(16).padStart(16, "0"),
    originNs: process.hrtime.bigint(),
    spoolPath: directory.calls,
  };
}

interface Asking {
  readonly options: EmulatorOptions;
  readonly emulator: MadeEmulator;
}

async function ask(
  { emulator, options }: Asking,
  what: {
    readonly dependency: string;
    readonly arm: string;
    readonly seq: number;
    readonly path?: string;
  },
  instance = 0,
): Promise<{ readonly admitted: boolean; readonly limit: number }> {
  const { arm, dependency, path = "/a", seq } = what;
  const at = emulator.instances?.[dependency]?.[arm]?.[instance];
  const traceparent = traceparentOf({ runId: options.runId, seq, armIndex: ARMS.indexOf(arm) });
  const { body, headers, statusCode } = await request(`${at}${path}`, { headers: { traceparent } });
  await body.dump();
  return { admitted: statusCode === 200, limit: Number(headers["x-ratelimit-limit"]) };
}

/** What comes of calls that spend one key's limit at one instance, and then ask at the other. */
class Spending {
  readonly #asking: Asking;
  calls = 0;
  /** Those that were told of less than the whole limit. */
  alone = 0;

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  /** Of a key that nobody has asked for. */
  async once() {
    const [path, before] = [`/${this.calls}`, this.alone];
    const admitted = [0, 0];
    for (const instance of [0, 1]) {
      for (let i = 0; i < 1.5 * LIMIT; i++) {
        const what = { dependency: "capped", arm: "control", seq: this.calls++, path };
        const told = await ask(this.#asking, what, instance);
        if (told.admitted) admitted[instance]!++;
        if (told.limit < LIMIT) this.alone++;
      }
    }
    return { admitted, alone: this.alone - before };
  }
}

const luckOf = ({ fault, meantDelayUs, seq }: EmulatedCall): string =>
  `${seq} ${meantDelayUs} ${fault}`;

describe.skipIf(!REDIS)("emulators of a fleet (skipped: redis-server is not installed)", () => {
  let server: TestRedis;
  let bed: FleetBed;
  const never = new AbortController().signal;
  const connect = (emulators: number, of: string): Promise<Fleet> =>
    Fleet.connect({ redis: server.url, workers: 1, emulators, version: of });
  beforeAll(async () => {
    server = await TestRedis.start();
    bed = new FleetBed(server.url);
  });
  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  it("give a start the same luck, share a limit, and count calls once, though Redis hangs or forgets", async () => {
    for (let i = 0; i < 2; i++) bed.work(VERSION, "127.0.0.1");
    const directory = bed.directory();
    const options = optionsFor(directory);
    await using fleet = await connect(2, VERSION);
    const emulator = (await fleet.emulate({ options, directory, armsHere: true }, never))!;
    await using _emulator = emulator;
    const asking = { options, emulator };
    await emulator.begin(process.hrtime.bigint());

    const starts = Array.from({ length: 40 }, (_, seq) => seq);
    // Each start's calls go to another instance in each arm.
    const askAll = (seqs: readonly number[]) =>
      Promise.all(
        seqs.flatMap((seq) =>
          ARMS.map((arm, index) => ask(asking, { dependency: "payments", arm, seq }, index)),
        ),
      );
    await askAll(starts.slice(0, 20));
    // On a machine too busy for Redis to answer in time an emulator goes by its own part, and says so.
    const spending = new Spending(asking);
    const goBySharedLimit = async (): Promise<void> =>
      await expect
        .poll(() => spending.once(), { interval: 300, timeout: 15_000 })
        .toEqual({ admitted: [LIMIT, 0], alone: 0 });
    await goBySharedLimit();
    // While Redis hangs each goes by its half.
    server.pause();
    const hung = await spending.once();
    server.resume();
    expect(hung).toEqual({ admitted: [LIMIT / 2, LIMIT / 2], alone: 3 * LIMIT });
    await goBySharedLimit();
    await server.kill();
    await server.start();
    await askAll(starts.slice(20));
    await ask(asking, { dependency: "stock", arm: "variant", seq: 0 });

    const totals = await emulator.stop();
    const calls = [...readCalls(directory.callSpools())];
    expect(directory.callSpools()).toHaveLength(2);
    const made = 2 * starts.length + spending.calls + 1;
    expect(totals).toMatchObject({ calls: made, keptRows: made, lostRows: 0 });
    const names = readCalls(directory.callSpools()).meta.dependencies;
    const once = calls.map(({ arm, dependency, seq }) => `${names[dependency]} ${arm} ${seq}`);
    expect(new Set(once).size).toBe(made);
    const [control, variant] = [0, 1].map((arm) =>
      calls
        .filter((call) => call.arm === arm && names[call.dependency] === "payments")
        .toSorted((a, b) => a.seq - b.seq)
        .map(luckOf),
    );
    expect(control).toHaveLength(starts.length);
    expect(control).toEqual(variant);
    expect(new Set(control).size).toBe(starts.length);
    expect(totals.alone).toBe(spending.alone);
    expect(totals.asked).toBeGreaterThan(LIMIT + totals.alone);
    const { emulators, workers } = emulator.record();
    expect(emulators?.reduce((sum, { asked }) => sum + asked, 0)).toBe(totals.asked);
    expect(workers).toHaveLength(2);
    expect(emulators?.map(({ dependencies }) => dependencies.length).toSorted()).toEqual([2, 3]);
    const counted = await emulator.snapshot();
    expect(counted["capped"]?.["control"]?.calls).toBe(spending.calls);
  }, 60_000);

  it("that are killed before their run can call them are replaced", async () => {
    const start = async (): Promise<Running> => {
      const worker = new Running(["worker", "--redis", server.url, "--emulate-at", "127.0.0.1"]);
      await worker.until(/^worker /m);
      return worker;
    };
    const workers = [await start(), await start()];
    const [dead, living] = workers.toSorted((a, b) => (a.stdout < b.stdout ? -1 : 1));
    dead!.child.kill("SIGKILL");
    await dead!.ended;
    try {
      const directory = bed.directory();
      const options = optionsFor(directory);
      await using fleet = await connect(1, version);
      const emulator = (await fleet.emulate({ options, directory, armsHere: true }, never))!;
      await using _emulator = emulator;
      const what = { dependency: "stock", arm: "control", seq: 0 };
      expect(await ask({ options, emulator }, what)).toMatchObject({ admitted: true });
      expect(living!.stdout).toContain(emulator.record().workers[0]!.id);
    } finally {
      living!.child.kill("SIGKILL");
      await living!.ended;
    }
  }, 60_000);

  it("that die end the run: what they told is kept, and the rest is known to be missing", async () => {
    const worker = new Running(["worker", "--redis", server.url, "--emulate-at", "127.0.0.1"]);
    await worker.until(/^worker /m);
    const directory = bed.directory();
    const options = optionsFor(directory);
    await using fleet = await connect(1, version);
    const emulator = (await fleet.emulate({ options, directory, armsHere: true }, never))!;
    await using _emulator = emulator;
    const what = { dependency: "stock", arm: "control" };
    for (let seq = 0; seq < 20; seq++) await ask({ options, emulator }, { ...what, seq });
    await expect
      .poll(async () => (await emulator.snapshot())["stock"]?.["control"]?.calls, {
        timeout: 9_000,
      })
      .toBe(20);
    worker.child.kill("SIGKILL");
    await worker.ended;
    const error = await emulator.failed;
    expect(error).toMatchObject({ code: "EMULATOR_FAILED" });
    expect(error.message).toMatch(/^worker .*, which emulates, went silent$/);
    const { calls, keptRows, lostRows } = await emulator.stop();
    expect({ calls, rows: keptRows + lostRows }).toEqual({ calls: 20, rows: 20 });
  }, 60_000);

  it("are not waited for at a Redis that hangs before they serve", async () => {
    await using hung = await TestRedis.start();
    const directory = bed.directory();
    const options = optionsFor(directory);
    const parts = { redis: hung.url, workers: 1, emulators: 1, version: VERSION };
    await using fleet = await Fleet.connect(parts);
    const asked = fleet.emulate({ options, directory, armsHere: true }, never);
    asked.catch(() => {});
    hung.pause();
    await expect(asked).rejects.toMatchObject({ code: "FLEET_UNREACHABLE" });
    hung.resume();
  });

  it("are refused where a private key would go through Redis, and where nobody offers to", async () => {
    const directory = bed.directory();
    const options = optionsFor(directory);
    await using fleet = await connect(1, "7.7.7");
    const stock = { ...options.dependencies["stock"]!, tls: { cert: "c", key: "k" } };
    const secret = { ...options, dependencies: { stock } } as EmulatorOptions;
    await expect(
      fleet.emulate({ options: secret, directory, armsHere: true }, never),
    ).rejects.toThrow(/stock has a private key/);
    const asked = fleet.emulate({ options, directory, armsHere: true }, AbortSignal.timeout(400));
    await expect(asked).rejects.toThrow(/aborted|timeout/i);
  });
});
