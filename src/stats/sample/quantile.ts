/**
 * The quantile at `p` (0…1) by linear interpolation between order statistics, the k-th of n at
 * (k − 1)/(n − 1): type 7, the default of R, NumPy and spreadsheets. NaN when there is no value.
 * Source: Hyndman & Fan 1996, type 7.
 */
export function interpolatedQuantile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = p * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] ?? Number.NaN;
  return low + (place - below) * ((sorted[below + 1] ?? low) - low);
}

/**
 * Which values lie more than `factor` (1.5 unless given) interquartile ranges outside the quartiles
 * (type 7), in the order given. For description: a latency that is an outlier is still a latency.
 * Source: Tukey 1977.
 */
export function outliers(values: readonly number[], factor = 1.5): boolean[] {
  const [low, high] = [interpolatedQuantile(values, 0.25), interpolatedQuantile(values, 0.75)];
  const reach = factor * (high - low);
  return values.map((value) => value < low - reach || value > high + reach);
}
