const BITS_AT_FIRST = 1 << 13;

/** Starts, by their number (32 bits): a bit for each up to the largest, since a run numbers them from 0. */
export class StartSet {
  #bits = new Uint8Array(BITS_AT_FIRST >> 3);

  has(seq: number): boolean {
    return seq >= 0 && ((this.#bits[seq >>> 3] ?? 0) & (1 << (seq & 7))) !== 0;
  }

  add(seq: number): void {
    const place = seq >>> 3;
    if (place >= this.#bits.length) this.#makeRoom(place + 1);
    this.#bits[place]! |= 1 << (seq & 7);
  }

  delete(seq: number): void {
    if (this.has(seq)) this.#bits[seq >>> 3]! &= ~(1 << (seq & 7));
  }

  #makeRoom(least: number): void {
    const bits = new Uint8Array(Math.max(least, 2 * this.#bits.length));
    bits.set(this.#bits);
    this.#bits = bits;
  }
}

/** A number from 0 for each start, by its own; -1 where none was set. */
export class StartNumbers {
  #numbers: Uint16Array | Uint32Array;

  /** `below`: no number that is set is as large. */
  constructor(below: number) {
    this.#numbers = new (below < 2 ** 16 ? Uint16Array : Uint32Array)(BITS_AT_FIRST);
  }

  get(seq: number): number {
    return (this.#numbers[seq] ?? 0) - 1;
  }

  set(seq: number, value: number): void {
    if (seq >= this.#numbers.length) {
      const Numbers = this.#numbers instanceof Uint16Array ? Uint16Array : Uint32Array;
      const numbers = new Numbers(Math.max(seq + 1, 2 * this.#numbers.length));
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    this.#numbers[seq] = value + 1;
  }
}
