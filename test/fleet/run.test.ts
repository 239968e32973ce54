import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomBytes } from "node:crypto";
import { type Job, Queue } from "bullmq";
import { runKeys } from "../../src/fleet/keys.ts";
import { allStarts } from "../../src/replay/index.ts";
import { connectRedis } from "../../src/fleet/redis.ts";
import { Histogram, type Observation, responseTimeUs } from "../../src/measure/index.ts";
import { loopbackTarget, type LoopbackTarget } from "../../src/testing/index.ts";
import { FleetBed, jobFor, leadRun, ledgerOf } from "./bed.ts";
import { needsRedis, REDIS, TestRedis } from "./redis.ts";

needsRedis();

const startsOf = (observations: readonly Observation[]): string[] =>
  observations
    .map(({ arm, intendedNs, seq }) => `${seq} ${arm} ${intendedNs}`)
    .toSorted((a, b) => (a < b ? -1 : 1));

/** The job above a run's shards, as Redis has it. */
async function parentOf<T>(url: string, runId: string, look: (job: Job) => Promise<T>): Promise<T> {
  const { merges, prefix } = runKeys(runId);
  const queue = new Queue(merges, { connection: { url }, prefix });
  try {
    const job = await queue.getJob("merge");
    if (job === undefined) throw new Error(`no job merges run ${runId}`);
    return await look(job);
  } finally {
    await queue.close();
  }
}

/** Files hold times in 100 ns: a value may lie in the next bucket by that much, and by no more. */
function expectCountsOf(merged: Histogram, observations: readonly Observation[]): void {
  const [earlier, later] = [new Histogram(), new Histogram()];
  for (const each of observations) {
    if (each.kind === "dropped") continue;
    earlier.record(responseTimeUs(each, 30e9) - 0.15);
    later.record(responseTimeUs(each, 30e9) + 0.15);
  }
  expect(merged.count).toBe(earlier.count);
  for (const { valueUs } of merged.buckets()) {
    const upTo = merged.countAtOrBelow(valueUs);
    expect(upTo).toBeGreaterThanOrEqual(later.countAtOrBelow(valueUs));
    expect(upTo).toBeLessThanOrEqual(earlier.countAtOrBelow(valueUs));
  }
}

describe.skipIf(!REDIS)("a fleet, on a real Redis (skipped: redis-server is not installed)", () => {
  let server: TestRedis;
  let target: LoopbackTarget;
  beforeAll(async () => {
    server = await TestRedis.start();
    target = await loopbackTarget(() => ({ kind: "answer", body: "ok" }));
  });
  afterAll(async () => {
    await target.refuse();
    await server[Symbol.asyncDispose]();
  });

  it("of 1, 2 and 4 workers sends the same starts, and merges the counts of all that was observed", async () => {
    await using bed = new FleetBed(server.url);
    const runs = [];
    for (const workers of [1, 2, 4]) {
      while (bed.workers < workers) bed.work();
      runs.push(await leadRun(bed, { origin: target.origin, seconds: 1.5, workers }));
    }
    for (const { merged, observations, record, totals } of runs) {
      expect(totals).toMatchObject({ error: null, lostRows: 0, keptRows: observations.length });
      expect(startsOf(observations)).toEqual(startsOf(runs[0]!.observations));
      expect(ledgerOf(observations)).toEqual(ledgerOf(runs[0]!.observations));
      expect(merged.planned).toBe(ledgerOf(observations).planned);
      expectCountsOf(merged.responseTime, observations);
      expect(record.gaps).toEqual([]);
      expect(record.workers.flatMap(({ shards }) => shards)).toHaveLength(record.workers.length);
    }
  }, 180_000);

  it("is a BullMQ flow: a job for each shard, and above them one that merges when they have ended", async () => {
    await using bed = new FleetBed(server.url);
    bed.work();
    bed.work();
    const runId = randomBytes(8).toString("hex");
    const given = { origin: target.origin, seconds: 1, workers: 2, runId };
    const { observations } = await leadRun(bed, {
      ...given,
      during: () =>
        parentOf(server.url, runId, async (job) => {
          expect(await job.getState()).toBe("waiting-children");
          expect(await job.getDependenciesCount()).toMatchObject({ unprocessed: 2, failed: 0 });
        }),
    });
    await parentOf(server.url, runId, async (job) => {
      expect(await job.getState()).toBe("completed");
      expect(await job.getDependenciesCount()).toMatchObject({ processed: 2, unprocessed: 0 });
      expect(job.returnvalue).toEqual({ keptRows: observations.length, lostRows: 0 });
    });
  });

  it("stops everywhere when it is told to, counts what was still to come, and says how soon", async () => {
    await using bed = new FleetBed(server.url);
    bed.work();
    bed.work();
    const given = { origin: target.origin, seconds: 60, workers: 2 };
    const soon = await leadRun(bed, {
      ...given,
      async during(load, merged) {
        await new Promise<void>((resolve) => (merged.onWindow = resolve));
        load.stop();
      },
    });
    // Before workers have been told to go.
    const atOnce = await leadRun(bed, { ...given, during: (load) => load.stop() });
    for (const { observations, record } of [soon, atOnce]) {
      const { dropped, planned, responses } = ledgerOf(observations);
      expect(planned).toBe(responses + dropped);
      expect(dropped).toBeGreaterThan(responses);
      const reasons = observations.flatMap((each) => (each.kind === "dropped" ? each.reason : []));
      expect(new Set(reasons)).toEqual(new Set(["run-stopped"]));
      expect(record.obeyedWithinMs).toBeGreaterThan(0);
    }
  });

  it("counts once what is delivered twice, and out of turn", async () => {
    await using bed = new FleetBed(server.url);
    bed.work();
    bed.work();
    const redis = await connectRedis(server.url);
    const runId = randomBytes(8).toString("hex");
    let again = 0;
    /** All that is in the stream, the last first. */
    const deliverAgain = async (): Promise<void> => {
      const { up } = runKeys(runId);
      const entries = await redis.xrevrangeBuffer(up, "+", "-");
      const all = redis.pipeline();
      for (const [, fields] of entries) all.xadd(up, "*", ...fields);
      await all.exec();
      again += entries.length;
    };
    const given = { origin: target.origin, seconds: 3, workers: 2, runId };
    const { merged, observations, totals } = await leadRun(bed, {
      ...given,
      async during(_load, watched) {
        const window = (): Promise<void> => new Promise((resolve) => (watched.onWindow = resolve));
        for (let i = 0; i < 2; i++) {
          const before = watched.planned;
          while (watched.planned === before) await window();
          await deliverAgain();
        }
      },
    });
    redis.disconnect();
    expect(again).toBeGreaterThan(0);
    const job = jobFor(bed.directory(), { ...given, shards: 2 });
    const meant = [...allStarts(job)].length * job.arms.length;
    expect(ledgerOf(observations)).toMatchObject({ planned: meant });
    expect(new Set(startsOf(observations)).size).toBe(meant);
    expect(merged.planned).toBe(meant);
    expect(totals).toMatchObject({ error: null, keptRows: observations.length, lostRows: 0 });
  });

  it("does not meet another that goes on at once: each has workers, starts and counts of its own", async () => {
    await using bed = new FleetBed(server.url);
    bed.work();
    bed.work();
    const given = { origin: target.origin, seconds: 1, workers: 1 };
    const runs = await Promise.all([leadRun(bed, given), leadRun(bed, given)]);
    const meant = [...allStarts(jobFor(bed.directory(), { ...given, shards: 1 }))].length * 2;
    for (const { merged, observations, totals } of runs) {
      expect(ledgerOf(observations)).toMatchObject({ planned: meant, responses: meant });
      expect(merged.planned).toBe(meant);
      expect(totals).toMatchObject({ error: null, keptRows: meant, lostRows: 0 });
    }
    const workers = runs.flatMap(({ record }) => record.workers.map(({ id }) => id));
    expect(new Set(workers).size).toBe(2);
  });

  it("does not begin where Redis has forgotten it, says so, and leaves its workers to the next", async () => {
    await using bed = new FleetBed(server.url);
    bed.work();
    const given = { origin: target.origin, seconds: 1, workers: 1 };
    const redis = await connectRedis(server.url);
    const asked = leadRun(bed, {
      ...given,
      async before() {
        await redis.flushall();
        await new Promise((resolve) => setTimeout(resolve, 1_500));
      },
    });
    await expect(asked).rejects.toThrow(/forgot the run before it began/);
    redis.disconnect();
    expect((await leadRun(bed, given)).totals.error).toBeNull();
  });

  it("lets its workers go, though connections on which they wait for jobs are cut all the while", async () => {
    await using bed = new FleetBed(server.url);
    bed.work();
    const redis = await connectRedis(server.url);
    const cut = async (): Promise<void> => {
      const clients = String(await redis.client("LIST", "TYPE", "NORMAL")).split("\n");
      const waiting = clients.filter((client) => client.includes(" cmd=bzpopmin "));
      const ids = waiting.map((client) => /^id=(\d+)/.exec(client)![1]!);
      await Promise.all(ids.map((id) => redis.client("KILL", "ID", id)));
    };
    const given = { origin: target.origin, seconds: 1, workers: 1 };
    const cutting = setInterval(() => void cut(), 5);
    const { totals } = await leadRun(bed, given).finally(() => clearInterval(cutting));
    redis.disconnect();
    expect(totals.error).toBeNull();
    expect((await leadRun(bed, given)).totals.error).toBeNull();
  }, 60_000);

  it("leaves nothing for good", async () => {
    const redis = await connectRedis(server.url);
    const keys = await redis.keys("shakedown:*");
    const lasting = [];
    for (const key of keys) if ((await redis.ttl(key)) === -1) lasting.push(key);
    redis.disconnect();
    expect(keys).not.toEqual([]);
    expect(lasting).toEqual([]);
  });

  it("refuses workers of another version by name, and does not wait for ever", async () => {
    await using bed = new FleetBed(server.url);
    bed.work("9.9.9");
    const asked = leadRun(bed, { origin: target.origin, seconds: 1, workers: 1 });
    await expect(asked).rejects.toThrow(/0 are free, .* is refused: it is of version 9\.9\.9/);
  });
});
