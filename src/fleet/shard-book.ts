import type { GeneratorTotals } from "../replay/index.ts";
import type { Origin } from "./messages.ts";

/** Part of a shard's schedule that nobody sent, or not who was to. */
export interface Gap {
  readonly shard: number;
  /** Who was to send it. */
  readonly worker: string;
  readonly because: string;
  /** In the run's time: when it was last heard of. */
  readonly fromNs: number;
  /** From when another worker sent the rest; null where nobody did. */
  toNs: number | null;
  takenOverBy: string | null;
}

interface Attempt {
  readonly attempt: number;
  readonly worker: string;
  /** The number of the message that is wanted next. */
  next: number;
  heardAtMs: number;
}

/** What is known of a shard, for who goes on from it. */
export interface ShardState {
  /** By number, the first one first; only the last counts from when it is granted. */
  readonly attempts: Attempt[];
  /** What is below it is not counted any more. */
  fence: number;
  ready: boolean;
  /** What the last attempt said of all it did. */
  done: GeneratorTotals | null;
  lost: boolean;
}

const NOTHING_KNOWN: ShardState = {
  attempts: [],
  fence: 1,
  ready: false,
  done: null,
  lost: false,
};

/** Who has what: which message is new, who takes over, what is over. */
export class ShardBook {
  readonly #shards: readonly ShardState[];

  constructor(shards: number, known: readonly ShardState[] = []) {
    this.#shards = Array.from({ length: shards }, (_, shard) => {
      const { attempts, ...rest } = known[shard] ?? NOTHING_KNOWN;
      return { ...rest, attempts: attempts.map((each) => ({ ...each })) };
    });
  }

  /** All of it, to go on from. */
  get state(): readonly ShardState[] {
    return this.#shards;
  }

  /**
   * Whether a message is to be counted: the next one of an attempt that still has its shard. One that
   * comes twice, out of turn, or from somebody who was relieved, is not.
   */
  take({ attempt, n, shard, worker }: Origin, nowMs: number): boolean {
    const state = this.#shards[shard];
    if (state === undefined) return false;
    const known = this.#attempt(state, attempt, worker);
    if (attempt >= state.fence) known.heardAtMs = nowMs;
    if (known.next !== n || state.lost || attempt < state.fence) return false;
    known.next++;
    return true;
  }

  /** Up to which message each attempt has been heard, by `shard.attempt`. */
  get heard(): Record<string, number> {
    const heard = this.#shards.flatMap(({ attempts, fence, lost }, shard) =>
      attempts.map(({ attempt, next }): [string, number] => [
        `${shard}.${attempt}`,
        // Of who was relieved nothing more is wanted: he need not tell it again.
        lost || attempt < fence ? Number.MAX_SAFE_INTEGER : next,
      ]),
    );
    return Object.fromEntries(heard);
  }

  setReady(shard: number): void {
    this.#shards[shard]!.ready = true;
  }

  get allReady(): boolean {
    return this.#shards.every(({ ready }) => ready);
  }

  setDone(shard: number, totals: GeneratorTotals): void {
    this.#shards[shard]!.done = totals;
  }

  setLost(shard: number): void {
    this.#shards[shard]!.lost = true;
  }

  get allOver(): boolean {
    return this.#shards.every(({ done, lost }) => done !== null || lost);
  }

  /** Whether some worker did, or does, each to its end. */
  get noneLost(): boolean {
    return this.#shards.every(({ lost }) => !lost);
  }

  isOver(shard: number): boolean {
    const { done, lost } = this.#shards[shard]!;
    return done !== null || lost;
  }

  /** What is known of a shard in the end: whether one attempt did all of it, and said so. */
  endOf(shard: number): {
    readonly done: GeneratorTotals | null;
    readonly whole: boolean;
    readonly attempts: readonly number[];
  } {
    const { attempts, done, fence } = this.#shards[shard]!;
    const whole = done !== null && done.error === null && fence === 1;
    return { done, whole, attempts: attempts.map(({ attempt }) => attempt) };
  }

  /** Gives the shard to a later attempt: nothing that others say of it counts from here on. */
  relieve(shard: number, attempt: number): void {
    this.#shards[shard]!.fence = attempt;
  }

  /** Whose it is now, and how long it has been silent; null where nobody has been heard of. */
  holder(
    shard: number,
    nowMs: number,
  ): {
    readonly worker: string;
    readonly attempt: number;
    readonly silentMs: number;
    /** The number of the message that is wanted of it next. */
    readonly next: number;
  } | null {
    const { attempts, fence } = this.#shards[shard]!;
    const holder = attempts.find(({ attempt }) => attempt >= fence);
    if (holder === undefined) return null;
    const { attempt, heardAtMs, next, worker } = holder;
    return { worker, attempt, silentMs: nowMs - heardAtMs, next };
  }

  /** How long nobody has told anything of a shard, or of getting ready to take it over. */
  silentMs(shard: number, nowMs: number): number {
    const { attempts, fence } = this.#shards[shard]!;
    const last = attempts.filter(({ attempt }) => attempt >= fence);
    return nowMs - Math.max(...last.map(({ heardAtMs }) => heardAtMs));
  }

  /** After an outage nobody could be heard: silence counts from now. */
  forgiveSilence(nowMs: number): void {
    for (const { attempts } of this.#shards) {
      for (const each of attempts) each.heardAtMs = nowMs;
    }
  }

  #attempt({ attempts }: ShardState, attempt: number, worker: string): Attempt {
    const known = attempts.find((each) => each.attempt === attempt);
    if (known !== undefined) return known;
    const fresh = { attempt, worker, next: 0, heardAtMs: 0 };
    attempts.push(fresh);
    attempts.sort((a, b) => a.attempt - b.attempt);
    return fresh;
  }
}
