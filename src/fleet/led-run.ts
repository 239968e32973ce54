import { NS_PER_S, ShakedownError, untilAborted } from "../core/index.ts";
import type { GeneratorEvents, GeneratorJob, GeneratorTotals } from "../replay/index.ts";
import type { FleetRecord, LostShards, MadeLoad, RunDirectory } from "../run/index.ts";
import { localUs, timeOf } from "./clock-offset.ts";
import { ClockWatch } from "./clock-watch.ts";
import { Crew } from "./crew.ts";
import { KEPT_S, type RunKeys, runKeys } from "./keys.ts";
import { addFlow, Merging } from "./flow.ts";
import { Hearing } from "./hearing.ts";
import { forgetLedState, writeLedState } from "./led-state.ts";
import { Lead } from "./lead.ts";
import { decodeFailed, type FleetCommand, WIRE_VERSION } from "./messages.ts";
import { giveOrder, leaveRun, unled } from "./orders.ts";
import { OrderTimes } from "./order-times.ts";
import { packJob, sendable } from "./pack.ts";
import { type Redis, redisLost } from "./redis.ts";
import { checkWorkers } from "./roster.ts";
import { ShardCare } from "./shard-care.ts";
import { followStream, type StreamEntry } from "./streams.ts";

export interface LedRunParts {
  readonly redis: Redis;
  readonly place: string;
  /** The same, whole, but for a password. */
  readonly url: string;
  readonly job: GeneratorJob;
  readonly directory: RunDirectory;
  readonly events: GeneratorEvents;
  readonly lostShards: LostShards;
  readonly version: string;
  readonly workers: number;
}

const nowMs = (): number => localUs() / 1_000;

/** One run's load, led from here and sent by a fleet's workers. */
export class LedRun implements MadeLoad {
  readonly runUpNs = NS_PER_S;
  readonly #parts: LedRunParts;
  readonly #keys: RunKeys;
  readonly #crew: Crew;
  readonly #care: ShardCare;
  readonly #hearing: Hearing;
  readonly #clocks: ClockWatch;
  readonly #orders = new OrderTimes();
  readonly #over = new AbortController();
  #lead: Lead | null = null;
  #merging: Merging | null = null;
  #following: Promise<void> = Promise.resolve();
  #originUs: number | null = null;
  #failure: ShakedownError | null = null;
  #taken = false;
  #stopped = false;

  constructor(parts: LedRunParts) {
    const { directory, events, job, lostShards, redis, version } = parts;
    this.#parts = parts;
    this.#keys = runKeys(job.runId);
    this.#clocks = new ClockWatch(timeOf(redis));
    const { runId } = job;
    const of = { wireVersion: WIRE_VERSION, toolVersion: version, runId } as const;
    const count = Math.min(parts.workers, job.workers);
    this.#crew = new Crew({
      redis,
      wanted: { role: "send", count, runId, version },
      check: (cards) => checkWorkers(job, cards),
      callOf: (_place, all) => ({ ...of, kind: "send", shards: Math.ceil(job.workers / all) }),
      onFailed: (error) => this.#fail(error),
      over: this.#over.signal,
    });
    this.#care = new ShardCare({
      shards: job.workers,
      lostShards,
      order: (command) => this.#order(command),
      // Looks need not wait for it.
      onLost: (shard) =>
        events.onBlocks(shard, { settledNs: Number.POSITIVE_INFINITY, blocks: [] }),
      nowMs,
      runNs: () => this.#runNs(),
    });
    this.#hearing = new Hearing({
      job,
      directory,
      events,
      care: this.#care,
      clocks: this.#clocks,
      orders: this.#orders,
      onFailed: (error) => this.#fail(error),
      onUnled: (worker) => this.#seeUnled(worker),
    });
  }

  /** Until every shard is ready to go. @throws as `LoadMaker.start` */
  async prepare(signal: AbortSignal): Promise<void> {
    const { job, redis } = this.#parts;
    await this.#crew.take(signal);
    await redis.set(this.#keys.job, await packJob(redis, sendable(job)), "EX", KEPT_S);
    this.#lead = new Lead(redis, this.#keys, {
      heard: () => {
        this.#save();
        return this.#care.book.heard;
      },
      lastId: () => this.#hearing.lastId,
      onFailed: (words) => this.#seeFailed(words),
      onBeat: (away) => this.#seeBeat(away),
      onLost: (thrown) => this.#fail(redisLost(this.#parts.place, thrown)),
      onTaken: (error) => this.#giveUp(error),
    });
    await this.#lead.beat();
    const hear = async (entries: readonly StreamEntry[]): Promise<void> => {
      if ((await this.#lead?.sure()) === true) this.#hearing.hear(entries);
    };
    this.#following = followStream(redis, this.#keys.up, hear, this.#over.signal);
    this.#following.catch((thrown: unknown) => this.#fail(redisLost(this.#parts.place, thrown)));
    await this.#giveOut();
    await untilAborted(this.#care.ready.promise, signal);
  }

  async go(originNs: bigint): Promise<GeneratorTotals> {
    const { offsetUs } = await this.#clocks.begin();
    this.#originUs = Math.round(Number(originNs / 1_000n) + offsetUs);
    this.#care.begin();
    this.#save();
    this.#order({ kind: "go", originUs: this.#originUs });
    if (this.#stopped) this.#orderStop();
    await this.#care.ended.promise;
    // What was heard last is told at once: jobs end by it.
    void this.#lead?.beat();
    return this.#merging!.merged(this.#care.book.noneLost);
  }

  stop(): void {
    this.#stopped = true;
    // A worker that is stopped before it goes has nothing to tell: first it is to go.
    if (this.#originUs !== null) this.#orderStop();
  }

  cut(arm: number): void {
    this.#order({ kind: "cut", order: this.#orders.sent(nowMs()), arm });
  }

  record(): FleetRecord {
    return this.#hearing.record(this.#parts.place, this.#crew.cards);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { directory, redis } = this.#parts;
    await this.#merging?.[Symbol.asyncDispose]();
    if (!this.#taken) {
      this.#order({ kind: "end" });
      await leaveRun(redis, this.#keys, this.#crew.cards);
      forgetLedState(directory);
    }
    this.#lead?.[Symbol.dispose]();
    this.#over.abort();
    this.#hearing[Symbol.dispose]();
    await this.#following.catch(() => {});
  }

  /** Shards into the queue, then workers to it: each takes its share of what is there. */
  async #giveOut(): Promise<void> {
    const { job, redis } = this.#parts;
    await addFlow(redis, this.#keys, job.workers);
    this.#merging = new Merging(redis, this.#keys, () => this.#hearing.totals(this.#failure));
    await this.#crew.call();
  }

  #orderStop(): void {
    this.#order({ kind: "stop", order: this.#orders.sent(nowMs()) });
  }

  #order(command: FleetCommand): void {
    const { place, redis } = this.#parts;
    giveOrder(redis, this.#keys, command, (thrown) => this.#fail(redisLost(place, thrown)));
  }

  /** For whoever goes on, should this process end. */
  #save(): void {
    const { directory, events, job, url } = this.#parts;
    const originUs = this.#originUs;
    try {
      writeLedState(directory, {
        redis: url,
        runId: job.runId,
        cards: [...this.#crew.cards],
        originUs,
        ledUntilNs: originUs === null ? 0 : Math.max(this.#runNs(), 0),
        lastId: this.#hearing.lastId,
        orders: this.#orders.count,
        gaps: [...this.#care.gaps],
        clocks: [...this.#clocks.all],
        shards: this.#care.book.state,
      });
    } catch (thrown) {
      if (!(thrown instanceof ShakedownError)) throw thrown;
      events.onDiskFailure(thrown);
    }
  }

  #runNs(): number {
    return (localUs() - this.#clocks.toLocalUs(this.#originUs ?? 0)) * 1_000;
  }

  /** The run is another process' now, with its directory. */
  #giveUp(error: ShakedownError): void {
    this.#taken = true;
    this.#care.ready.reject(error);
    this.#care.ended.reject(error);
  }

  #fail(error: ShakedownError): void {
    if (this.#failure !== null || this.#over.signal.aborted) return;
    this.#failure = error;
    this.#care.ready.reject(error);
    if (this.#originUs === null) return;
    // A part of the plan is not the plan: the others stop, too.
    if (error.code === "FLEET_UNREACHABLE") this.#care.loseAll(error.message);
    else this.stop();
  }

  /** It has sent a part of the plan: the others stop, too, and tell what they have. */
  #seeUnled(worker: string): void {
    if (this.#stopped) return;
    this.#failure ??= unled(`worker ${worker}`);
    this.stop();
  }

  #seeFailed(words: string): void {
    const { error, worker } = decodeFailed(words);
    const hint = error.hint === null ? {} : { hint: error.hint };
    this.#fail(new ShakedownError(error.code, `worker ${worker}: ${error.message}`, hint));
  }

  /** Looks after those who are silent; while Redis was away nobody could be heard. */
  async #seeBeat(away: boolean): Promise<void> {
    if (away) this.#care.book.forgiveSilence(nowMs());
    if (this.#originUs === null) {
      await this.#crew.seeAbsence();
      return;
    }
    this.#care.seeSilence();
    await this.#clocks.look();
  }
}
