/**
 * How the arrival rate moves over a length of time, whatever the process. A process steps through
 * the count of starts (its operational time), and the shape says when that count is reached.
 * Source: Çinlar 1975, Introduction to Stochastic Processes, §4.7 (time change of a Poisson process).
 */
export interface RateShape {
  /** For reports, with the length: `180/s for 25 s`. */
  readonly label: string;
  readonly durationNs: number;
  /** Expected starts per second at a moment, from 0 up to `durationNs`; never negative. */
  ratePerSec(elapsedNs: number): number;
  /** Λ: the expected number of starts before a moment, from 0 up to `durationNs`. */
  startsBefore(elapsedNs: number): number;
  /**
   * Λ⁻¹: when that many starts are expected to have been made, to below 1 ns wherever doubles can
   * tell (Λ is flat where the rate is 0). For more than the whole shape expects, a number that is
   * not below `durationNs`.
   */
  timeOfNs(count: number): number;
}

/**
 * When a rate of `perNs` at 0 that grows by `growthPerNs` each nanosecond has made `count` starts;
 * NaN when it never does. The quadratic formula in the form that loses no digits when the growth
 * is next to nothing, or the rate begins or ends at 0.
 * Source: Press et al. 2007, Numerical Recipes, eq. 5.6.4.
 */
export function linearTimeOfNs(perNs: number, growthPerNs: number, count: number): number {
  if (count <= 0) return 0;
  return (2 * count) / (perNs + Math.sqrt(perNs * perNs + 2 * growthPerNs * count));
}
