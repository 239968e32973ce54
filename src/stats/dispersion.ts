import { gammaQuantile } from "./fit/gamma.ts";

/**
 * How bursty events are: the variance of their counts in consecutive windows ÷ the mean count. 1
 * for a Poisson process, 0 for an even one, more for bursts. The variance is the unbiased one.
 *
 * `startsNs` in any order, from 0; what falls past the last whole window of `durationNs` is left
 * out. NaN with fewer than two whole windows, or no event in them.
 * Source: Cox & Lewis 1966, The Statistical Analysis of Series of Events.
 */
export function indexOfDispersion(
  startsNs: Iterable<number>,
  windowNs: number,
  durationNs: number,
): number {
  const windows = Math.floor(durationNs / windowNs);
  if (!(windows >= 2)) return Number.NaN;
  const counts = new Float64Array(windows);
  let total = 0;
  for (const startNs of startsNs) {
    const window = Math.floor(startNs / windowNs);
    if (window >= windows) continue;
    counts[window]! += 1;
    total++;
  }
  const mean = total / windows;
  const squares = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0);
  return squares / (windows - 1) / mean;
}

/**
 * Where the index of a Poisson process lies with that probability (0…1), seen in so many windows (2
 * and more): (windows − 1) × index is about χ² of windows − 1 degrees of freedom, for a mean count
 * of one and more a window; of fewer, the interval is only rough.
 * Source: Cox & Lewis 1966, §6.3.
 */
export function poissonDispersionInterval(
  windows: number,
  probability: number,
): { readonly low: number; readonly high: number } {
  const degrees = windows - 1;
  const at = (p: number): number => (2 * gammaQuantile(p, degrees / 2)) / degrees;
  return { low: at((1 - probability) / 2), high: at((1 + probability) / 2) };
}
