import { FlowProducer, Worker as MergeWorker } from "bullmq";
import type { GeneratorTotals } from "../replay/index.ts";
import type { RunKeys } from "./keys.ts";
import type { Redis } from "./redis.ts";
import { pause } from "./ticker.ts";

/** A lock that its worker does not renew for so long is lost, and the job somebody else's. */
export const LOCK_MS = 3_000;
export const STALLED_EVERY_MS = 1_000;
/** How often a job may change hands: as often as there are processes that die. */
export const STALLED_MAX = 1_000;
/** When all was heard, jobs end within a beat or two; a Redis that came back empty knows of none. */
const DUE_WITHIN_MS = 3_000;
/** A Redis that is away must not keep us. */
const CLOSE_WITHIN_MS = 1_000;

/** What a shard's job says. */
export interface ShardTask {
  readonly shard: number;
}

/** Puts a run into its queues, whole or not at all: a job for each shard, and above them one that merges. */
export async function addFlow(redis: Redis, keys: RunKeys, shards: number): Promise<void> {
  const producer = new FlowProducer({ connection: redis, prefix: keys.prefix });
  producer.on("error", () => {});
  const removed = { removeOnComplete: true, removeOnFail: true };
  try {
    await producer.add({
      name: "merge",
      queueName: keys.merges,
      data: { shards },
      opts: { jobId: "merge" },
      children: Array.from({ length: shards }, (_, shard) => ({
        name: `shard-${shard}`,
        queueName: keys.queue,
        data: { shard } satisfies ShardTask,
        // What cannot be sent is told by itself; what was sent is merged all the same.
        opts: { ...removed, jobId: `shard-${shard}`, ignoreDependencyOnFailure: true },
      })),
    });
  } finally {
    await producer.close();
  }
}

/**
 * Merges what a run's shards did when the flow's parent is due: when the jobs of all shards have ended.
 * Where that cannot be, since a shard is lost or Redis has forgotten the flow, it merges without.
 */
export class Merging implements AsyncDisposable {
  readonly #merge: () => Promise<GeneratorTotals>;
  readonly #worker: MergeWorker;
  readonly #allHeard = Promise.withResolvers<void>();
  readonly #due = Promise.withResolvers<void>();
  #merged: Promise<GeneratorTotals> | null = null;

  constructor(redis: Redis, keys: RunKeys, merge: () => Promise<GeneratorTotals>) {
    this.#merge = merge;
    this.#worker = new MergeWorker(keys.merges, () => this.#takeTurn(), {
      connection: redis,
      prefix: keys.prefix,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_EVERY_MS,
      maxStalledCount: STALLED_MAX,
    });
    this.#worker.on("error", () => {});
  }

  /**
   * All shards are over, and all they told was heard. `whole`: each has ended its job, or will.
   * @throws OUTPUT_UNWRITABLE, DISK_WRITE_FAILED
   */
  async merged(whole: boolean): Promise<GeneratorTotals> {
    if (whole) await Promise.race([this.#due.promise, pause(DUE_WITHIN_MS)]);
    this.#allHeard.resolve();
    return this.#once();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.race([this.#worker.close(this.#merged === null), pause(CLOSE_WITHIN_MS)]);
  }

  /** A worker's job may end before what it sent is heard: who took it over was refused it. */
  async #takeTurn(): Promise<{ readonly keptRows: number; readonly lostRows: number }> {
    this.#due.resolve();
    await this.#allHeard.promise;
    const { keptRows, lostRows } = await this.#once();
    return { keptRows, lostRows };
  }

  #once(): Promise<GeneratorTotals> {
    this.#merged ??= this.#merge();
    return this.#merged;
  }
}
