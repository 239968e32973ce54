import { NS_PER_S, ShakedownError, untilAborted } from "../core/index.ts";
import type { GeneratorEvents, GeneratorJob, GeneratorTotals } from "../replay/index.ts";
import type { FleetRecord, LostShards, MadeLoad, RunDirectory } from "../run/index.ts";
import { localUs, timeOf } from "./clock-offset.ts";
import { ClockWatch } from "./clock-watch.ts";
import { Crew } from "./crew.ts";
import { KEPT_S, type RunKeys, runKeys } from "./keys.ts";
import { addFlow, Merging } from "./flow.ts";
import { Hearing } from "./hearing.ts";
import { forgetLedState, heardState, writeLedState } from "./led-state.ts";
import { Lead } from "./lead.ts";
import { decodeFailed, type FleetCommand, WIRE_VERSION } from "./messages.ts";
import { giveOrder, leaveRun, unled } from "./orders.ts";
import { OrderTimes } from "./order-times.ts";
import { packJob, renewContent, sendable } from "./pack.ts";
import { forgottenBefore, type Redis, redisLost } from "./redis.ts";
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
  /** Rejects with it, for what waits before the start. */
  readonly #failed = Promise.withResolvers<never>();
  /** Resolves when Redis is gone for good; rejects when somebody else leads. */
  readonly #lost = Promise.withResolvers<void>();
  #packed: string | null = null;
  #taken = false;
  #stopped = false;

  constructor(parts: LedRunParts) {
    const { directory, events, job, lostShards, redis, version } = parts;
    this.#parts = parts;
    this.#keys = runKeys(job.runId);
    this.#clocks = new ClockWatch(timeOf(redis));
    // Looked at by whoever waits.
    this.#failed.promise.catch(() => {});
    this.#lost.promise.catch(() => {});
    const { runId } = job;
    const of = { wireVersion: WIRE_VERSION, toolVersion: version, runId } as const;
    const count = Math.min(parts.workers, job.workers);
    this.#crew = new Crew({
      redis,
      wanted: { role: "send", count, runId, version },
      check: (cards) => checkWorkers(job, cards),
      callOf: (at) => ({ ...of, kind: "send", shards: Math.ceil(job.workers / at.of) }),
      onFailed: (error) => this.#fail(error),
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
    const whole = AbortSignal.any([signal, this.#over.signal]);
    // A Redis that hangs is waited for as long as who leads does.
    const prepared = Promise.race([this.#prepare(whole), this.#failed.promise]);
    // Where the signal is aborted already, nobody waits for it.
    prepared.catch(() => {});
    await untilAborted(prepared, signal);
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    const { job, redis } = this.#parts;
    this.#lead = this.#beginToLead();
    await this.#lead.beat();
    await this.#crew.take(signal);
    this.#packed = await packJob(redis, sendable(job));
    await redis.set(this.#keys.job, this.#packed, "EX", KEPT_S);
    const hear = async (entries: readonly StreamEntry[]): Promise<void> => {
      if ((await this.#lead?.sure()) === true) this.#hearing.hear(entries);
    };
    this.#following = followStream(redis, this.#keys.up, hear, this.#over.signal);
    this.#following.catch((thrown: unknown) => this.#fail(redisLost(this.#parts.place, thrown)));
    await this.#giveOut();
    await this.#care.ready.promise;
  }

  async go(originNs: bigint): Promise<GeneratorTotals> {
    this.#crew[Symbol.dispose]();
    const { offsetUs } = await Promise.race([this.#clocks.begin(), this.#failed.promise]);
    // What went wrong since all were ready.
    if (this.#failure !== null) throw this.#failure;
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
    const { cards, ever } = this.#crew;
    const whole = this.#hearing.record(this.#parts.place, ever);
    // One that others came for counts where it sent all the same.
    const workers = whole.workers.filter(
      ({ shards }, index) => index < cards.length || shards.length > 0,
    );
    return { ...whole, workers };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { directory, redis } = this.#parts;
    this.#crew[Symbol.dispose]();
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
    this.#merging = new Merging(redis, this.#keys, () => this.#merge());
    await this.#crew.call();
  }

  /** Into files that are this process' to write: while nobody else leads, or Redis cannot say. */
  async #merge(): Promise<GeneratorTotals> {
    await Promise.race([this.#lead?.sure(), this.#lost.promise]);
    return this.#hearing.totals(this.#failure);
  }

  #beginToLead(): Lead {
    const { place, redis } = this.#parts;
    return new Lead(redis, this.#keys, {
      heard: () => {
        if (this.#packed !== null) this.#save();
        return this.#care.book.heard;
      },
      lastId: () => this.#hearing.lastId,
      onRenew: () => renewContent(redis, this.#packed ?? "null"),
      onFailed: (words) => this.#seeFailed(words),
      onBeat: (away) => this.#seeBeat(away),
      onLost: (thrown) => this.#fail(redisLost(place, thrown)),
      onTaken: (error) => this.#giveUp(error),
    });
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
        ...heardState(this.#hearing, this.#care, this.#clocks),
        orders: this.#orders.count,
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
    this.#failed.reject(error);
    this.#lost.reject(error);
    this.#care.ready.reject(error);
    this.#care.ended.reject(error);
  }

  #fail(error: ShakedownError): void {
    if (this.#failure !== null || this.#over.signal.aborted) return;
    this.#failure = error;
    this.#failed.reject(error);
    this.#care.ready.reject(error);
    if (this.#originUs === null) return;
    // A part of the plan is not the plan: the others stop, too.
    if (error.code === "FLEET_UNREACHABLE") {
      this.#lost.resolve();
      this.#care.loseAll(error.message);
    } else this.stop();
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
      await this.#seeThere();
      await this.#crew.seeAbsence();
      return;
    }
    this.#care.seeSilence();
    await this.#clocks.look();
  }

  /** Workers find nothing to do at a Redis that has forgotten the run before they came. */
  async #seeThere(): Promise<void> {
    const { place, redis } = this.#parts;
    if (this.#merging === null || (await redis.exists(this.#keys.job)) === 1) return;
    this.#fail(forgottenBefore(place));
  }
}
