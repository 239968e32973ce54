import { type BlockEffect, pAboveZero, tInterval } from "./effect.ts";

/** By how much parts of a whole that resemble their neighbours may understate how their mean varies. */
const VARIANCE_FACTOR = 4;

/**
 * A t interval around the mean of what equal parts of a stage show, in order of time, for stages that
 * are too short to tell how their blocks depend on each other. The variance of the mean is taken to be
 * four times that of unrelated parts, which holds while a part's correlation with the next is 0.6 at
 * most, (1 + ρ)/(1 − ρ) = 4: whatever moves within a part or two is allowed for, and nothing is
 * estimated of it, which with some 25 blocks leaves one degree of freedom now and then.
 *
 * As the rate of one-sided p ≤ 0.005 where there is no effect, with eight parts of K blocks:
 * independent 0.0003; AR(1) of 0.8 from block to block: 0.008 (K = 25), 0.003 (K = 40); of 0.9: 0.038 and
 * 0.013. `test/stats/parts-interval.test.ts` holds these figures.
 *
 * Source: the method of batch means (Conway 1963), with the long-run variance of an AR(1) process.
 */
export function partsInterval(
  parts: readonly number[],
  confidence: number,
): Pick<BlockEffect, "estimate" | "low" | "high" | "pHarm"> {
  const count = parts.length;
  const estimate = parts.reduce((sum, value) => sum + value, 0) / count;
  const squares = parts.reduce((sum, value) => sum + (value - estimate) ** 2, 0);
  const se = Math.sqrt((VARIANCE_FACTOR * squares) / (count - 1) / count);
  const scale = { se, df: count - 1, confidence };
  return { estimate, ...tInterval(estimate, scale), pHarm: pAboveZero(estimate, scale) };
}
