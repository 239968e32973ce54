import {
  Int32Histogram,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
} from "hdr-histogram-js";

const HIGHEST_US = 3_600_000_000;
const DIGITS = 3;

/** Which bucket a value falls into, and what a bucket stands for: the same for every histogram. */
const GEOMETRY = new Int32Histogram(1, HIGHEST_US, DIGITS);
const BUCKETS = GEOMETRY.countsArrayLength;
/** With more buckets in use than this, an array takes less memory than a map. */
const SPARSE_MAX = 512;

const lowestOf = (index: number): number => GEOMETRY.valueFromIndex(index);
const highestOf = (index: number): number => GEOMETRY.highestEquivalentValue(lowestOf(index));

/**
 * A latency histogram in whole microseconds: 3 significant digits, 1 µs to 1 h (longer values
 * count as 1 h), with HdrHistogram's buckets. Merging adds counts; percentiles are never averaged.
 * It takes memory for what it holds: a map while few buckets are in use, an array of all 180 KiB
 * of them afterwards. A run has many that hold little, one for each route and block.
 */
export class Histogram {
  /** Bucket → count, until `#dense` takes over. */
  #sparse = new Map<number, number>();
  #dense: Float64Array | null = null;
  #count = 0;

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
      (total, index) => total + GEOMETRY.medianEquivalentValue(lowestOf(index)) * this.#at(index),
      0,
    );
    return sum / this.#count;
  }

  /** Records a value in microseconds; fractions are rounded, negatives count as 0. */
  record(valueUs: number, count = 1): void {
    const whole = valueUs > 0 ? Math.min(Math.round(valueUs), HIGHEST_US) : 0;
    this.#addAt(GEOMETRY.countsArrayIndex(whole), count);
  }

  /** Adds another histogram's counts to this one. */
  add(other: Histogram): void {
    // The list is made before anything is added: a histogram may be added to itself.
    for (const index of other.#indexes()) this.#addAt(index, other.#at(index));
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
    const last = GEOMETRY.countsArrayIndex(Math.min(Math.floor(valueUs), HIGHEST_US));
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
    const hdr = new Int32Histogram(1, HIGHEST_US, DIGITS);
    for (const index of this.#indexes()) hdr.recordValueWithCount(lowestOf(index), this.#at(index));
    return encodeIntoCompressedBase64(hdr);
  }

  /** Reads what `encode` wrote. @throws Error when the text is not a V2 histogram. */
  static decode(text: string): Histogram {
    const hdr = decodeFromCompressedBase64(text) as Int32Histogram;
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
    if (this.#dense !== null) {
      this.#dense[index]! += count;
      return;
    }
    this.#sparse.set(index, (this.#sparse.get(index) ?? 0) + count);
    if (this.#sparse.size <= SPARSE_MAX) return;
    this.#dense = new Float64Array(BUCKETS);
    for (const [at, counted] of this.#sparse) this.#dense[at] = counted;
    this.#sparse = new Map();
  }

  /** The buckets in use, ascending. */
  #indexes(): number[] {
    if (this.#dense === null) return [...this.#sparse.keys()].toSorted((a, b) => a - b);
    const used: number[] = [];
    for (const [index, count] of this.#dense.entries()) if (count > 0) used.push(index);
    return used;
  }
}
