import {
  Int32Histogram,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
} from "hdr-histogram-js";

const HIGHEST_US = 3_600_000_000;

/**
 * A latency histogram in whole microseconds: 3 significant digits, 1 µs to 1 h (longer values
 * count as 1 h). Merging adds counts; percentiles are never averaged.
 */
export class Histogram {
  #hdr = new Int32Histogram(1, HIGHEST_US, 3);

  get count(): number {
    return this.#hdr.totalCount;
  }

  /**
   * The upper end of the bucket of the largest value recorded; 0 when empty. Of the bucket, so
   * that it is the same after a round trip, and never below a quantile.
   */
  get maxUs(): number {
    return this.count === 0 ? 0 : this.#hdr.highestEquivalentValue(this.#hdr.maxValue);
  }

  /** The lower end of the bucket of the smallest value above zero; 0 when there is none. */
  get minUs(): number {
    const smallestUs = this.#hdr.minNonZeroValue;
    return smallestUs > HIGHEST_US ? 0 : this.#hdr.lowestEquivalentValue(smallestUs);
  }

  get meanUs(): number {
    return this.count === 0 ? 0 : this.#hdr.mean;
  }

  /** Records a value in microseconds; fractions are rounded, negatives count as 0. */
  record(valueUs: number, count = 1): void {
    const whole = valueUs > 0 ? Math.min(Math.round(valueUs), HIGHEST_US) : 0;
    this.#hdr.recordValueWithCount(whole, count);
  }

  /** Adds another histogram's counts to this one. */
  add(other: Histogram): void {
    this.#hdr.add(other.#hdr);
  }

  /** The value at or below which a share `p` (0…1) of the values lie, in µs; 0 when empty. */
  quantile(p: number): number {
    return this.count === 0 ? 0 : this.#hdr.getValueAtPercentile(p * 100);
  }

  /** How many values are at or below `valueUs`, to the width of its bucket. */
  countAtOrBelow(valueUs: number): number {
    if (valueUs < 0) return 0;
    const last = this.#hdr.countsArrayIndex(Math.min(Math.floor(valueUs), HIGHEST_US));
    let total = 0;
    for (let index = 0; index <= last; index++) total += this.#hdr.getCountAtIndex(index);
    return total;
  }

  /** The recorded buckets, ascending: the highest value of each, and its count. */
  buckets(): readonly { valueUs: number; count: number }[] {
    const rows: { valueUs: number; count: number }[] = [];
    for (let index = 0; index < this.#hdr.countsArrayLength; index++) {
      const count = this.#hdr.getCountAtIndex(index);
      if (count === 0) continue;
      rows.push({
        valueUs: this.#hdr.highestEquivalentValue(this.#hdr.valueFromIndex(index)),
        count,
      });
    }
    return rows;
  }

  /** HdrHistogram V2, deflated, base64: what every HdrHistogram port reads. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#hdr);
  }

  /** Reads what `encode` wrote. @throws Error when the text is not a V2 histogram. */
  static decode(text: string): Histogram {
    const histogram = new Histogram();
    histogram.#hdr.add(decodeFromCompressedBase64(text) as Int32Histogram);
    return histogram;
  }
}
