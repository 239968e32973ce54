const SIZE_AT_FIRST = 1 << 6;
/** More of the places than this may not be taken. */
const LOAD_MAX = 0.6;

/**
 * How often each of many keys came, of which there may be as many as calls: 12 bytes a place, where a
 * map takes 40 an entry. Keys are hashes already (53 bits), so that their low bits say where they go.
 */
export class KeyCounts {
  #keys = new Float64Array(SIZE_AT_FIRST);
  /** 0: the place is free. */
  #counts = new Uint32Array(SIZE_AT_FIRST);
  #distinct = 0;
  #most = 0;

  get distinct(): number {
    return this.#distinct;
  }

  /** Of the key that came most often; 0 when none came. */
  get most(): number {
    return this.#most;
  }

  add(key: number): void {
    const place = this.#placeOf(key);
    if (this.#counts[place] === 0) {
      this.#keys[place] = key;
      this.#distinct++;
    }
    const count = ++this.#counts[place]!;
    if (count > this.#most) this.#most = count;
    if (this.#distinct > LOAD_MAX * this.#counts.length) this.#grow();
  }

  #placeOf(key: number): number {
    const mask = this.#counts.length - 1;
    // Keys that are no hashes, but numbers in a row, are spread as well (Fibonacci hashing).
    let place = (Math.imul(key | 0, 0x9e3779b1) ^ Math.floor(key / 2 ** 32)) & mask;
    while (this.#counts[place]! > 0 && this.#keys[place] !== key) place = (place + 1) & mask;
    return place;
  }

  #grow(): void {
    const [keys, counts] = [this.#keys, this.#counts];
    this.#keys = new Float64Array(2 * keys.length);
    this.#counts = new Uint32Array(2 * counts.length);
    for (let from = 0; from < keys.length; from++) {
      if (counts[from] === 0) continue;
      const place = this.#placeOf(keys[from]!);
      this.#keys[place] = keys[from]!;
      this.#counts[place] = counts[from]!;
    }
  }
}
