import type { QuantileSummary } from "./makeup/schema.ts";

/** Places of a new tree; it grows with the keys. */
const PLACES_MIN = 1_024;

/** A cache's sizes: the powers of ten that are less than all keys, and all keys. */
export function cacheSizes(distinct: number): number[] {
  const sizes = [];
  for (let entries = 10; entries < distinct; entries *= 10) sizes.push(entries);
  return [...sizes, distinct];
}

/**
 * How far apart a key's uses lie: the distinct other keys asked for since it was last asked for
 * (its stack distance). A cache of least-recently-used keys with room for `entries` hits exactly
 * the uses at distances below that.
 *
 * Told the keys in their order, in O(log distinct) each. What it takes grows with the distinct keys
 * (about 100 bytes each, and their text), not with their uses.
 * Source: R. L. Mattson et al., "Evaluation techniques for storage hierarchies", IBM Systems
 * Journal 9 (1970); with a tree of counts, B. T. Bennett & V. J. Kruskal (1975).
 */
export class ReuseDistances {
  /** Uses at each distance; first uses have none. */
  readonly #uses: number[] = [];
  readonly #lastAt = new Map<string, number>();
  #latest = new LatestUses(PLACES_MIN);
  #next = 0;
  #requests = 0;

  /** Of a whole sequence; null is a request that has no key. */
  static of(keys: Iterable<string | null>): ReuseDistances {
    const distances = new ReuseDistances();
    for (const key of keys) if (key !== null) distances.add(key);
    return distances;
  }

  add(key: string): void {
    if (this.#next === this.#latest.places) this.#renumber();
    const at = this.#next++;
    const before = this.#lastAt.get(key);
    if (before !== undefined) {
      const distance = this.#latest.after(before);
      while (this.#uses.length <= distance) this.#uses.push(0);
      this.#uses[distance]!++;
      this.#latest.change(before, -1);
    }
    this.#latest.change(at, 1);
    this.#lastAt.set(key, at);
    this.#requests++;
  }

  /** Share of the requests with a key, first uses included, that such a cache answers; 0…1. */
  hitRatio(entries: number): number {
    if (this.#requests === 0) return 0;
    const hits = this.#uses.slice(0, entries).reduce((sum, count) => sum + count, 0);
    return hits / this.#requests;
  }

  /** Requests with a key, and those of them that had been asked for before. */
  get counts(): { readonly requests: number; readonly repeated: number } {
    return { requests: this.#requests, repeated: this.#uses.reduce((sum, uses) => sum + uses, 0) };
  }

  /** How many uses lie at distances from `from` to below `to`. */
  usesWithin(from: number, to: number): number {
    return this.#uses.slice(from, to).reduce((sum, uses) => sum + uses, 0);
  }

  /** The distance at or below which half of all repeated uses lie; null where none repeats. */
  get median(): number | null {
    return this.summary()?.p50 ?? null;
  }

  /** Of the repeated uses; null where none repeats. */
  summary(): QuantileSummary | null {
    const count = this.#uses.reduce((sum, uses) => sum + uses, 0);
    if (count === 0) return null;
    return {
      count,
      min: this.#uses.findIndex((uses) => uses > 0),
      p50: this.#quantile(count, 0.5),
      p90: count < 10 ? null : this.#quantile(count, 0.9),
      p99: count < 100 ? null : this.#quantile(count, 0.99),
      max: this.#uses.length - 1,
      mean: this.#uses.reduce((sum, uses, distance) => sum + uses * distance, 0) / count,
    };
  }

  #quantile(count: number, p: number): number {
    let seen = 0;
    return this.#uses.findIndex((uses) => (seen += uses) >= count * p * (1 - 4 * Number.EPSILON));
  }

  /** Only the order of the last uses matters: they move up, and make room for as many again. */
  #renumber(): void {
    const byAge = [...this.#lastAt].toSorted(([, a], [, b]) => a - b);
    this.#latest = new LatestUses(Math.max(2 * byAge.length, PLACES_MIN));
    for (const [at, [key]] of byAge.entries()) {
      this.#lastAt.set(key, at);
      this.#latest.change(at, 1);
    }
    this.#next = byAge.length;
  }
}

/** A Fenwick tree: at which places keys were used last, and how many of those lie after one. */
class LatestUses {
  readonly places: number;
  readonly #tree: Int32Array;
  #all = 0;

  constructor(places: number) {
    this.places = places;
    this.#tree = new Int32Array(places + 1);
  }

  change(place: number, by: 1 | -1): void {
    this.#all += by;
    for (let at = place + 1; at < this.#tree.length; at += at & -at) this.#tree[at]! += by;
  }

  after(place: number): number {
    let upTo = 0;
    for (let at = place + 1; at > 0; at -= at & -at) upTo += this.#tree[at]!;
    return this.#all - upTo;
  }
}
