import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from "vitest";
import { readObservations } from "../../src/measure/index.ts";
import { regainRun } from "../../src/fleet/index.ts";
import { RunDirectory, type RunEvent, resumeRun, verifyRun } from "../../src/run/index.ts";
import { loopbackTarget, type LoopbackTarget } from "../../src/testing/index.ts";
import { version } from "../../src/cli/version.ts";
import { ROOT, Running, Scratch, shakedown } from "../e2e/cli.ts";
import { FleetBed, ledgerOf } from "./bed.ts";
import { needsRedis, REDIS, TestRedis } from "./redis.ts";

needsRedis();

const RATE_PER_SEC = 100;
const ARMS = 2;

/** Arms that run already; nothing is emulated. */
const scenarioText = (origin: string, stages: string): string => `scenario: left alone
profile: ${join(ROOT, "profiles/storefront.ndjson.gz")}
rate: ${RATE_PER_SEC}/s
arrivals: uniform
arms: { control: { url: "${origin}" }, variant: { url: "${origin}" } }
hypothesis: { if: nothing is changed, then: { metric: response_time_p50, margin: 50% } }
stages: ${stages}
design: { block: 250ms }
`;

/** One run, whose own process is killed outright when its workers have told for a while. */
class LeftRun implements Disposable {
  readonly scratch = new Scratch();
  readonly running: Running;

  constructor(scenario: string, redis: string) {
    const file = this.scratch.file("left.yaml", scenario);
    const out = ["--out", join(this.scratch.path, "runs")];
    const fleet = ["--fleet", redis, "--workers", "2"];
    this.running = new Running(["run", file, ...out, ...fleet]);
  }

  /** Every fifth second there is a line. */
  async kill(): Promise<string> {
    await this.running.until(/^ {2}\d+ s: /m);
    this.running.child.kill("SIGKILL");
    await this.running.ended;
    return this.scratch.run();
  }

  /** It stands still, and knows nothing of what happens meanwhile. */
  async pause(): Promise<string> {
    await this.running.until(/^ {2}\d+ s: /m);
    this.running.child.kill("SIGSTOP");
    return this.scratch.run();
  }

  [Symbol.dispose](): void {
    this.running.child.kill("SIGKILL");
    this.scratch[Symbol.dispose]();
  }
}

const resultOf = (run: string) => JSON.parse(readFileSync(join(run, "result.json"), "utf8"));

/** Every start of so many seconds is there once, for each arm. */
function wholeLedger(run: string, seconds: number) {
  const directory = new RunDirectory(run);
  const observations = [...readObservations(...directory.observationSpools())];
  const sent = observations.filter(({ kind }) => kind !== "dropped");
  expect(new Set(sent.map(({ arm, seq }) => `${arm} ${seq}`)).size).toBe(sent.length);
  const ledger = ledgerOf(observations);
  expect(ledger.planned).toBe(RATE_PER_SEC * ARMS * seconds);
  expect(ledger.planned).toBe(ledger.responses + ledger.errors + ledger.dropped);
  return ledger;
}

describe.skipIf(!REDIS)("a run that was left (skipped: redis-server is not installed)", () => {
  let server: TestRedis;
  let target: LoopbackTarget;
  let bed: FleetBed;
  beforeAll(async () => {
    server = await TestRedis.start();
    target = await loopbackTarget(() => ({ kind: "answer", body: "ok" }));
    bed = new FleetBed(server.url);
    for (let i = 0; i < 4; i++) bed.work(version);
  });
  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
    await target.refuse();
    await server[Symbol.asyncDispose]();
  });

  it("is whole when its workers sent the rest, though who led it wakes, and hold when they had stopped", async () => {
    const short = "[ { name: all, rate: 100%, for: 12s, settle: 500ms } ]";
    const long = "[ { name: pilot, rate: 100%, for: 20s }, { name: all, rate: 100%, for: 20s } ]";
    using soon = new LeftRun(scenarioText(target.origin, short), server.url);
    using late = new LeftRun(scenarioText(target.origin, long), server.url);
    // Where it fails for time alone, how far it came says who was waited for.
    onTestFailed(() => {
      const told = [soon, late].map(({ running }) => running.stdout + running.stderr);
      process.stderr.write(`${[...told, ...bed.notes].join("\n")}\n`);
    });
    const resumedSoon = async (): Promise<string> => {
      const run = await soon.pause();
      const said: string[] = [];
      const onEvent = (event: RunEvent): void => {
        if (event.kind !== "warning") return;
        said.push(event.message);
        // Who led it wakes in the middle of that.
        soon.running.child.kill("SIGCONT");
      };
      const regain = (directory: RunDirectory, signal: AbortSignal) =>
        regainRun(directory, {}, signal);
      const options = { directory: new RunDirectory(run), version, regain, onEvent };
      await resumeRun(options, new AbortController().signal);
      expect(said).toEqual([expect.stringMatching(/: its workers send the rest$/)]);
      const before = await soon.running.ended;
      expect(before.code).toBe(69);
      expect(before.stderr).toMatch(/another process leads run/);
      return run;
    };
    const [soonRun, lateRun] = await Promise.all([resumedSoon(), late.kill()]);
    const { dropped } = wholeLedger(soonRun, 12);
    // On a machine too busy to resume it in time they had stopped: then it says so.
    expect(resultOf(soonRun).run.incompleteBecause === undefined).toBe(dropped === 0);

    await bed.noted(/nobody has led this run for 10 s: stopped/);
    const ended = await shakedown("run", "--resume", lateRun);
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 2, stderr: "" });
    expect(ended.stdout).toMatch(/: its workers stop$/m);
    expect(resultOf(lateRun).reason).toMatch(/who led it was gone from .* s on/);
    const ledger = wholeLedger(lateRun, 40);
    expect(ledger.dropped).toBeGreaterThan(0);
    expect(ledger.dropped).toBeLessThan(ledger.planned);

    for (const run of [soonRun, lateRun]) {
      expect((await verifyRun(new RunDirectory(run), version)).broken).toBeNull();
    }
    const again = resumeRun(
      {
        directory: new RunDirectory(lateRun),
        version,
        regain: () => Promise.reject(new Error("nobody is to be asked")),
        onEvent: () => {},
      },
      new AbortController().signal,
    );
    await expect(again).rejects.toThrow(/the run has ended/);
  }, 180_000);
});
