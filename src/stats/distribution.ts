/** How many values there are, and how many of them lie at or below a value. */
export interface BlockCounts {
  readonly count: number;
  countAtOrBelow(value: number): number;
}

/** Recorded values in any one unit: raw numbers or a histogram (`measure`'s fits as it is). */
export interface Distribution extends BlockCounts {
  /** The ⌈Np⌉-th smallest value, for `p` in (0, 1]. */
  quantile(p: number): number;
}

/** The rank ⌈Np⌉ (at least 1), forgiving the rounding of N × p: 0.07 × 100 is 7, not 7.000…1. */
export function rankOf(count: number, p: number): number {
  return Math.max(1, Math.ceil(count * p * (1 - 4 * Number.EPSILON)));
}

/**
 * The empirical distribution of raw values: `quantile` is the ⌈Np⌉-th order statistic (NaN when
 * empty), `countAtOrBelow` counts exactly. Sorts a copy; non-finite values are the caller's fault.
 */
export function sortedDistribution(values: Iterable<number>): Distribution {
  const sorted = Float64Array.from(values).toSorted();
  return {
    count: sorted.length,
    quantile: (p) => sorted[rankOf(sorted.length, p) - 1] ?? Number.NaN,
    countAtOrBelow(value) {
      let low = 0;
      let high = sorted.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (sorted[middle]! <= value) low = middle + 1;
        else high = middle;
      }
      return low;
    },
  };
}
