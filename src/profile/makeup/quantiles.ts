import type { build, Histogram, JsHistogram } from "hdr-histogram-js";
import { lazily } from "../../core/index.ts";
import type { QuantileSummary } from "./schema.ts";

/** Up to so many values are kept as they are. */
const EXACT_MAX = 500;
const DIGITS = 3;
const VALUE_MAX = 2 ** 52;

const STEPS_PER_NINE = 20;

const hdr = lazily("hdr-histogram-js") as () => { readonly build: typeof build };

/** A place on the logarithmic axis of tails (1: nine in ten are below), and the value there. */
export type CurvePoint = readonly [nines: number, value: number];

/** The rank ⌈Np⌉, forgiving the rounding of N × p. */
const rankOf = (count: number, p: number): number =>
  Math.max(1, Math.ceil(count * p * (1 - 4 * Number.EPSILON)));

/** The values that were recorded, ascending, and how many lie at each or below: in one pass. */
function bucketsOf(histogram: Histogram): { readonly value: number; readonly upTo: number }[] {
  const buckets = [];
  // All that `build` makes here is written in JavaScript, and has this iterator.
  const { recordedValuesIterator: recorded } = histogram as JsHistogram;
  recorded.reset();
  while (recorded.hasNext()) {
    const { totalCountToThisValue, valueIteratedTo } = recorded.next();
    buckets.push({ value: valueIteratedTo, upTo: totalCountToThisValue });
  }
  return buckets;
}

/**
 * Takes values one after another, and knows their quantiles: exactly up to 500 values, then from an
 * HdrHistogram of three digits and whole units. Takes 4 kB, then 20 kB, however many there are.
 */
export class Quantiles {
  #exact: number[] = [];
  #histogram: Histogram | null = null;
  #count = 0;
  #total = 0;
  #min = Infinity;
  #max = 0;

  /** @param value from 0, in any one unit */
  record(value: number): void {
    this.#count++;
    this.#total += value;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    if (this.#histogram === null) {
      this.#exact.push(value);
      if (this.#exact.length > EXACT_MAX) this.#fold();
    } else {
      this.#histogram.recordValue(Math.min(Math.round(value), VALUE_MAX));
    }
  }

  get count(): number {
    return this.#count;
  }

  /** Null when there are no values. */
  summary(): QuantileSummary | null {
    if (this.#count === 0) return null;
    const at = this.#quantiles();
    return {
      count: this.#count,
      min: this.#min,
      p50: at(0.5),
      p90: this.#count < 10 ? null : at(0.9),
      p99: this.#count < 100 ? null : at(0.99),
      max: this.#max,
      mean: this.#total / this.#count,
    };
  }

  /**
   * From the least value to the greatest, as points of [−log10(1 − p), quantile at p]: twenty for
   * each ten times rarer, so that the tail has as many as the body. Empty without values.
   */
  curve(): readonly CurvePoint[] {
    if (this.#count === 0) return [];
    const at = this.#quantiles();
    const end = Math.log10(this.#count);
    const inner = Array.from({ length: Math.ceil(end * STEPS_PER_NINE) }, (_, i): CurvePoint => {
      const nines = i / STEPS_PER_NINE;
      return [nines, i === 0 ? this.#min : at(1 - 10 ** -nines)];
    });
    return [...inner, [end, this.#max]];
  }

  #quantiles(): (p: number) => number {
    const histogram = this.#histogram;
    if (histogram === null) {
      const sorted = Float64Array.from(this.#exact).toSorted();
      return (p) => sorted[rankOf(sorted.length, p) - 1]!;
    }
    const buckets = bucketsOf(histogram);
    return (p) => {
      const rank = rankOf(this.#count, p);
      const value = buckets.find(({ upTo }) => upTo >= rank)?.value ?? this.#max;
      // A bucket's upper end may lie above all that was recorded.
      return Math.min(Math.max(value, this.#min), this.#max);
    };
  }

  #fold(): void {
    this.#histogram = hdr().build({
      bitBucketSize: "packed",
      autoResize: true,
      numberOfSignificantValueDigits: DIGITS,
    });
    for (const value of this.#exact) {
      this.#histogram.recordValue(Math.min(Math.round(value), VALUE_MAX));
    }
    this.#exact = [];
  }
}
