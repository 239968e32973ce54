import type { Prng } from "../core/index.ts";

/**
 * When requests start: the whole plan of intended starts over a length of time. Pure and lazy.
 */
export interface ArrivalSchedule {
  /** For reports: `poisson 180/s for 25 s`. */
  readonly label: string;
  readonly durationNs: number;
  /**
   * Intended starts in nanoseconds from the schedule's own beginning: non-decreasing, all below
   * `durationNs`. `firstSeq` is the number of starts planned before this schedule began.
   */
  intendedStartsNs(prng: Prng, firstSeq: number): Iterable<number>;
  /** Planned starts per second at a moment of the schedule. */
  ratePerSec(elapsedNs: number): number;
  /**
   * The same starts, each with what it sends, where the process itself decides that. Absent where
   * it does not: starts then take the profile's records in order, again and again.
   */
  picks?(prng: Prng, firstSeq: number): Iterable<Pick>;
}

/** One start with the record that it sends. */
export interface Pick {
  readonly startNs: number;
  /** Index into the profile's records, to be taken modulo their number. */
  readonly record: number;
  /** 0 for the captured request itself, 1, 2, … for its clones in a capture that was scaled up. */
  readonly copy: number;
}

/** One intended start of a run. */
export interface IntendedStart {
  /** Its number in the run, from 0. */
  readonly seq: number;
  /** Nanoseconds since the run's start. */
  readonly intendedNs: number;
  /** Index into the run's stages. */
  readonly stage: number;
  /** Index into the profile's records, below their number. */
  readonly record: number;
  /** 0 for the captured request itself, 1, 2, … for its clones in a capture that was scaled up. */
  readonly copy: number;
}

/** A draw from the exponential distribution of mean 1: the gap of a Poisson process of rate 1. */
export function unitExponential(prng: Prng): number {
  // 1 − u is in (0, 1], whose logarithm is finite.
  return -Math.log(1 - prng());
}
