import { tCdf, tQuantile } from "../distributions.ts";
import type { Interval } from "../effect.ts";

interface Moments {
  readonly n: number;
  readonly mean: number;
  /** Unbiased; NaN of fewer than two values. */
  readonly variance: number;
}

function momentsOf(values: readonly number[]): Moments {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { n, mean, variance: n < 2 ? Number.NaN : squares / (n - 1) };
}

/**
 * Cohen's d: the difference of the means, first minus second, in pooled standard deviations. Where
 * neither sample spreads: 0 for equal means, else ±∞; NaN of fewer than two values.
 * Source: Cohen 1988, §2.5.
 */
export function cohensD(first: readonly number[], second: readonly number[]): number {
  const [a, b] = [momentsOf(first), momentsOf(second)];
  const pooled = ((a.n - 1) * a.variance + (b.n - 1) * b.variance) / (a.n + b.n - 2);
  return a.mean === b.mean && pooled === 0 ? 0 : (a.mean - b.mean) / Math.sqrt(pooled);
}

export interface Welch extends Interval {
  /** First minus second. */
  readonly estimate: number;
  readonly t: number;
  readonly df: number;
  /** Two-sided. */
  readonly pValue: number;
}

/**
 * Welch's t test of the means of two samples of independent values. Fewer than two values in either
 * show nothing. Samples that do not spread differ or not by what they are.
 * Source: Welch 1947; Satterthwaite 1946.
 */
export function welch(
  first: readonly number[],
  second: readonly number[],
  confidence = 0.95,
): Welch {
  const [a, b] = [momentsOf(first), momentsOf(second)];
  const estimate = a.mean - b.mean;
  if (Math.min(a.n, b.n) < 2) {
    return { estimate, low: -Infinity, high: Infinity, t: 0, df: 0, pValue: 1 };
  }
  const [v1, v2] = [a.variance / a.n, b.variance / b.n];
  const se = Math.sqrt(v1 + v2);
  if (se === 0) {
    const alike = estimate === 0;
    const t = alike ? 0 : Math.sign(estimate) * Infinity;
    return { estimate, low: estimate, high: estimate, t, df: Infinity, pValue: alike ? 1 : 0 };
  }
  const df = (v1 + v2) ** 2 / (v1 ** 2 / (a.n - 1) + v2 ** 2 / (b.n - 1));
  const half = tQuantile((1 + confidence) / 2, df) * se;
  const t = estimate / se;
  const pValue = Math.min(1, 2 * tCdf(-Math.abs(t), df));
  return { estimate, low: estimate - half, high: estimate + half, t, df, pValue };
}
