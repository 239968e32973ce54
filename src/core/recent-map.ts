/**
 * A map of so many entries: past that the one is forgotten that was neither asked for nor set for
 * longest. It takes room as it fills; caches that have room for all from the first take 10 ms to make.
 */
export class RecentMap<Key, Value extends string | number | object> {
  readonly #max: number;
  // In the order in which they were last seen: what is set anew comes last.
  readonly #entries = new Map<Key, Value>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#max) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest!);
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }
}
