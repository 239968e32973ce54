import {
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  Float64Histogram,
} from "hdr-histogram-js";
import { BUCKETS, DIGITS, HALF_BITS, HIGHEST_US } from "./hdr-layout.ts";

/*
 * HdrHistogram's buckets for three digits, in integer arithmetic. Up to 2,048 µs a bucket is one
 * microsecond wide; after that each doubling of the value has 1,024 buckets of twice the width.
 * An hour fits into 32 bits, so that `clz32` and a shift find the bucket of any value.
 * Source: HdrHistogram, AbstractHistogram.countsArrayIndex.
 */
const HALF = 1 << HALF_BITS;
const LINEAR_MASK = 2 * HALF - 1;
const LEADING_ZEROS = 31 - HALF_BITS;
/** With more buckets in use than this, an array takes less memory than a map. */
const SPARSE_MAX = 512;

/** The bucket of a whole number from 0 to `HIGHEST_US`. */
const indexOf = (whole: number): number => {
  const doublings = LEADING_ZEROS - Math.clz32(whole | LINEAR_MASK);
  return (doublings << HALF_BITS) + (whole >>> doublings);
};
/** Adding a half and cutting off takes a quarter of the time of `Math.round`. */
const wholeUs = (valueUs: number): number =>
  valueUs > 0 ? (valueUs < HIGHEST_US ? valueUs + 0.5 : HIGHEST_US) >>> 0 : 0;
const doublingsOf = (index: number): number => Math.max((index >>> HALF_BITS) - 1, 0);
const lowestOf = (index: number): number => {
  const doublings = doublingsOf(index);
  return (index - (doublings << HALF_BITS)) * 2 ** doublings;
};
const highestOf = (index: number): number => lowestOf(index) + 2 ** doublingsOf(index) - 1;
const medianOf = (index: number): number =>
  lowestOf(index) + Math.floor(2 ** doublingsOf(index) / 2);

/**
 * A histogram's counts, for passing between threads: the buckets in use, ascending, and how many
 * values each holds. Both lists have the same length.
 */
export interface HistogramCounts {
  readonly index: Uint32Array;
  readonly count: Float64Array;
}

/**
 * A latency histogram in whole microseconds: 3 significant digits, 1 µs to 1 h (longer values
 * count as 1 h), with HdrHistogram's buckets. Merging adds counts; percentiles are never averaged.
 * It takes memory for what it holds: a map while few buckets are in use, an array of all 184 KiB
 * of them afterwards. A run has many that hold little, one for each route and block; where values
 * come by the ten thousand a second, ask for the array at once (`dense`). Counts are exact to 2^53.
 */
export class Histogram {
  /** Bucket → count, until `#dense` takes over. */
  #sparse = new Map<number, number>();
  #dense: Float64Array | null = null;
  #count = 0;
  /** The first and last bucket of `#dense` that may be in use: to look at all of them takes long. */
  #first = BUCKETS;
  #last = -1;

  constructor(options: { readonly dense?: boolean } = {}) {
    if (options.dense === true) this.#dense = new Float64Array(BUCKETS);
  }

  get count(): number {
    return this.#count;
  }

  /**
   * The upper end of the bucket of the largest value recorded; 0 when empty. Of the bucket, so
   * that it is the same after a round trip, and never below a quantile.
   */
  get maxUs(): number {
    const last = this.#indexes().at(-1);
    return last === undefined ? 0 : highestOf(last);
  }

  /** The lower end of the bucket of the smallest value above zero; 0 when there is none. */
  get minUs(): number {
    const first = this.#indexes().find((index) => index > 0);
    return first === undefined ? 0 : lowestOf(first);
  }

  /** The mean of the buckets' middles; 0 when empty. */
  get meanUs(): number {
    if (this.#count === 0) return 0;
    const sum = this.#indexes().reduce(
      (total, index) => total + medianOf(index) * this.#at(index),
      0,
    );
    return sum / this.#count;
  }

  /** Records a value in microseconds; fractions are rounded, negatives count as 0. */
  record(valueUs: number, count = 1): void {
    this.#addAt(indexOf(wholeUs(valueUs)), count);
  }

  /** Forgets what was recorded; a dense one keeps its array. */
  clear(): void {
    this.#sparse.clear();
    this.#dense?.fill(0, this.#first, this.#last + 1);
    this.#count = 0;
    this.#first = BUCKETS;
    this.#last = -1;
  }

  /** Adds another histogram's counts to this one. */
  add(other: Histogram): void {
    // The list is made before anything is added: a histogram may be added to itself.
    this.addCounts(other.toCounts());
  }

  /** The buckets in use and their counts, as arrays that can be sent to another thread. */
  toCounts(): HistogramCounts {
    const index = Uint32Array.from(this.#indexes());
    return { index, count: Float64Array.from(index, (at) => this.#at(at)) };
  }

  /** Adds what another histogram's `toCounts` gave. @throws RangeError when it is no such thing */
  addCounts({ count, index }: HistogramCounts): void {
    if (count.length !== index.length || index.some((at) => at >= BUCKETS)) {
      throw new RangeError("these are not the counts of a histogram");
    }
    for (const [position, at] of index.entries()) this.#addAt(at, count[position]!);
  }

  /** A histogram with these counts. @throws RangeError as `addCounts` does */
  static fromCounts(counts: HistogramCounts): Histogram {
    const histogram = new Histogram();
    histogram.addCounts(counts);
    return histogram;
  }

  /** The value at or below which a share `p` (0…1) of the values lie, in µs; 0 when empty. */
  quantile(p: number): number {
    // The rank that a share stands for, less the rounding of a product such as 0.99 × 100.
    const rank = Math.max(Math.ceil(Math.min(p, 1) * this.#count - 1e-9), 1);
    let seen = 0;
    for (const index of this.#indexes()) {
      seen += this.#at(index);
      if (seen >= rank) return p <= 0 ? lowestOf(index) : highestOf(index);
    }
    return 0;
  }

  /** How many values are at or below `valueUs`, to the width of its bucket. */
  countAtOrBelow(valueUs: number): number {
    if (valueUs < 0) return 0;
    const last = indexOf(Math.min(Math.floor(valueUs), HIGHEST_US));
    let total = 0;
    if (this.#dense === null) {
      for (const [index, count] of this.#sparse) if (index <= last) total += count;
    } else {
      for (let index = 0; index <= last; index++) total += this.#dense[index]!;
    }
    return total;
  }

  /** The recorded buckets, ascending: the highest value of each, and its count. */
  buckets(): readonly { valueUs: number; count: number }[] {
    return this.#indexes().map((index) => ({ valueUs: highestOf(index), count: this.#at(index) }));
  }

  /** HdrHistogram V2, deflated, base64: what every HdrHistogram port reads. */
  encode(): string {
    const hdr = new Float64Histogram(1, HIGHEST_US, DIGITS);
    for (const index of this.#indexes()) hdr.recordValueWithCount(lowestOf(index), this.#at(index));
    return encodeIntoCompressedBase64(hdr);
  }

  /** Reads what `encode` wrote. @throws Error when the text is not a V2 histogram. */
  static decode(text: string): Histogram {
    const hdr = decodeFromCompressedBase64(text, 64) as Float64Histogram;
    const histogram = new Histogram();
    for (let index = 0; index < hdr.countsArrayLength; index++) {
      const count = hdr.getCountAtIndex(index);
      if (count > 0) histogram.record(hdr.valueFromIndex(index), count);
    }
    return histogram;
  }

  #at(index: number): number {
    return this.#dense?.[index] ?? this.#sparse.get(index) ?? 0;
  }

  #addAt(index: number, count: number): void {
    this.#count += count;
    if (this.#dense === null) this.#addSparsely(index, count);
    else this.#addDensely(this.#dense, index, count);
  }

  #addDensely(dense: Float64Array, index: number, count: number): void {
    dense[index]! += count;
    if (index < this.#first) this.#first = index;
    if (index > this.#last) this.#last = index;
  }

  #addSparsely(index: number, count: number): void {
    this.#sparse.set(index, (this.#sparse.get(index) ?? 0) + count);
    if (this.#sparse.size <= SPARSE_MAX) return;
    this.#dense = new Float64Array(BUCKETS);
    for (const [at, counted] of this.#sparse) this.#addDensely(this.#dense, at, counted);
    this.#sparse = new Map();
  }

  /** The buckets in use, ascending. */
  #indexes(): number[] {
    const dense = this.#dense;
    if (dense === null) return [...this.#sparse.keys()].toSorted((a, b) => a - b);
    const used: number[] = [];
    for (let index = this.#first; index <= this.#last; index++) {
      if (dense[index]! > 0) used.push(index);
    }
    return used;
  }
}
