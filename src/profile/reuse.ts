/**
 * How far apart a key's uses lie: the distinct other keys asked for since it was last asked for
 * (its stack distance). A cache of least-recently-used keys with room for `entries` hits exactly
 * the uses at distances below that.
 */
export class ReuseDistances {
  /** Uses at each distance; first uses have none. */
  readonly #uses: readonly number[];
  readonly #requests: number;

  private constructor(uses: readonly number[], requests: number) {
    this.#uses = uses;
    this.#requests = requests;
  }

  /**
   * Goes through the keys in their order, null for a request that has none, in O(n log n).
   * Source: R. L. Mattson et al., "Evaluation techniques for storage hierarchies", IBM Systems
   * Journal 9 (1970); with a tree of counts, B. T. Bennett & V. J. Kruskal (1975).
   */
  static of(keys: readonly (string | null)[]): ReuseDistances {
    const asked = keys.filter((key) => key !== null);
    const latest = new LatestUses(asked.length);
    const lastAt = new Map<string, number>();
    const uses: number[] = [];
    for (const [at, key] of asked.entries()) {
      const before = lastAt.get(key);
      if (before !== undefined) {
        const distance = latest.after(before);
        uses[distance] = (uses[distance] ?? 0) + 1;
        latest.change(before, -1);
      }
      latest.change(at, 1);
      lastAt.set(key, at);
    }
    return new ReuseDistances(
      Array.from(uses, (count) => count ?? 0),
      asked.length,
    );
  }

  /** Share of the requests with a key, first uses included, that such a cache answers; 0…1. */
  hitRatio(entries: number): number {
    if (this.#requests === 0) return 0;
    const hits = this.#uses.slice(0, entries).reduce((sum, count) => sum + count, 0);
    return hits / this.#requests;
  }

  /** The distance at or below which half of all repeated uses lie; null where none repeats. */
  get median(): number | null {
    const all = this.#uses.reduce((sum, count) => sum + count, 0);
    let seen = 0;
    for (const [distance, count] of this.#uses.entries()) {
      seen += count;
      if (all > 0 && seen >= all / 2) return distance;
    }
    return null;
  }
}

/** A Fenwick tree: at which places keys were used last, and how many of those lie after one. */
class LatestUses {
  readonly #tree: Int32Array;
  #all = 0;

  constructor(places: number) {
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
