/** An hour, in µs: longer values count as one. */
export const HIGHEST_US = 3_600_000_000;
/** Significant digits. */
export const DIGITS = 3;
/** Each doubling of the value has so many bits' worth of buckets. */
export const HALF_BITS = 10;
/** All buckets that there are, up to `HIGHEST_US`. */
export const BUCKETS = 23 << HALF_BITS;

/*
 * HdrHistogram's buckets for three digits, in integer arithmetic. Up to 2,048 µs a bucket is one
 * microsecond wide; after that each doubling of the value has 1,024 buckets of twice the width.
 * An hour fits into 32 bits, so that `clz32` and a shift find the bucket of any value.
 * Source: HdrHistogram, AbstractHistogram.countsArrayIndex.
 */
const HALF = 1 << HALF_BITS;
const LINEAR_MASK = 2 * HALF - 1;
const LEADING_ZEROS = 31 - HALF_BITS;

/** The bucket of a whole number from 0 to `HIGHEST_US`. */
export const indexOf = (whole: number): number => {
  const doublings = LEADING_ZEROS - Math.clz32(whole | LINEAR_MASK);
  return (doublings << HALF_BITS) + (whole >>> doublings);
};

/** A value as a whole number of that range; `Math.round` takes four times as long. */
const wholeUs = (valueUs: number): number =>
  valueUs > 0 ? (valueUs < HIGHEST_US ? valueUs + 0.5 : HIGHEST_US) >>> 0 : 0;

/** The bucket of a value in µs: fractions are rounded, negatives count as 0, more than an hour as one. */
export const bucketOf = (valueUs: number): number => indexOf(wholeUs(valueUs));

const doublingsOf = (index: number): number => Math.max((index >>> HALF_BITS) - 1, 0);
/** Of a bucket, the lowest value; then the highest, and the middle. */
export const lowestOf = (index: number): number => {
  const doublings = doublingsOf(index);
  return (index - (doublings << HALF_BITS)) * 2 ** doublings;
};
export const highestOf = (index: number): number => lowestOf(index) + 2 ** doublingsOf(index) - 1;
export const medianOf = (index: number): number =>
  lowestOf(index) + Math.floor(2 ** doublingsOf(index) / 2);
