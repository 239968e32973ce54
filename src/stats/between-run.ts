import { ShakedownError } from "../core/index.ts";
import type { RunEstimate } from "./run-level.ts";
import { gammaQuantile } from "./stdlib.ts";

/** How much runs of the same build differ, beyond what their own blocks leave open. */
export interface BetweenRun {
  /** The runs' mean; of A/A runs, 0 but for chance. */
  readonly mean: number;
  /** SD of the runs' estimates, what differs within runs included. */
  readonly sd: number;
  /** SD between runs, by moments: √max(0, s² − mean V̂_r). Often 0 by chance. */
  readonly betweenSd: number;
  /** What `betweenSd` is at most, as sure as was asked. */
  readonly upperSd: number;
}

/** The value that chi-square with `df` degrees of freedom stays below with probability `p`. */
const chiSquareQuantile = (p: number, df: number): number => gammaQuantile(p, df / 2, 0.5);

/**
 * The standard deviation between runs τ, on the scale of the estimates. The runs' variance is τ²
 * plus what is uncertain within each, so that the latter is taken off; since a handful of runs says
 * little of a variance, the upper end of its chi-square interval is given beside it, which is what
 * a verdict that has to be safe should use.
 *
 * @throws INTERNAL for fewer than two runs
 *
 * Runs that happen to be more alike than their own blocks allow do not show that runs never differ:
 * the upper end is at least what so many runs would show at the median if τ were 0.
 *
 * Source: DerSimonian & Laird 1986 (moments); Kalibera & Jones 2013 §5 (levels of variation);
 * (R − 1)s²/σ² ~ χ² for normal estimates; Cowan, Cranmer, Gross & Vitells 2011 (limits constrained
 * by power).
 */
export function betweenRun(runs: readonly RunEstimate[], confidence = 0.8): BetweenRun {
  const count = runs.length;
  if (count < 2) throw new ShakedownError("INTERNAL", `${count} runs do not differ`);
  const mean = runs.reduce((sum, run) => sum + run.estimate, 0) / count;
  const squares = runs.reduce((sum, run) => sum + (run.estimate - mean) ** 2, 0);
  const within = runs.reduce((sum, run) => sum + run.se ** 2, 0) / count;
  const variance = squares / (count - 1);
  const low = chiSquareQuantile(1 - confidence, count - 1);
  const upper = squares / low - within;
  const resolved = within * (chiSquareQuantile(0.5, count - 1) / low - 1);
  return {
    mean,
    sd: Math.sqrt(variance),
    betweenSd: Math.sqrt(Math.max(0, variance - within)),
    upperSd: Math.sqrt(Math.max(0, upper, resolved)),
  };
}
