import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Result } from "../../src/report/index.ts";
import { analyse } from "../../src/run/analyse.ts";
import type { FleetRecord } from "../../src/run/index.ts";
import { scratch, traffic, writeRun } from "./run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());
let runs = 0;

const worker = { host: "a", cores: 2, clockErrorUs: 300, movedUs: 0 };
const FLEET: FleetRecord = {
  redis: "redis://10.0.0.2:6379",
  workers: [
    { id: "one", shards: [0], ...worker },
    { id: "two", shards: [1], ...worker },
  ],
  gaps: [],
  obeyedWithinMs: null,
};

/** A run of like arms that would ship, sent by a fleet. */
async function judged(fleet: FleetRecord): Promise<Result> {
  const directory = await writeRun(join(folder.path, `run-${runs++}`), traffic());
  const manifest = JSON.parse(readFileSync(directory.file("manifest.json"), "utf8")) as {
    readonly ended: object;
  };
  const ended = { ...manifest.ended, fleet };
  directory.write("manifest.json", JSON.stringify({ ...manifest, ended }));
  return analyse(directory).result;
}

type Emulated = NonNullable<FleetRecord["emulators"]>[number];
const emulator = (id: string, told: Partial<Emulated>): Emulated => ({
  id,
  dependencies: ["stock"],
  asked: 0,
  alone: 0,
  stoodStillMs: 0,
  ...told,
});

const gapOf = (lostStarts: number) => ({
  shard: 1,
  worker: "two",
  because: "worker two went silent",
  fromNs: 1e9,
  toNs: 5e9,
  takenOverBy: "one",
  lostStarts,
});

describe("a run that a fleet sent", () => {
  it("ships as one of a single machine where all went well, or where little was lost", async () => {
    const { checks, decision } = await judged(FLEET);
    expect(decision).toBe("ship");
    expect(checks.filter(({ name }) => name === "clocks" || name === "workers")).toMatchObject([
      { status: "pass", summary: expect.stringMatching(/2 workers .* 300 µs/) },
      { status: "pass", summary: expect.stringMatching(/every worker/) },
    ]);
    const result = await judged({ ...FLEET, gaps: [gapOf(1)] });
    expect(result.decision).toBe("ship");
    const told = result.checks.find(({ name }) => name === "workers");
    expect(told?.summary).toMatch(/shard 1: worker two went silent, one took over/);
  });

  it("is held when a clock moved by 200 ms, or nobody can say when a worker began", async () => {
    for (const apart of [{ movedUs: 200_000 }, { clockErrorUs: 200_000 }]) {
      const [one, two] = FLEET.workers;
      const result = await judged({ ...FLEET, workers: [one!, { ...two!, ...apart }] });
      expect(result.decision).toBe("hold");
      expect(result.reason).toMatch(/clocks apart/);
      expect(result.checks.find(({ name }) => name === "clocks apart")?.summary).toMatch(/two/);
    }
  });

  it("is held when more than a hundredth of the calls under a shared limit were decided alone", async () => {
    const emulating = (...counts: readonly { readonly asked: number; readonly alone: number }[]) =>
      judged({
        ...FLEET,
        emulators: counts.map((each, i) => emulator(`${i}`, each)),
      });
    // Of all the run's calls these are few: the others asked for no such limit.
    const apart = await emulating({ asked: 90, alone: 0 }, { asked: 10, alone: 2 });
    expect(apart.decision).toBe("hold");
    expect(apart.reason).toMatch(/limits apart/);
    const told = apart.checks.find(({ name }) => name === "limits apart");
    expect(told?.summary).toMatch(/^2 % of 100 calls under a limit over all emulators/);
    const shared = await emulating({ asked: 90, alone: 0 }, { asked: 10, alone: 1 });
    expect(shared.decision).toBe("ship");
    expect(shared.checks.find(({ name }) => name === "shared limits")?.status).toBe("pass");
    const none = await emulating({ asked: 0, alone: 0 });
    expect(none.checks.map(({ name }) => name)).not.toContain("shared limits");
  });

  it("is held when an emulator stood still for more than a hundredth of the time", async () => {
    const emulating = (stoodStillMs: number) =>
      judged({ ...FLEET, emulators: [emulator("one", {}), emulator("two", { stoodStillMs })] });
    const { checks, decision, reason } = await emulating(5_000);
    expect(decision).toBe("hold");
    expect(reason).toMatch(/emulator stood still/);
    const told = checks.find(({ name }) => name === "emulator stood still");
    expect(told?.summary).toMatch(/more than 5 s.* at worst two$/);
    expect((await emulating(100)).decision).toBe("ship");
  });

  it("is held when more than a hundredth of the planned starts was not sent", async () => {
    const result = await judged({ ...FLEET, gaps: [gapOf(1_000_000)] });
    expect(result.decision).toBe("hold");
    expect(result.reason).toMatch(/workers lost/);
  });
});
