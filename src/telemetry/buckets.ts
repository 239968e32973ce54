import type { PointHistogram } from "./telemetry-log.ts";

/** How many values lie above one bound and at most at another; parts of a value where time was cut. */
interface Bucket {
  readonly lower: number;
  readonly upper: number;
  count: number;
}

/** Values by size, over some time: counts of several points added up, whatever their bounds. */
export class Distribution {
  readonly #buckets = new Map<number, Bucket>();
  #count = 0;
  #sum = 0;
  #sumTold = true;

  get count(): number {
    return this.#count;
  }

  /** NaN without values, and where a sender tells no sum. */
  get mean(): number {
    return this.#count === 0 || !this.#sumTold ? Number.NaN : this.#sum / this.#count;
  }

  /** Adds a share, from 0 to 1, of what a point holds. */
  add({ bounds, count, counts, sum }: PointHistogram, share: number): void {
    this.#count += count * share;
    if (sum === null) this.#sumTold = false;
    else this.#sum += sum * share;
    for (const [index, each] of counts.entries()) {
      const lower = bounds[index - 1] ?? Math.min(bounds[0] ?? 0, 0);
      const upper = bounds[index] ?? Number.POSITIVE_INFINITY;
      const bucket = this.#buckets.get(upper);
      if (bucket === undefined) this.#buckets.set(upper, { lower, upper, count: each * share });
      else bucket.count += each * share;
    }
  }

  /**
   * The value below which a share p lies, straight between a bucket's bounds; of values above the
   * last bound, that bound. NaN without buckets.
   */
  quantile(p: number): number {
    const buckets = [...this.#buckets.values()].toSorted((a, b) => a.upper - b.upper);
    const total = buckets.reduce((sum, { count }) => sum + count, 0);
    if (total === 0) return Number.NaN;
    let below = 0;
    for (const { count, lower, upper } of buckets) {
      if (below + count >= p * total && count > 0) {
        if (upper === Number.POSITIVE_INFINITY) return lower;
        return lower + ((upper - lower) * (p * total - below)) / count;
      }
      below += count;
    }
    return buckets.at(-1)!.lower;
  }
}

/** What came between two points of a histogram that counts from the beginning; null: it began anew. */
export function since(before: PointHistogram, now: PointHistogram): PointHistogram | null {
  const sameBounds =
    before.bounds.length === now.bounds.length &&
    before.bounds.every((bound, index) => bound === now.bounds[index]);
  const earlier = new Map(
    before.counts.map((count, index) => [before.bounds[index] ?? Infinity, count]),
  );
  // Exponential histograms have their buckets where their values are: those not named are empty.
  const counts = now.counts.map(
    (count, index) =>
      count -
      (sameBounds ? before.counts[index]! : (earlier.get(now.bounds[index] ?? Infinity) ?? 0)),
  );
  const count = now.count - before.count;
  if (count < 0 || counts.some((each) => each < 0)) return null;
  const sum = now.sum === null || before.sum === null ? null : now.sum - before.sum;
  return { count, sum, max: null, bounds: now.bounds, counts };
}
