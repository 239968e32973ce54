import { type BlockEstimate } from "./block-difference.ts";
import { blockVariance } from "./block-variance.ts";
import { tCdf } from "./distributions.ts";

/** Values by block, in order of time. */
export type ValueBlocks = readonly (readonly number[])[];

export interface RankDifference {
  /**
   * Cliff's δ: how much more often a value of the second sample is above one of the first than
   * below it, −1…1.
   */
  readonly cliffsDelta: number;
  readonly se: number;
  readonly df: number;
  /** Two-sided, for δ = 0. */
  readonly pValue: number;
}

/** The share of `sorted` below a value, equal ones by half. */
function below(sorted: Float64Array, value: number): number {
  const bound = (isBelow: (one: number) => boolean): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBelow(sorted[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return (bound((one) => one < value) + bound((one) => one <= value)) / (2 * sorted.length);
}

/** The mean of what each value is given, with each block's part in it. */
function meanOf(blocks: ValueBlocks, score: (value: number) => number): BlockEstimate {
  const sums = blocks.map((block) => block.reduce((sum, value) => sum + score(value), 0));
  const count = blocks.reduce((sum, block) => sum + block.length, 0);
  const estimate = sums.reduce((sum, one) => sum + one, 0) / count;
  return {
    estimate,
    influence: sums.map((one, b) => (one - estimate * blocks[b]!.length) / count),
  };
}

/**
 * Whether one sample's values lie above the other's: the Mann–Whitney statistic as Cliff's δ, with
 * variances from blocks of time, within which values may depend on each other in any way; blocks
 * that resemble their neighbours are treated as `blockVariance` says. The samples' spreads may
 * differ, and ties count half. It sees shifts, not a change of spread about the same middle.
 *
 * Source: Cliff 1993; Brunner & Munzel 2000 (unequal spreads); Obuchowski 1997 (clusters).
 */
export function blockRankDifference(first: ValueBlocks, second: ValueBlocks): RankDifference {
  const [sortedFirst, sortedSecond] = [first, second].map((blocks) =>
    Float64Array.from(blocks.flat()).toSorted(),
  ) as [Float64Array, Float64Array];
  const ofSecond = meanOf(second, (value) => below(sortedFirst, value));
  const ofFirst = meanOf(first, (value) => below(sortedSecond, value));
  const spreads = [ofFirst, ofSecond].map(({ influence }) => blockVariance(influence));
  const variance = spreads.reduce((sum, spread) => sum + spread.variance, 0);
  const cliffsDelta = 2 * ofSecond.estimate - 1;
  if (variance === 0) {
    return { cliffsDelta, se: 0, df: Infinity, pValue: cliffsDelta === 0 ? 1 : 0 };
  }
  const df = variance ** 2 / spreads.reduce((sum, one) => sum + one.variance ** 2 / one.df, 0);
  const se = 2 * Math.sqrt(variance);
  return { cliffsDelta, se, df, pValue: Math.min(1, 2 * tCdf(-Math.abs(cliffsDelta) / se, df)) };
}
