import { type Prng, seededPrng } from "../core/index.ts";
import type { ArrivalSchedule, IntendedStart, Pick } from "./schedule.ts";

/**
 * Schedules one after another, as the stages of a run: lazy, numbered through, each stage with
 * luck of its own. `records` is the number of the profile's records, at least 1: where a schedule
 * does not say what a start sends, start n of the run sends record n modulo that. To be gone
 * through once.
 */
export function stagedStarts(
  stages: readonly ArrivalSchedule[],
  seed: string,
  records: number,
): IterableIterator<IntendedStart, undefined> {
  return new StagedStarts(stages, seed, records);
}

/**
 * By hand, not as a generator: of the whole loop that sends requests, a generator over generators
 * took the compiler longest by far (11 ms, in the first seconds of a run, against under 2).
 */
class StagedStarts implements IterableIterator<IntendedStart, undefined> {
  readonly #stages: readonly ArrivalSchedule[];
  readonly #seed: string;
  readonly #records: number;
  #seq = 0;
  #stage = -1;
  #beginNs = 0;
  #endNs = 0;
  /** Of the stage that is being gone through, one of the two. */
  #starts: Iterator<number> | null = null;
  #picks: Iterator<Pick> | null = null;

  constructor(stages: readonly ArrivalSchedule[], seed: string, records: number) {
    this.#stages = stages;
    this.#seed = seed;
    this.#records = records;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<IntendedStart, undefined> {
    for (;;) {
      const value = this.#inStage();
      if (value !== null) return { value, done: false };
      if (!this.#nextStage()) return { value: undefined, done: true };
    }
  }

  #inStage(): IntendedStart | null {
    if (this.#starts !== null) {
      const { done, value } = this.#starts.next();
      return done === true ? null : this.#startAt(value, this.#seq, 0);
    }
    if (this.#picks === null) return null;
    const { done, value } = this.#picks.next();
    return done === true ? null : this.#startAt(value.startNs, value.record, value.copy);
  }

  #startAt(startNs: number, record: number, copy: number): IntendedStart {
    const seq = this.#seq++;
    const intendedNs = this.#beginNs + startNs;
    return { seq, intendedNs, stage: this.#stage, record: record % this.#records, copy };
  }

  #nextStage(): boolean {
    this.#starts = null;
    this.#picks = null;
    const schedule = this.#stages[this.#stage + 1];
    if (schedule === undefined) return false;
    this.#stage++;
    this.#beginNs = this.#endNs;
    this.#endNs += schedule.durationNs;
    const prng: Prng = seededPrng(`${this.#seed}/arrivals/${this.#stage}`);
    if (schedule.picks === undefined) {
      this.#starts = schedule.intendedStartsNs(prng, this.#seq)[Symbol.iterator]();
    } else this.#picks = schedule.picks(prng, this.#seq)[Symbol.iterator]();
    return true;
  }
}
