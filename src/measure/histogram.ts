import type * as HdrHistogram from "hdr-histogram-js";
import { lazily } from "../core/index.ts";
import { BUCKETS, HALF_BITS, HIGHEST_US } from "./hdr-layout.ts";
import { encodeDeflated } from "./hdr-v2.ts";

const library = lazily("hdr-histogram-js") as () => typeof HdrHistogram;

/*
 * HdrHistogram's buckets for three digits, in integer arithmetic. Up to 2,048 µs a bucket is one
 * microsecond wide; after that each doubling of the value has 1,024 buckets of twice the width.
 * An hour fits into 32 bits, so that `clz32` and a shift find the bucket of any value.
 * Source: HdrHistogram, AbstractHistogram.countsArrayIndex.
 */
const HALF = 1 << HALF_BITS;
const LINEAR_MASK = 2 * HALF - 1;
const LEADING_ZEROS = 31 - HALF_BITS;
/** Buckets come in pages of so many: values that are like each other share one. */
const PAGE_BITS = 6;
const PAGE = 1 << PAGE_BITS;
const PAGES = BUCKETS >>> PAGE_BITS;
const PAGES_AT_FIRST = 8;
const U16_MAX = 2 ** 16 - 1;
const U32_MAX = 2 ** 32 - 1;
const NOTHING = new Uint16Array(0);
/** Room for what is in use of one histogram while it is looked for. */
const USED = { index: new Uint32Array(BUCKETS), count: new Float64Array(BUCKETS) };

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
 * It takes memory for what it holds: pages of 64 buckets, each where a value falls into it. A run
 * has many that hold little, one for each route and block; where values come by the ten thousand a
 * second, ask for all 184 KiB at once (`dense`). Counts are exact to 2^53.
 */
export class Histogram {
  /** Of each page, 1 + its place in `#counts`; 0: none of its buckets is in use. Null while empty. */
  #places: Uint16Array | null = null;
  #pages = 0;
  /** Page after page, as they came; all pages in their order where `#dense` has them. */
  #counts: Uint16Array | Uint32Array | Float64Array = NOTHING;
  /** All that they may hold together, so that none holds more than it can. */
  #most = U16_MAX;
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
    const last = this.#lastUsed();
    return last < 0 ? 0 : highestOf(last);
  }

  /** The lower end of the bucket of the smallest value above zero; 0 when there is none. */
  get minUs(): number {
    const [zero = 0, second] = this.toCounts().index;
    const first = zero > 0 ? zero : second;
    return first === undefined ? 0 : lowestOf(first);
  }

  /** The mean of the buckets' middles; 0 when empty. */
  get meanUs(): number {
    if (this.#count === 0) return 0;
    let sum = 0;
    this.#each((index, count) => (sum += medianOf(index) * count));
    return sum / this.#count;
  }

  /** Records a value in microseconds; fractions are rounded, negatives count as 0. */
  record(valueUs: number, count = 1): void {
    this.#addAt(indexOf(wholeUs(valueUs)), count);
  }

  /** Forgets what was recorded, and keeps the memory that it took for what comes next. */
  clear(): void {
    this.#places?.fill(0);
    this.#counts.fill(0, 0, this.#pages << PAGE_BITS);
    this.#pages = 0;
    this.#dense?.fill(0, this.#first, this.#last + 1);
    this.#count = 0;
    this.#first = BUCKETS;
    this.#last = -1;
  }

  /** Adds another histogram's counts to this one. */
  add(other: Histogram): void {
    // Added to itself, it has its pages already, and each bucket is gone to once.
    other.#each((index, count) => this.#addAt(index, count));
  }

  /** The buckets in use and their counts, as arrays that can be sent to another thread. */
  toCounts(): HistogramCounts {
    const { count, index } = this.#used();
    return { index: index.slice(), count: count.slice() };
  }

  /** Adds what another histogram's `toCounts` gave. @throws RangeError when it is no such thing */
  addCounts({ count, index }: HistogramCounts): void {
    // Plain loops: a run's ticks come through here, on the core that its starts may be made on.
    let highest = -1;
    for (let place = 0; place < index.length; place++) highest = Math.max(highest, index[place]!);
    if (count.length !== index.length || highest >= BUCKETS) {
      throw new RangeError("these are not the counts of a histogram");
    }
    for (let place = 0; place < index.length; place++) this.#addAt(index[place]!, count[place]!);
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
    let [seen, at] = [0, -1];
    this.#each((index, count) => {
      if (seen < rank && seen + count >= rank) at = index;
      seen += count;
    });
    if (at < 0) return 0;
    return p <= 0 ? lowestOf(at) : highestOf(at);
  }

  /** How many values are at or below `valueUs`, to the width of its bucket. */
  countAtOrBelow(valueUs: number): number {
    if (valueUs < 0) return 0;
    const last = indexOf(Math.min(Math.floor(valueUs), HIGHEST_US));
    let total = 0;
    this.#each((index, count) => {
      if (index <= last) total += count;
    });
    return total;
  }

  /** The recorded buckets, ascending: the highest value of each, and its count. */
  buckets(): readonly { valueUs: number; count: number }[] {
    const buckets: { valueUs: number; count: number }[] = [];
    this.#each((index, count) => buckets.push({ valueUs: highestOf(index), count }));
    return buckets;
  }

  /** HdrHistogram V2, deflated, base64: what every HdrHistogram port reads. */
  encode(): string {
    return encodeDeflated(this.#used());
  }

  /** Reads what `encode` wrote. @throws Error when the text is not a V2 histogram. */
  static decode(text: string): Histogram {
    const hdr = library().decodeFromCompressedBase64(text, 64) as HdrHistogram.Float64Histogram;
    const histogram = new Histogram();
    for (let index = 0; index < hdr.countsArrayLength; index++) {
      const count = hdr.getCountAtIndex(index);
      if (count > 0) histogram.record(hdr.valueFromIndex(index), count);
    }
    return histogram;
  }

  #addAt(index: number, count: number): void {
    this.#count += count;
    if (this.#dense === null) this.#addToPage(index, count);
    else this.#addDensely(this.#dense, index, count);
  }

  #addDensely(dense: Float64Array, index: number, count: number): void {
    dense[index]! += count;
    if (index < this.#first) this.#first = index;
    if (index > this.#last) this.#last = index;
  }

  #addToPage(index: number, count: number): void {
    // No bucket holds more than all of them do.
    if (this.#count > this.#most) this.#widen();
    this.#places ??= new Uint16Array(PAGES);
    const page = index >>> PAGE_BITS;
    const place = this.#places[page]! || this.#newPage(this.#places, page);
    this.#counts[((place - 1) << PAGE_BITS) + (index & (PAGE - 1))]! += count;
  }

  #widen(): void {
    const wide = this.#count > U32_MAX;
    this.#counts = wide ? Float64Array.from(this.#counts) : Uint32Array.from(this.#counts);
    this.#most = wide ? Infinity : U32_MAX;
  }

  #newPage(places: Uint16Array, page: number): number {
    const has = this.#counts.length / PAGE;
    if (this.#pages === has) {
      const pages = Math.min(Math.max(PAGES_AT_FIRST, 2 * has), PAGES);
      const Counts = this.#counts.constructor as Uint16ArrayConstructor;
      const counts = new Counts(pages * PAGE);
      counts.set(this.#counts);
      this.#counts = counts;
    }
    return (places[page] = ++this.#pages);
  }

  /** As `toCounts`, where the next that asks will have its own. */
  #used(): HistogramCounts {
    let used = 0;
    this.#each((index, count) => {
      USED.index[used] = index;
      USED.count[used++] = count;
    });
    return { index: USED.index.subarray(0, used), count: USED.count.subarray(0, used) };
  }

  /** The last bucket in use; -1 when there is none. */
  #lastUsed(): number {
    if (this.#dense !== null) return this.#last;
    for (let page = PAGES - 1; this.#places !== null && page >= 0; page--) {
      const place = this.#places[page]!;
      if (place === 0) continue;
      const from = (place - 1) << PAGE_BITS;
      for (let at = PAGE - 1; at >= 0; at--) {
        if (this.#counts[from + at]! > 0) return (page << PAGE_BITS) + at;
      }
    }
    return -1;
  }

  /** The buckets in use and their counts, ascending. */
  #each(visit: (index: number, count: number) => void): void {
    if (this.#dense !== null) {
      eachUsed(this.#dense, this.#first, this.#last + 1, 0, visit);
      return;
    }
    for (let page = 0; this.#places !== null && page < PAGES; page++) {
      const place = this.#places[page]!;
      if (place === 0) continue;
      const from = (place - 1) << PAGE_BITS;
      eachUsed(this.#counts, from, from + PAGE, (page << PAGE_BITS) - from, visit);
    }
  }
}

/** Visits what is not zero in a stretch of counts, with its place moved by so much. */
function eachUsed(
  counts: Uint16Array | Uint32Array | Float64Array,
  from: number,
  to: number,
  by: number,
  visit: (index: number, count: number) => void,
): void {
  for (let at = from; at < to; at++) {
    const count = counts[at]!;
    if (count > 0) visit(at + by, count);
  }
}
