import type { Share } from "./schema.ts";

/** Counts values; what it takes grows with the distinct ones. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(value: string): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  get distinct(): number {
    return this.#counts.size;
  }

  of(value: string): number {
    return this.#counts.get(value) ?? 0;
  }

  /** Shares of `total`, the largest first, equal ones by value. */
  shares(total: number): Share[] {
    return [...this.#counts]
      .map(([value, count]) => ({ value, count, share: count / total }))
      .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  }
}
