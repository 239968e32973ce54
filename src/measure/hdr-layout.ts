/** An hour, in µs: longer values count as one. */
export const HIGHEST_US = 3_600_000_000;
/** Significant digits. */
export const DIGITS = 3;
/** Each doubling of the value has so many bits' worth of buckets. */
export const HALF_BITS = 10;
/** All buckets that there are, up to `HIGHEST_US`. */
export const BUCKETS = 23 << HALF_BITS;
