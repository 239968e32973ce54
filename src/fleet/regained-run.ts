import { ShakedownError } from "../core/index.ts";
import type { GeneratorEvents, GeneratorJob, GeneratorTotals } from "../replay/index.ts";
import type { FleetRecord, LostLoad, RegainedLoad, RunDirectory } from "../run/index.ts";
import { localUs, timeOf } from "./clock-offset.ts";
import { defaultCache } from "./blobs.ts";
import { ClockWatch } from "./clock-watch.ts";
import { Merging } from "./flow.ts";
import { Hearing } from "./hearing.ts";
import { type RunKeys, runKeys, workerKeys } from "./keys.ts";
import { Lead, LEAD_MS, ledByAnother } from "./lead.ts";
import { forgetLedState, heardState, readLedState, writeLedState } from "./led-state.ts";
import type { LedState } from "./led-state.ts";
import type { FleetCommand } from "./messages.ts";
import { giveOrder, leaveRun } from "./orders.ts";
import { OrderTimes } from "./order-times.ts";
import { renewContent, unpackJob } from "./pack.ts";
import { connectRedis, placeOf, type Redis, redisLost } from "./redis.ts";
import { ShardCare } from "./shard-care.ts";
import { followStream, type StreamEntry } from "./streams.ts";
import { pause } from "./ticker.ts";

const LOOK_MS = 100;

export interface RegainedParts {
  /** A connection of its own. */
  readonly redis: Redis;
  readonly place: string;
  /** Where content is kept that is fetched. */
  readonly cache: string;
  readonly directory: RunDirectory;
  readonly state: LedState;
}

const nowMs = (): number => localUs() / 1_000;

/**
 * A run whose leader is gone, led from here: what its workers told, and tell, comes into the run's
 * files from where the leader before had come to, and nothing twice.
 */
export class RegainedRun implements LostLoad {
  readonly #parts: RegainedParts;
  readonly #keys: RunKeys;
  readonly #care: ShardCare;
  readonly #hearing: Hearing;
  readonly #clocks: ClockWatch;
  readonly #orders: OrderTimes;
  readonly #lead: Lead;
  readonly #over = new AbortController();
  #following: Promise<void> = Promise.resolve();
  #failure: ShakedownError | null = null;
  /** Resolves when Redis is gone for good; rejects when somebody else leads. */
  readonly #lost = Promise.withResolvers<void>();
  #taken = false;

  private constructor(parts: RegainedParts, job: GeneratorJob, text: string) {
    const { directory, redis, state } = parts;
    this.#parts = parts;
    this.#keys = runKeys(state.runId);
    // Looked at by whoever waits.
    this.#lost.promise.catch(() => {});
    this.#clocks = new ClockWatch(timeOf(redis), state.clocks);
    this.#orders = new OrderTimes(state.orders);
    const care = {
      shards: job.workers,
      // Who would send the rest has not been chosen by anybody.
      lostShards: "leave-out" as const,
      order: (command: FleetCommand) => this.#order(command),
      onLost: () => {},
      nowMs,
      runNs: () => state.ledUntilNs,
    };
    this.#care = new ShardCare(care, state);
    this.#hearing = new Hearing(
      {
        job,
        directory,
        events: eventsTo((error) => this.#fail(error)),
        care: this.#care,
        clocks: this.#clocks,
        orders: this.#orders,
        onFailed: (error) => this.#fail(error),
        // Whether they had, is looked for in their files.
        onUnled: () => {},
      },
      state.lastId,
    );
    this.#lead = new Lead(redis, this.#keys, {
      heard: () => {
        this.#save();
        return this.#care.book.heard;
      },
      lastId: () => this.#hearing.lastId,
      onRenew: () => renewContent(redis, text),
      onFailed: () => {},
      onBeat: (away) => this.#seeBeat(away),
      onLost: (thrown) => this.#fail(redisLost(parts.place, thrown)),
      onTaken: (error) => this.#giveUp(error),
    });
  }

  /**
   * Takes the lead, once the sign of life of who had it has run out.
   * @throws RUN_LED when somebody leads it; RUN_INVALID when Redis has forgotten it
   */
  static async take(parts: RegainedParts, signal: AbortSignal): Promise<RegainedRun> {
    const { cache, directory, redis, state } = parts;
    const keys = runKeys(state.runId);
    await unled(redis, keys, signal);
    const text = await redis.get(keys.job);
    if (text === null) throw forgotten(parts);
    const sent = await unpackJob(redis, text, cache);
    const places = Array.from({ length: sent.workers }, (_, shard) => shard);
    const run = new RegainedRun(
      parts,
      {
        ...sent,
        spoolPaths: places.map((shard) => directory.observations(shard)),
        untoldPaths: places.map((shard) => directory.observations(sent.workers + shard)),
      },
      text,
    );
    await run.#lead.beat();
    return run;
  }

  get ledUntilNs(): number {
    return this.#parts.state.ledUntilNs;
  }

  /** Hears all to its end; `stops`: nobody sends any more. @throws RUN_LED, DISK_WRITE_FAILED */
  async finish(stops: boolean, signal: AbortSignal): Promise<RegainedLoad> {
    const { redis, state } = this.#parts;
    const stop = (): void => this.#stop();
    await Promise.race([this.#clocks.begin(), this.#lost.promise]);
    this.#care.begin();
    const hear = async (entries: readonly StreamEntry[]): Promise<void> => {
      if (await this.#lead.sure()) this.#hearing.hear(entries);
    };
    this.#following = followStream(redis, this.#keys.up, hear, this.#over.signal, state.lastId);
    this.#following.catch((thrown: unknown) => this.#fail(redisLost(this.#parts.place, thrown)));
    if (stops || signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    await this.#care.ended.promise.finally(() => signal.removeEventListener("abort", stop));
    void this.#lead.beat();
    await using merging = new Merging(redis, this.#keys, () => this.#merge());
    const totals = await merging.merged(this.#care.book.noneLost);
    return { totals, record: this.#record() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { directory, redis, state } = this.#parts;
    if (!this.#taken) {
      this.#order({ kind: "end" });
      await leaveRun(redis, this.#keys, state.cards);
      forgetLedState(directory);
    }
    this.#lead[Symbol.dispose]();
    this.#over.abort();
    this.#hearing[Symbol.dispose]();
    await this.#following.catch(() => {});
    redis.disconnect();
  }

  /** Into files that are this process' to write: while nobody else leads, or Redis cannot say. */
  async #merge(): Promise<GeneratorTotals> {
    await Promise.race([this.#lead.sure(), this.#lost.promise]);
    return this.#hearing.totals(this.#failure);
  }

  #record(): FleetRecord {
    const { place, state } = this.#parts;
    return this.#hearing.record(place, state.cards);
  }

  #stop(): void {
    this.#order({ kind: "stop", order: this.#orders.sent(nowMs()) });
  }

  #order(command: FleetCommand): void {
    const { place, redis } = this.#parts;
    giveOrder(redis, this.#keys, command, (thrown) => this.#fail(redisLost(place, thrown)));
  }

  #save(): void {
    const { directory, state } = this.#parts;
    try {
      writeLedState(directory, {
        ...state,
        ...heardState(this.#hearing, this.#care, this.#clocks),
        orders: this.#orders.count,
      });
    } catch (thrown) {
      if (!(thrown instanceof ShakedownError)) throw thrown;
      this.#fail(thrown);
    }
  }

  #giveUp(error: ShakedownError): void {
    this.#taken = true;
    this.#lost.reject(error);
    this.#care.ended.reject(error);
  }

  #fail(error: ShakedownError): void {
    if (this.#over.signal.aborted) return;
    const isFirst = this.#failure === null;
    this.#failure ??= error;
    if (error.code === "FLEET_UNREACHABLE") {
      this.#lost.resolve();
      this.#care.loseAll(error.message);
    } else if (isFirst) this.#stop();
  }

  async #seeBeat(away: boolean): Promise<void> {
    if (away) this.#care.book.forgiveSilence(nowMs());
    this.#care.seeSilence();
    await this.#clocks.look();
    if (this.#parts.state.originUs === null) this.#care.loseAll("traffic had not begun");
    else await this.#seeWhoIsLeft();
  }

  /** Where no worker is at it any more, and all that was told has been heard, nothing more comes. */
  async #seeWhoIsLeft(): Promise<void> {
    const { redis, state } = this.#parts;
    const takenBy = await Promise.all(
      state.cards.map(({ id }) => redis.get(workerKeys(id).takenBy)),
    );
    if (takenBy.includes(state.runId)) return;
    const last = await redis.xrevrange(this.#keys.up, "+", "-", "COUNT", 1);
    const lastId = last[0]?.[0];
    if (lastId !== undefined && lastId !== this.#hearing.lastId) return;
    this.#care.loseAll("its worker went away");
  }
}

/** Resolves when nobody leads. @throws RUN_LED when somebody says so again */
async function unled(redis: Redis, keys: RunKeys, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; waitedMs <= LEAD_MS + LOOK_MS; waitedMs += LOOK_MS) {
    // oxlint-disable-next-line no-await-in-loop -- one look after another
    if ((await redis.get(keys.lead)) === null) return;
    // oxlint-disable-next-line no-await-in-loop -- as above
    await pause(LOOK_MS, signal);
    signal.throwIfAborted();
  }
  throw ledByAnother(keys.runId);
}

/** Nobody watches: what counts is in the files. */
const eventsTo = (onDiskFailure: (error: ShakedownError) => void): GeneratorEvents => ({
  onStage: () => {},
  onCounts: () => {},
  onBlocks: () => {},
  onRehearsal: () => {},
  onGone: () => {},
  onDiskFailure,
});

const forgotten = ({ place, state }: RegainedParts): ShakedownError =>
  new ShakedownError(
    "RUN_INVALID",
    `the Redis at ${place} does not know run ${state.runId} any more`,
    {
      hint: "it keeps a run for an hour; `shakedown report` judges what is in the directory",
    },
  );

export interface RegainOptions {
  /** Where the run's Redis is, if not where it was. */
  readonly redis?: string;
  readonly password?: string;
  readonly cache?: string;
}

/**
 * Takes the lead of the run in a directory whose leader is gone.
 * @throws RUN_LED when somebody leads it still; RUN_INVALID when it was led by none, or Redis has
 * forgotten it; USAGE, FLEET_UNREACHABLE when its Redis cannot be used
 */
export async function regainRun(
  directory: RunDirectory,
  options: RegainOptions,
  signal: AbortSignal,
): Promise<LostLoad> {
  const state = readLedState(directory);
  const { cache = defaultCache(), password, redis: url = state.redis } = options;
  const redis = await connectRedis(url, password);
  try {
    return await RegainedRun.take({ redis, place: placeOf(url), cache, directory, state }, signal);
  } catch (thrown) {
    redis.disconnect();
    throw thrown;
  }
}
