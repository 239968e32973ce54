import type * as HdrHistogram from "hdr-histogram-js";
import { lazily } from "../core/index.ts";
import {
  bucketOf,
  BUCKETS,
  highestOf,
  HIGHEST_US,
  indexOf,
  lowestOf,
  medianOf,
} from "./hdr-layout.ts";
import { encodeDeflated } from "./hdr-v2.ts";
import { PagedCounts } from "./paged-counts.ts";
import type { RowList } from "./row-groups.ts";

const library = lazily("hdr-histogram-js") as () => typeof HdrHistogram;

/** Room for what is in use of one histogram while it is looked for. */
const USED = { index: new Uint32Array(BUCKETS), count: new Float64Array(BUCKETS) };

/**
 * A histogram's counts, for passing between threads: the buckets in use, ascending, and how many
 * values each holds. Both lists have the same length.
 */
export interface HistogramCounts {
  readonly index: Uint32Array;
  readonly count: Float64Array;
}

/** As `quantiles` of a histogram with these counts, of so many values in all. */
export function quantilesOf(
  { count, index }: HistogramCounts,
  total: number,
  shares: readonly number[],
): number[] {
  return shares.map((p) => {
    // The rank that a share stands for, less the rounding of a product such as 0.99 × 100.
    const rank = Math.max(Math.ceil(Math.min(p, 1) * total - 1e-9), 1);
    let [at, seen] = [-1, 0];
    while (seen < rank && at + 1 < index.length) seen += count[++at]!;
    if (at < 0) return 0;
    return p <= 0 ? lowestOf(index[at]!) : highestOf(index[at]!);
  });
}

/**
 * A latency histogram in whole microseconds: 3 significant digits, 1 µs to 1 h (longer values
 * count as 1 h), with HdrHistogram's buckets. Merging adds counts; percentiles are never averaged.
 * It takes memory for what it holds: pages of 64 buckets, each where a value falls into it. A run
 * has many that hold little, one for each route and block; where values come by the ten thousand a
 * second, ask for all 184 KiB at once (`dense`). Counts are exact to 2^53.
 */
export class Histogram {
  /** Where all buckets are not. */
  readonly #paged = new PagedCounts();
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
    this.#addAt(bucketOf(valueUs), count);
  }

  /** Records one value for each row of a list, by the bucket of each row (`bucketOf`). */
  recordEach(buckets: Uint16Array, list: RowList): void {
    if (this.#dense !== null) {
      for (let next = list.from; next < list.to; next++) {
        this.#addAt(buckets[list.order[next]!]!, 1);
      }
      return;
    }
    this.#count += list.to - list.from;
    this.#paged.addEach(buckets, list);
  }

  /** Forgets what was recorded, and keeps the memory that it took for what comes next. */
  clear(): void {
    this.#paged.clear();
    this.#dense?.fill(0, this.#first, this.#last + 1);
    this.#count = 0;
    this.#first = BUCKETS;
    this.#last = -1;
  }

  /** Adds another histogram's counts to this one. */
  add(other: Histogram): void {
    const { count, index } = other.#used();
    for (let place = 0; place < index.length; place++) this.#addAt(index[place]!, count[place]!);
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
    return this.quantiles([p])[0]!;
  }

  /** As `quantile`, of several shares at once, in their order. */
  quantiles(shares: readonly number[]): number[] {
    return quantilesOf(this.#used(), this.#count, shares);
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
    if (this.#dense === null) this.#paged.add(index, count);
    else this.#addDensely(this.#dense, index, count);
  }

  #addDensely(dense: Float64Array, index: number, count: number): void {
    dense[index]! += count;
    if (index < this.#first) this.#first = index;
    if (index > this.#last) this.#last = index;
  }

  /** As `toCounts`, where the next that asks will have its own. */
  #used(): HistogramCounts {
    const used = this.#dense === null ? this.#paged.writeTo(USED) : this.#writeDense(this.#dense);
    return { index: USED.index.subarray(0, used), count: USED.count.subarray(0, used) };
  }

  #writeDense(dense: Float64Array): number {
    let used = 0;
    for (let at = this.#first; at <= this.#last; at++) {
      const count = dense[at]!;
      if (count === 0) continue;
      USED.index[used] = at;
      USED.count[used++] = count;
    }
    return used;
  }

  /** The last bucket in use; -1 when there is none. */
  #lastUsed(): number {
    return this.#dense === null ? this.#paged.lastUsed() : this.#last;
  }

  /** The buckets in use and their counts, ascending. */
  #each(visit: (index: number, count: number) => void): void {
    const { count, index } = this.#used();
    for (let place = 0; place < index.length; place++) visit(index[place]!, count[place]!);
  }
}
