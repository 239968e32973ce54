import { type Alternative, pOfNormal } from "../rank/tails.ts";

export interface MannKendall {
  /** Pairs in which the later value is the larger, less those in which it is the smaller. */
  readonly s: number;
  readonly pValue: number;
  /** Sen's slope: the median of the slopes of all pairs, per step; NaN of fewer than two values. */
  readonly slope: number;
}

/**
 * Mann and Kendall's test for a trend of a series in order of time, with its variance corrected for
 * ties, half a step towards the mean, and the normal law of S (good from ten values on). `greater`:
 * for a rise. It takes the values for independent but for the trend. Quadratic in their number.
 * Source: Mann 1945; Kendall 1975; Sen 1968.
 */
export function mannKendall(
  values: readonly number[],
  alternative: Alternative = "two-sided",
): MannKendall {
  const slopes: number[] = [];
  let s = 0;
  for (const [i, earlier] of values.entries()) {
    for (let j = i + 1; j < values.length; j++) {
      const rise = values[j]! - earlier;
      s += Math.sign(rise);
      slopes.push(rise / (j - i));
    }
  }
  slopes.sort((a, b) => a - b);
  const middle = slopes.length / 2;
  const slope = (slopes[Math.ceil(middle) - 1]! + slopes[Math.floor(middle)]!) / 2;
  const ties = [...Map.groupBy(values, (value) => value).values()].map(({ length }) => length);
  const term = (n: number): number => n * (n - 1) * (2 * n + 5);
  const variance = (term(values.length) - ties.reduce((sum, t) => sum + term(t), 0)) / 18;
  // S goes by twos, so that half of it goes by ones.
  const pValue = pOfNormal(s / 2, Math.sqrt(variance) / 2, { alternative, continuity: true });
  return { s, pValue, slope: slopes.length === 0 ? Number.NaN : slope };
}
