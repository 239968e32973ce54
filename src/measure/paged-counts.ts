import { BUCKETS } from "./hdr-layout.ts";
import type { HistogramCounts } from "./histogram.ts";
import type { RowList } from "./row-groups.ts";

/** Buckets come in pages of so many: values that are like each other share one. */
const PAGE_BITS = 6;
const PAGE = 1 << PAGE_BITS;
const PAGES = BUCKETS >>> PAGE_BITS;
const PAGES_AT_FIRST = 8;
const U16_MAX = 2 ** 16 - 1;
const U32_MAX = 2 ** 32 - 1;

type Counts = Uint16Array | Uint32Array | Float64Array;
const NOTHING = new Uint16Array(0);

/** A histogram's counts, with memory for pages of buckets into which values have come. */
export class PagedCounts {
  /** Of each page, 1 + its place in `#counts`; 0: none of its buckets is in use. Null while empty. */
  #places: Uint16Array | null = null;
  #pages = 0;
  /** Page after page, as they came. */
  #counts: Counts = NOTHING;
  /** What each of them may come to; more takes wider ones. */
  #most = U16_MAX;

  /** Adds to a bucket. */
  add(index: number, count: number): void {
    const places = (this.#places ??= new Uint16Array(PAGES));
    // First: making room may put other counts in their place.
    const at = this.#placeIn(places, index);
    const sum = this.#counts[at]! + count;
    if (sum > this.#most) this.#widen(sum);
    this.#counts[at] = sum;
  }

  /** Adds one to the bucket of each row of a list. */
  addEach(buckets: Uint16Array, { from, order, to }: RowList): void {
    const places = (this.#places ??= new Uint16Array(PAGES));
    let counts = this.#counts;
    let most = this.#most;
    for (let next = from; next < to; next++) {
      const bucket = buckets[order[next]!]!;
      const place = places[bucket >>> PAGE_BITS]!;
      const at = ((place - 1) << PAGE_BITS) + (bucket & (PAGE - 1));
      if (place > 0 && counts[at]! < most) {
        counts[at]! += 1;
      } else {
        this.add(bucket, 1);
        counts = this.#counts;
        most = this.#most;
      }
    }
  }

  /** Forgets all, and keeps the memory. */
  clear(): void {
    this.#places?.fill(0);
    this.#counts.fill(0, 0, this.#pages << PAGE_BITS);
    this.#pages = 0;
  }

  /** Writes the buckets in use and their counts, ascending; how many there are. */
  writeTo({ count: counts, index }: HistogramCounts): number {
    const [own, places] = [this.#counts, this.#places];
    let used = 0;
    for (let page = 0; places !== null && page < PAGES; page++) {
      const place = places[page]!;
      if (place === 0) continue;
      const from = (place - 1) << PAGE_BITS;
      for (let at = 0; at < PAGE; at++) {
        const count = own[from + at]!;
        if (count === 0) continue;
        index[used] = (page << PAGE_BITS) + at;
        counts[used++] = count;
      }
    }
    return used;
  }

  /** The last bucket in use; -1 when there is none. */
  lastUsed(): number {
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

  #widen(count: number): void {
    const wide = count > U32_MAX;
    this.#counts = wide ? Float64Array.from(this.#counts) : Uint32Array.from(this.#counts);
    this.#most = wide ? Infinity : U32_MAX;
  }

  /** Where a bucket's count is; room is made for it. */
  #placeIn(places: Uint16Array, index: number): number {
    const page = index >>> PAGE_BITS;
    const place = places[page]! || this.#newPage(places, page);
    return ((place - 1) << PAGE_BITS) + (index & (PAGE - 1));
  }

  #newPage(places: Uint16Array, page: number): number {
    const has = this.#counts.length / PAGE;
    if (this.#pages === has) {
      const pages = Math.min(Math.max(PAGES_AT_FIRST, 2 * has), PAGES);
      const Wide = this.#counts.constructor as Uint16ArrayConstructor;
      const counts = new Wide(pages * PAGE);
      counts.set(this.#counts);
      this.#counts = counts;
    }
    return (places[page] = ++this.#pages);
  }
}
