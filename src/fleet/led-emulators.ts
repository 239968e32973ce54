import { existsSync } from "node:fs";
import { ShakedownError, untilAborted } from "../core/index.ts";
import type { EmulatorOptions, EmulatorTotals } from "../emulator/index.ts";
import { readCalls, trimSpool } from "../measure/index.ts";
import type { FleetRecord, MadeEmulator, RunDirectory } from "../run/index.ts";
import { localUs, timeOf } from "./clock-offset.ts";
import { ClockWatch } from "./clock-watch.ts";
import { Crew } from "./crew.ts";
import { checkSendable, type Emulation, packEmulation, placesOf, servedAt } from "./emulation.ts";
import { EmulatorBook } from "./emulator-book.ts";
import { emulationKeys, KEPT_S, type RunKeys } from "./keys.ts";
import { Lead } from "./lead.ts";
import { decodeFailed, type FleetCommand, WIRE_VERSION } from "./messages.ts";
import { giveOrder, leaveRun, unled } from "./orders.ts";
import { forgottenBefore, type Redis, redisLost } from "./redis.ts";
import { checkEmulating } from "./roster.ts";
import { followStream, type StreamEntry } from "./streams.ts";

export interface LedEmulatorsParts {
  readonly redis: Redis;
  readonly place: string;
  readonly options: EmulatorOptions;
  readonly directory: RunDirectory;
  readonly emulators: number;
  /** Arms are processes of this machine. */
  readonly armsHere: boolean;
  readonly version: string;
}

/** What only its end would have told of an emulator. */
const NOTHING_TOLD = { asked: 0, alone: 0, stoodStillMs: 0, evictions: 0 };

const nowMs = (): number => localUs() / 1_000;

/**
 * A run's emulators, on workers near its arms: led from here, and what they are asked comes into the
 * run's directory while they serve. One that dies takes its addresses along, so the run ends with it.
 */
export class LedEmulators implements MadeEmulator {
  readonly #parts: LedEmulatorsParts;
  readonly #keys: RunKeys;
  readonly #clocks: ClockWatch;
  readonly #crew: Crew;
  readonly #book: EmulatorBook;
  readonly #over = new AbortController();
  readonly #failed = Promise.withResolvers<ShakedownError>();
  readonly #starved = Promise.withResolvers<ShakedownError>();
  /** Workers rehearse before they say that they serve. */
  readonly rehearsed = Promise.resolve();
  #emulation: Emulation | null = null;
  /** It lies in Redis. */
  #given = false;
  #lead: Lead | null = null;
  #following: Promise<void> = Promise.resolve();
  #offsetUs = 0;
  #stopping: Promise<EmulatorTotals> | null = null;

  constructor(parts: LedEmulatorsParts) {
    const { armsHere, directory, emulators, options, redis, version } = parts;
    const { runId } = options;
    this.#parts = parts;
    this.#keys = emulationKeys(options.runId);
    this.#clocks = new ClockWatch(timeOf(redis));
    const of = { wireVersion: WIRE_VERSION, toolVersion: version, runId } as const;
    this.#crew = new Crew({
      redis,
      wanted: { role: "emulate", count: emulators, runId, version },
      check: (cards) => checkEmulating(cards, armsHere),
      callOf: ({ attempt, place }) => ({ ...of, kind: "emulate", place, attempt }),
      onReplaced: (place, attempt) => this.#book.relieve(place, attempt),
      onFailed: (error) => this.#fail(error),
    });
    this.#book = new EmulatorBook({
      directory,
      emulators,
      clocks: this.#clocks,
      nowMs,
      onFailed: (error) => this.#fail(error),
      onStarved: (error) => this.#starved.resolve(error),
      onServed: (worker) => {
        // All tell their rest still.
        if (this.#stopping === null)
          this.#failed.resolve(unled(`worker ${worker}, which emulates,`));
      },
    });
  }

  get failed(): Promise<ShakedownError> {
    return this.#failed.promise;
  }

  get starved(): Promise<ShakedownError> {
    return this.#starved.promise;
  }

  /** Until all serve. @throws as `LoadMaker.emulate` */
  async prepare(signal: AbortSignal): Promise<void> {
    const whole = AbortSignal.any([signal, this.#over.signal]);
    const failed = this.#failed.promise.then((error) => Promise.reject(error));
    // A Redis that hangs is waited for as long as who leads does.
    const prepared = Promise.race([this.#prepare(whole), failed]);
    // Where the signal is aborted already, nobody waits for it.
    prepared.catch(() => {});
    await untilAborted(prepared, signal);
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    const { emulators, options, place, redis } = this.#parts;
    const { runId } = options;
    checkSendable(options.dependencies);
    this.#lead = this.#beginToLead();
    await this.#lead.beat();
    await this.#crew.take(signal);
    this.#offsetUs = (await this.#clocks.begin()).offsetUs;
    const { arms, dependencies, incidents = {}, rehearse = false, repeats = false, seed } = options;
    this.#emulation = {
      options: { arms, dependencies, incidents, rehearse, repeats, runId, seed },
      originUs: this.#toRedisUs(options.originNs),
      emulators,
    };
    await redis.set(this.#keys.job, packEmulation(this.#emulation), "EX", KEPT_S);
    this.#given = true;
    const hear = async (entries: readonly StreamEntry[]): Promise<void> => {
      if ((await this.#lead?.sure()) === true) this.#book.hear(entries);
    };
    this.#following = followStream(redis, this.#keys.up, hear, this.#over.signal);
    this.#following.catch((thrown: unknown) => this.#fail(redisLost(place, thrown)));
    await this.#crew.call();
    await this.#book.ready.promise;
  }

  /** Dependency → arm → the first of its instances. */
  get addresses(): Record<string, Record<string, string>> {
    const all = Object.entries(this.instances);
    return Object.fromEntries(
      all.map(([name, byArm]) => {
        const first = Object.entries(byArm).map(([arm, at]) => [arm, at[0] ?? ""] as const);
        return [name, Object.fromEntries(first)];
      }),
    );
  }

  get instances(): Record<string, Record<string, readonly string[]>> {
    const emulation = this.#emulation;
    if (emulation === null) return {};
    const byName = [...placesOf(emulation)].map(([name, places]) => {
      const byArm = emulation.options.arms.map((arm) => [
        arm,
        places.map((place) => this.#book.addressOf(place, name, arm)),
      ]);
      return [name, Object.fromEntries(byArm)] as const;
    });
    return Object.fromEntries(byName);
  }

  get authority(): string | null {
    return this.#book.authority;
  }

  snapshot(): ReturnType<MadeEmulator["snapshot"]> {
    return Promise.resolve(this.#book.snapshot());
  }

  begin(originNs: bigint): Promise<void> {
    this.#order({ kind: "go", originUs: this.#toRedisUs(originNs) });
    return Promise.resolve();
  }

  stop(): Promise<EmulatorTotals> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  record(): Pick<FleetRecord, "workers" | "emulators"> {
    const emulation = this.#emulation;
    if (emulation === null) return { workers: [] };
    return {
      workers: this.#crew.cards.map(({ cores, host, id }) => ({
        id,
        host,
        cores,
        shards: [],
        ...this.#clocks.of(id),
      })),
      emulators: this.#crew.cards.map(({ id }, place) => {
        const { alone, asked, stoodStillMs } = this.#book.totalsOf(place) ?? NOTHING_TOLD;
        return { id, dependencies: servedAt(emulation, place), asked, alone, stoodStillMs };
      }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#crew[Symbol.dispose]();
    this.#order({ kind: "end" });
    await leaveRun(this.#parts.redis, this.#keys, this.#crew.cards);
    this.#lead?.[Symbol.dispose]();
    this.#over.abort();
    this.#book[Symbol.dispose]();
    await this.#following.catch(() => {});
  }

  #beginToLead(): Lead {
    const { place, redis } = this.#parts;
    return new Lead(redis, this.#keys, {
      heard: () => this.#book.heard,
      lastId: () => this.#book.lastId,
      onFailed: (words) => {
        const { error, worker } = decodeFailed(words);
        const hint = error.hint === null ? {} : { hint: error.hint };
        this.#fail(new ShakedownError(error.code, `worker ${worker}: ${error.message}`, hint));
      },
      onBeat: async (away) => {
        if (away) this.#book.forgiveSilence();
        this.#book.seeSilence(this.#crew.cards);
        await this.#seeThere();
        await this.#crew.seeAbsence((at) => !this.#book.serves(at));
        await this.#clocks.look();
      },
      onLost: (thrown) => this.#fail(redisLost(place, thrown)),
      onTaken: (error) => this.#fail(error),
    });
  }

  /** Workers find nothing to do at a Redis that has forgotten the run before they serve. */
  async #seeThere(): Promise<void> {
    const { emulators, place, redis } = this.#parts;
    const places = Array.from({ length: emulators }, (_, at) => at);
    const all = places.every((at) => this.#book.serves(at));
    if (!this.#given || all || (await redis.exists(this.#keys.job)) === 1) return;
    this.#fail(forgottenBefore(place));
  }

  /** Whoever did not tell its end has what was heard of it. */
  async #stop(): Promise<EmulatorTotals> {
    this.#order({ kind: "stop", order: 0 });
    await this.#book.ended.promise;
    const all = this.#crew.cards.map(
      (_card, place) => this.#book.totalsOf(place) ?? this.#kept(place),
    );
    const sum = (of: (totals: EmulatorTotals) => number): number =>
      all.reduce((total, each) => total + of(each), 0);
    return {
      calls: sum(({ calls }) => calls),
      lostRows: sum(({ lostRows }) => lostRows),
      keptRows: sum(({ keptRows }) => keptRows),
      asked: sum(({ asked }) => asked),
      alone: sum(({ alone }) => alone),
      stoodStillMs: sum(({ stoodStillMs }) => stoodStillMs),
      evictions: sum(({ evictions }) => evictions),
    };
  }

  /** Of one that is gone: whole blocks, and calls that it had counted besides. */
  #kept(place: number): EmulatorTotals {
    const path = this.#parts.directory.callsOf(place);
    const keptRows = existsSync(path) && trimSpool(path) ? readCalls(path).rows : 0;
    const calls = this.#book.callsOf(place);
    const lostRows = Math.max(calls - keptRows, 0);
    return { calls, keptRows, lostRows, ...NOTHING_TOLD };
  }

  #toRedisUs(ns: bigint): number {
    return Math.round(Number(ns / 1_000n) + this.#offsetUs);
  }

  #order(command: FleetCommand): void {
    const { place, redis } = this.#parts;
    giveOrder(redis, this.#keys, command, (thrown) => this.#fail(redisLost(place, thrown)));
  }

  #fail(error: ShakedownError): void {
    if (this.#over.signal.aborted) return;
    this.#book.fail(error);
    this.#failed.resolve(error);
  }
}
