import { chiSquareTail } from "../distributions.ts";

export interface SampleRatio {
  readonly chiSquare: number;
  readonly df: number;
  readonly pValue: number;
}

/**
 * Pearson's χ² of counts by arm against the shares that were planned (`weights`, which need not add
 * up to 1): sample ratio mismatch. An arm of weight 0 with a count is a mismatch (p = 0), without
 * one it is left out. No count at all: p = 1. Source: Fabijan et al. 2019.
 */
export function sampleRatio(counts: readonly number[], weights: readonly number[]): SampleRatio {
  const planned = weights.reduce((sum, weight) => sum + weight, 0);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const df = Math.max(0, weights.filter((weight) => weight > 0).length - 1);
  if (counts.some((count, i) => count > 0 && !(weights[i]! > 0))) {
    return { chiSquare: Infinity, df, pValue: 0 };
  }
  if (total === 0 || df === 0) return { chiSquare: 0, df, pValue: 1 };
  const chiSquare = counts.reduce((sum, count, i) => {
    const expected = (total * weights[i]!) / planned;
    return expected === 0 ? sum : sum + (count - expected) ** 2 / expected;
  }, 0);
  return { chiSquare, df, pValue: chiSquareTail(chiSquare, df) };
}
