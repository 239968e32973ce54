import { blockVariance } from "./block-variance.ts";
import { tCdf, tQuantile } from "./distributions.ts";
import type { Interval } from "./effect.ts";

/** An estimate from one sample, and what each of its blocks added to it, in order of time. */
export interface BlockEstimate {
  readonly estimate: number;
  /** Their sum is what the estimate owes to chance: it is 0 in expectation. */
  readonly influence: readonly number[];
}

export interface BlockDifference extends Interval {
  /** The second estimate minus the first. */
  readonly estimate: number;
  readonly se: number;
  readonly df: number;
  /** Two-sided, for no difference. */
  readonly pValue: number;
  /** One-sided, for a second estimate that is not below the first. */
  readonly pBelow: number;
}

/**
 * By how much two independent samples differ, each cut into blocks of time within which values may
 * depend on each other in any way; blocks that resemble their neighbours are treated as
 * `blockVariance` says. A t interval with the degrees of freedom of Welch and Satterthwaite. Where
 * neither sample's blocks differ, any difference at all has a p-value of 0.
 *
 * Source: Welch 1947; Satterthwaite 1946; the influence of clusters, Deng, Knoblich & Lu 2018.
 */
export function blockDifference(
  first: BlockEstimate,
  second: BlockEstimate,
  confidence = 0.95,
): BlockDifference {
  const spreads = [first, second].map(({ influence }) => blockVariance(influence));
  const variance = spreads.reduce((sum, spread) => sum + spread.variance, 0);
  const estimate = second.estimate - first.estimate;
  const se = Math.sqrt(variance);
  if (se === 0) {
    const pBelow = estimate === 0 ? 0.5 : estimate < 0 ? 0 : 1;
    const pValue = estimate === 0 ? 1 : 0;
    return { estimate, low: estimate, high: estimate, se, df: Infinity, pValue, pBelow };
  }
  const parts = spreads.reduce((sum, spread) => sum + spread.variance ** 2 / spread.df, 0);
  const df = variance ** 2 / parts;
  const half = tQuantile((1 + confidence) / 2, df) * se;
  return {
    estimate,
    low: estimate - half,
    high: estimate + half,
    se,
    df,
    pValue: Math.min(1, 2 * tCdf(-Math.abs(estimate) / se, df)),
    pBelow: tCdf(estimate / se, df),
  };
}
