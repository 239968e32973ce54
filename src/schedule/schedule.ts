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
}
