/** Remembered keys per listener: at 1,000 new keys a second, those of the last 100 s. */
export const ORDINALS_MAX = 100_000;

/**
 * Counts how often each key was seen, in bounded memory: when full, the key that was not seen for
 * longest is forgotten (and would count from 1 again), and `onEvict`
 * is told.
 */
export class Ordinals {
  readonly #seen = new Map<string, number>();
  readonly #max: number;
  readonly #onEvict: () => void;

  constructor(onEvict: () => void, max = ORDINALS_MAX) {
    this.#onEvict = onEvict;
    this.#max = max;
  }

  /** 1 for the first time, 2 for the next, … */
  next(key: string): number {
    const ordinal = (this.#seen.get(key) ?? 0) + 1;
    // Taking it out first makes it the youngest in the map's order.
    this.#seen.delete(key);
    this.#seen.set(key, ordinal);
    if (this.#seen.size > this.#max) {
      const [oldest] = this.#seen.keys();
      this.#seen.delete(oldest!);
      this.#onEvict();
    }
    return ordinal;
  }
}
