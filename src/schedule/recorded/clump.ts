const LENGTHS_MAX = 4_096;

/**
 * The mean clump (see `RecordedOptions`) with which thinning keeps a capture's index of dispersion
 * over windows of `windowNs`: at least 1, not above 4,096.
 *
 * Clumps that are kept with chance p turn the index I into p·I + (1 − p)·C, where C is the mean,
 * over arrivals, of how many arrivals of its own clump fall into its window. A clump as long as I
 * would do if none reached past a window; most do, so the length is searched for which C is I.
 * Clumps beyond the records or 4,096 are not tried: longer ones would play the capture in blocks.
 *
 * `offsetsNs`: non-decreasing, the first at 0. `dispersion` is the capture's own index over such
 * windows; NaN (too short a capture to tell) gives 1.
 * Source: the law of total variance, given the capture.
 */
export function clumpKeeping(
  offsetsNs: ArrayLike<number>,
  windowNs: number,
  dispersion: number,
): number {
  if (!(dispersion > 1)) return 1;
  let [low, high] = [1, Math.max(1, Math.min(offsetsNs.length, LENGTHS_MAX))];
  // The share within a window grows with the length, by and large; whole steps would do.
  while (high - low > 0.25) {
    const middle = (low + high) / 2;
    if (withinWindow(offsetsNs, windowNs, middle) < dispersion) low = middle;
    else high = middle;
  }
  return high;
}

/** The mean, over arrivals, of how many of its clump fall into its window, itself included. */
function withinWindow(offsetsNs: ArrayLike<number>, windowNs: number, clump: number): number {
  let [pieces, squares, size] = [0, 0, 0];
  let before = -1;
  let end = clump;
  for (let i = 0; i < offsetsNs.length; i++) {
    const window = Math.floor((offsetsNs[i] ?? 0) / windowNs);
    if (window !== before || i >= end) {
      squares += size * size;
      pieces++;
      size = 0;
    }
    if (i >= end) end += clump;
    before = window;
    size++;
  }
  return pieces === 0 ? 1 : (squares + size * size) / offsetsNs.length;
}
