/** How far a series strays from one level. */
export interface Steadiness {
  /** Largest excursion of the cumulative sum of deviations, in units of SD·√n. */
  readonly statistic: number;
  /** The chance of so large an excursion if the level never changed. */
  readonly pValue: number;
  /** Where the level most likely changed: the index of the first value after it. */
  readonly changeAt: number;
}

/** Below this the series is too short to tell a drift from chance. */
export const MIN_STEADINESS_VALUES = 8;
const TERMS = 100;

/**
 * P(sup |Brownian bridge| > x): Kolmogorov's distribution, 0 at 1.
 * Source: Kolmogorov 1933; 1.3581 for 5 %, 1.6276 for 1 %.
 */
export function kolmogorovTail(x: number): number {
  // Below this the alternating series converges slowly, and its value is 1 to twelve digits.
  if (x < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= TERMS; k++) {
    const term = Math.exp(-2 * k * k * x * x);
    sum += k % 2 === 1 ? term : -term;
    if (term < 1e-16) break;
  }
  return Math.min(1, Math.max(0, 2 * sum));
}

/**
 * Whether a series, in order of time, keeps one level: a retrospective CUSUM. Under independent
 * values of one distribution the cumulative sum of deviations from the mean is nearly a Brownian
 * bridge; looked at in n places only, it strays less than one, so that the test errs on the quiet
 * side. Null when there are fewer than `MIN_STEADINESS_VALUES`; a series without any spread is
 * steady. Neighbours that resemble each other make it alarm too often: take longer blocks.
 *
 * Source: Page 1954; Ploberger & Krämer 1992 (the OLS-based CUSUM and its limit).
 */
export function steadiness(values: readonly number[]): Steadiness | null {
  const n = values.length;
  if (n < MIN_STEADINESS_VALUES) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const scale = Math.sqrt(squares / (n - 1)) * Math.sqrt(n);
  if (!(scale > Number.EPSILON * Math.abs(mean) * n)) {
    return { statistic: 0, pValue: 1, changeAt: 0 };
  }
  let sum = 0;
  let largest = 0;
  let changeAt = 0;
  for (const [index, value] of values.entries()) {
    sum += value - mean;
    if (Math.abs(sum) <= largest) continue;
    largest = Math.abs(sum);
    changeAt = index + 1;
  }
  const statistic = largest / scale;
  return { statistic, pValue: kolmogorovTail(statistic), changeAt };
}
