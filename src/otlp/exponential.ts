import type { OtlpHistogram } from "./point.ts";

/** Buckets for each doubling that exponential histograms are brought to: 2^3, 9 % wide each. */
const SCALE = 3;
const PER_DOUBLING = 2 ** SCALE;
/** Buckets of one point that are looked at; senders keep 160. */
const BUCKETS_MAX = 1_024;

/** The positive side of an exponential histogram's data point. */
export interface ExponentialBuckets {
  readonly scale: number;
  readonly offset: number;
  readonly counts: readonly number[];
}

/** The bucket of ours that holds the upper end of bucket `index` at `scale`. */
function placeOf(index: number, scale: number): number {
  const upper = (index + 1) * 2 ** (SCALE - scale);
  return Math.ceil(upper) - 1;
}

/**
 * An exponential histogram in buckets that are the same at every scale, so that points can be added
 * and taken from each other. Values of 0 and below go into the first; bounds are in the metric's unit.
 *
 * Source: OpenTelemetry metrics data model, ExponentialHistogram: bucket i of scale s ends at
 * 2^((i + 1) / 2^s).
 */
export function inFixedBuckets(
  given: Pick<OtlpHistogram, "count" | "max" | "sum">,
  { counts, offset, scale }: ExponentialBuckets,
): OtlpHistogram {
  const { count, max, sum } = given;
  if (counts.length === 0 || counts.length > BUCKETS_MAX || Math.abs(scale) > 20) {
    return { count, sum, max, bounds: [], counts: [] };
  }
  const places = counts.map((_, index) => placeOf(index + offset, scale));
  const [first, last] = [places[0]!, places.at(-1)!];
  if (last - first > BUCKETS_MAX * PER_DOUBLING) return { count, sum, max, bounds: [], counts: [] };
  const bounds = Array.from(
    { length: last - first + 2 },
    (_, index) => 2 ** ((first + index) / PER_DOUBLING),
  );
  const fixed = Array.from({ length: bounds.length + 1 }, () => 0);
  for (const [index, each] of counts.entries()) fixed[places[index]! - first + 1]! += each;
  fixed[0] = Math.max(count - counts.reduce((all, each) => all + each, 0), 0);
  return { count, sum, max, bounds, counts: fixed };
}
