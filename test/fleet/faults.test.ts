import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allStarts } from "../../src/replay/index.ts";
import type { RunDirectory } from "../../src/run/index.ts";
import { loopbackTarget, type LoopbackTarget } from "../../src/testing/index.ts";
import { Running } from "../e2e/cli.ts";
import { version } from "../../src/cli/version.ts";
import { FleetBed, type FleetRun, jobFor, leadRun, ledgerOf, type Merged } from "./bed.ts";
import { needsRedis, REDIS, TestRedis } from "./redis.ts";

needsRedis();

/** Resolves when so many windows have come. */
async function windows(merged: Merged, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise<void>((resolve) => (merged.onWindow = resolve));
  }
}

const SECONDS = 12;

/** Every start is there once, for every arm: sent, failed, or counted as dropped. */
function expectWhole({ directory, observations, totals }: FleetRun): void {
  const { dropped, errors, planned, responses } = ledgerOf(observations);
  expect(planned).toBe(plannedOf(directory));
  expect(planned).toBe(responses + errors + dropped);
  expect(totals).toMatchObject({ error: null, keptRows: observations.length, lostRows: 0 });
  const sent = observations.filter(({ kind }) => kind !== "dropped");
  expect(new Set(sent.map(({ arm, seq }) => `${arm} ${seq}`)).size).toBe(sent.length);
}

/** What the schedule holds for all arms together. */
function plannedOf(directory: RunDirectory): number {
  const job = jobFor(directory, { origin: "http://127.0.0.1:9", seconds: SECONDS, shards: 1 });
  return job.arms.length * [...allStarts(job)].length;
}

describe.skipIf(!REDIS)("a fleet in trouble (skipped: redis-server is not installed)", () => {
  const workers: Running[] = [];
  let server: TestRedis;
  let target: LoopbackTarget;
  let bed: FleetBed;
  const lead = (given: Partial<Parameters<typeof leadRun>[1]> = {}): Promise<FleetRun> =>
    leadRun(bed, { origin: target.origin, seconds: SECONDS, workers: 2, version, ...given });
  const work = async (): Promise<void> => {
    const running = new Running(["worker", "--redis", server.url]);
    workers.push(running);
    await running.until(/^worker /m);
  };

  beforeAll(async () => {
    server = await TestRedis.start();
    target = await loopbackTarget(() => ({ kind: "answer", body: "ok" }));
    bed = new FleetBed(server.url);
    await Promise.all([work(), work(), work()]);
  }, 120_000);
  afterAll(async () => {
    for (const { child } of workers) child.kill("SIGKILL");
    await Promise.all(workers.map(({ ended }) => ended));
    await bed[Symbol.asyncDispose]();
    await target.refuse();
    await server[Symbol.asyncDispose]();
  });

  /** The process of a worker that has a shard: its id tells. */
  const processOf = (shard: string) => {
    const running = workers.find(
      ({ child, stdout }) => child.exitCode === null && !child.killed && stdout.endsWith(shard),
    );
    if (running === undefined) throw new Error(`nobody has ${shard}`);
    return running.child;
  };

  it("a worker that is killed: what it told is kept, another sends the rest, the gap is counted once", async () => {
    const run = await lead({
      async during(_load, merged) {
        await windows(merged, 4);
        processOf("shard 1\n").kill("SIGKILL");
      },
    });
    expectWhole(run);
    expect(run.record.gaps).toHaveLength(1);
    const [gap] = run.record.gaps;
    expect(gap).toMatchObject({ shard: 1, because: expect.stringMatching(/went silent/) });
    expect(gap?.takenOverBy).not.toBeNull();
    expect(gap?.toNs).toBeGreaterThan(gap?.fromNs ?? 0);
    const { dropped } = ledgerOf(run.observations);
    expect(gap?.lostStarts).toBe(dropped);
    expect(dropped).toBeGreaterThan(0);
    // Of the dead one's rows some came, and some of who took over.
    const attempts = run.directory.observationSpools().map((path) => path.split("/").at(-1));
    expect(attempts).toEqual(expect.arrayContaining(["worker-1.spool", "worker-5.spool"]));
  }, 120_000);

  it("the same, when the scenario leaves it out: nobody sends the rest", async () => {
    await work();
    const run = await lead({
      lostShards: "leave-out",
      async during(_load, merged) {
        await windows(merged, 4);
        processOf("shard 0\n").kill("SIGKILL");
      },
    });
    expectWhole(run);
    expect(run.record.gaps).toMatchObject([{ shard: 0, takenOverBy: null, toNs: null }]);
    expect(run.record.gaps[0]?.lostStarts).toBe(ledgerOf(run.observations).dropped);
  }, 120_000);

  it("a worker that stands still for 5 s: nothing is counted twice", async () => {
    const run = await lead({
      async during(_load, merged) {
        await windows(merged, 4);
        const child = processOf("shard 0\n");
        child.kill("SIGSTOP");
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        child.kill("SIGCONT");
      },
    });
    expectWhole(run);
    expect(run.record.gaps.every(({ shard }) => shard === 0)).toBe(true);
  }, 120_000);

  it("a Redis that is killed and forgets all: what was told is told again, and counted once", async () => {
    const run = await lead({
      async during(_load, merged) {
        await windows(merged, 4);
        await server.kill();
        await server.start();
      },
    });
    expectWhole(run);
    expect(run.record.gaps).toEqual([]);
    const drops = run.observations.flatMap((each) => (each.kind === "dropped" ? each.reason : []));
    expect(new Set(drops)).toEqual(new Set());
    expect(run.merged.planned).toBe(plannedOf(run.directory));
  }, 120_000);
});
