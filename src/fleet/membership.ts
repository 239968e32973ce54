import { join } from "node:path";
import { Worker as ShardWorker } from "bullmq";
import { ShakedownError } from "../core/index.ts";
import type { GeneratorJob } from "../replay/index.ts";
import { timeOf } from "./clock-offset.ts";
import { LOCK_MS, type ShardTask, STALLED_EVERY_MS, STALLED_MAX } from "./flow.ts";
import { expireAll, KEPT_S, LEFT_S, type RunKeys, runKeys } from "./keys.ts";
import { LeaderWatch } from "./leader-watch.ts";
import type { FleetCommand, RunCall } from "./messages.ts";
import { Outbox, sumOf, type Unheard } from "./outbox.ts";
import { unpackJob } from "./pack.ts";
import type { Redis } from "./redis.ts";
import { ShardSender } from "./shard-sender.ts";
import { followOrders } from "./streams.ts";
import { aborted, pause } from "./ticker.ts";

/** What has not been heard for so long is told again. */
const AGAIN_BEATS = 6;
/**
 * How long BullMQ may take to close a worker whose jobs have ended. It waits for the end of a connection,
 * of which it is never told where that is being made again at that moment (BullMQ's issue 4065).
 */
const CLOSE_WITHIN_MS = 5_000;

export interface MemberOptions {
  readonly redis: Redis;
  readonly worker: string;
  readonly call: Extract<RunCall, { kind: "send" }>;
  /** For content, which is kept, and for files of this run, which are not. */
  readonly cache: string;
  readonly folder: string;
  readonly note: (line: string) => void;
}

interface Sending {
  readonly shard: number;
  readonly sender: ShardSender;
  readonly outbox: Outbox;
  /** Resolves when it has told all. */
  readonly told: Promise<void>;
}

/**
 * A worker's part in one run: shards that BullMQ gives it, at first as many as it was asked to take,
 * and once traffic has begun those of workers that have died. Ends when the run does, or when nobody
 * has led it for a while.
 */
export class Membership {
  readonly #options: MemberOptions;
  readonly #keys: RunKeys;
  readonly #over = new AbortController();
  readonly #senders = new Map<string, Sending>();
  readonly #commands: FleetCommand[] = [];
  readonly #workers: ShardWorker[] = [];
  readonly #heard = new Map<string, number>();
  #job: GeneratorJob | null = null;
  #beats = 0;
  #draining = false;
  #alone = false;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.#keys = runKeys(options.call.runId);
  }

  /** Takes over nothing more; what it has is finished. */
  drain(): void {
    this.#draining = true;
    for (const worker of this.#workers.slice(1)) void worker.close();
  }

  /** What it has told that was not heard. */
  get unheard(): Unheard {
    return sumOf([...this.#senders.values()].map(({ outbox }) => outbox.unheard));
  }

  /** The run is over, or nobody led it. */
  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** Nobody is there to tell: leaves everything as it is. */
  abandon(): void {
    this.#over.abort();
    for (const { sender } of this.#senders.values()) sender.stop();
    for (const worker of this.#workers) void worker.close(true);
  }

  /**
   * Resolves when the run is over.
   * @throws FLEET_MISMATCH when its job or content is not what was planned
   */
  async take(): Promise<void> {
    const { cache, call, redis } = this.#options;
    const text = await redis.get(this.#keys.job);
    if (text === null) throw gone(call.runId);
    this.#job = await unpackJob(redis, text, cache);
    const following = followOrders(
      redis,
      this.#keys.down,
      (command) => this.#obey(command),
      this.#over.signal,
    );
    this.#work(call.shards);
    using _watch = new LeaderWatch(redis, this.#keys, {
      onHeard: (heard) => this.#hear(heard),
      onLeaderless: () => void this.#stopAlone(),
    });
    await following;
    for (const { sender } of this.#senders.values()) sender.stop();
    await Promise.all([...this.#senders.values()].map(({ told }) => told));
    const closing = Promise.all(this.#workers.map((worker) => worker.close()));
    await Promise.race([closing, pause(CLOSE_WITHIN_MS)]);
    // What BullMQ wrote last does not expire by itself.
    await expireAll(redis, this.#keys.prefix, this.#alone ? KEPT_S : LEFT_S);
  }

  #obey(command: FleetCommand): void {
    if (command.kind === "end") {
      this.#over.abort();
      return;
    }
    this.#commands.push(command);
    // Only now: before, every shard that waits is one that nobody has had yet.
    if (command.kind === "go" && !this.#draining) this.#work(this.#job?.workers ?? 1);
    for (const { sender } of this.#senders.values()) sender.obey(command);
  }

  #work(concurrency: number): void {
    const { prefix, queue } = this.#keys;
    const { redis } = this.#options;
    const worker = new ShardWorker<ShardTask>(
      queue,
      ({ attemptsStarted, data }) => this.#send(data.shard, attemptsStarted),
      {
        connection: redis,
        prefix,
        concurrency,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_EVERY_MS,
        maxStalledCount: STALLED_MAX,
      },
    );
    // A lock that was lost, a Redis that is away: whoever leads sees it by what it hears.
    worker.on("error", () => {});
    this.#workers.push(worker);
  }

  async #send(shard: number, attempt: number): Promise<void> {
    const { folder, note, redis, worker } = this.#options;
    // BullMQ gives a job again whose end Redis did not hear of in time.
    if (this.#over.signal.aborted) return;
    // It has missed its own sign of life, and is at it still.
    const own = [...this.#senders.values()].find((each) => each.shard === shard);
    if (own !== undefined) {
      await own.told;
      return;
    }
    const outbox = new Outbox(redis, this.#keys.up, { worker, shard, attempt });
    const sender = new ShardSender({
      job: this.#job!,
      shard,
      attempt,
      folder: join(folder, `${shard}.${attempt}`),
      outbox,
      askTime: timeOf(redis),
      over: this.#over.signal,
    });
    const key = `${shard}.${attempt}`;
    const told = sender.run();
    this.#senders.set(key, { shard, sender, outbox, told });
    for (const command of this.#commands) sender.obey(command);
    note(attempt === 1 ? `shard ${shard}` : `shard ${shard}, taken over`);
    await told;
    await Promise.race([outbox.allHeard, aborted(this.#over.signal)]);
    if (outbox.unheard.messages === 0) this.#senders.delete(key);
  }

  /** What was sent is told to the end, for whoever resumes the run. */
  async #stopAlone(): Promise<void> {
    if (this.#alone) return;
    this.#alone = true;
    this.#options.note("nobody has led this run for 10 s: stopped");
    for (const { sender } of this.#senders.values()) sender.stopUnled();
    await Promise.all([...this.#senders.values()].map(({ told }) => told));
    this.#over.abort();
  }

  #hear(heard: Readonly<Record<string, string>>): void {
    const again = ++this.#beats % AGAIN_BEATS === 0;
    for (const [key, { outbox }] of this.#senders) {
      const next = Number(heard[key] ?? 0);
      outbox.heard(next);
      if (!again) continue;
      if (next === this.#heard.get(key)) void outbox.again();
      this.#heard.set(key, next);
    }
  }
}

const gone = (runId: string): ShakedownError =>
  new ShakedownError("FLEET_MISMATCH", `run ${runId} is not there any more`);
