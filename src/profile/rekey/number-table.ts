/** A table as plain data: what goes to other threads, which share it. Not to be added to there. */
export interface NumberTableData {
  /** Open addressing: 0 is an empty slot. */
  readonly slots: Float64Array;
  /** The index of the number in each slot. */
  readonly indexes: Uint32Array;
  readonly size: number;
}

const FIRST_SLOTS = 1_024;
const NONE = -1;

const slotsOf = (length: number): Float64Array =>
  new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
const indexesOf = (length: number): Uint32Array =>
  new Uint32Array(new SharedArrayBuffer(length * Uint32Array.BYTES_PER_ELEMENT));

/**
 * Gives whole numbers (1 to 2^53 − 1, evenly spread: hashes) an index each, in the order in which
 * they come. It takes 12 to 48 bytes a number in memory that threads share, where a `Map` takes
 * more, is looked through by every garbage collection, and ends at 2^24 entries.
 */
export class NumberTable {
  #slots: Float64Array;
  #indexes: Uint32Array;
  #size: number;

  constructor(data?: NumberTableData) {
    this.#slots = data?.slots ?? slotsOf(FIRST_SLOTS);
    this.#indexes = data?.indexes ?? indexesOf(FIRST_SLOTS);
    this.#size = data?.size ?? 0;
  }

  /** How many numbers there are. */
  get size(): number {
    return this.#size;
  }

  get data(): NumberTableData {
    return { slots: this.#slots, indexes: this.#indexes, size: this.#size };
  }

  /** The number's index, or −1. */
  indexOf(number: number): number {
    const slot = this.#slotFor(number);
    return this.#slots[slot] === 0 ? NONE : this.#indexes[slot]!;
  }

  /** The number's index, which is the size before where it is new. */
  add(number: number): number {
    let slot = this.#slotFor(number);
    if (this.#slots[slot] !== 0) return this.#indexes[slot]!;
    if (2 * (this.#size + 1) > this.#slots.length) {
      this.#grow();
      slot = this.#slotFor(number);
    }
    this.#slots[slot] = number;
    this.#indexes[slot] = this.#size;
    return this.#size++;
  }

  /** The slot that the number is in, or the empty one where it would be. */
  #slotFor(number: number): number {
    const slots = this.#slots;
    // The length is a power of two: the lowest bits are as good as any.
    const mask = slots.length - 1;
    let slot = (number % 2 ** 32) & mask;
    while (slots[slot] !== 0 && slots[slot] !== number) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [slots, indexes] = [this.#slots, this.#indexes];
    this.#slots = slotsOf(2 * slots.length);
    this.#indexes = indexesOf(2 * slots.length);
    for (const [from, number] of slots.entries()) {
      if (number === 0) continue;
      const slot = this.#slotFor(number);
      this.#slots[slot] = number;
      this.#indexes[slot] = indexes[from]!;
    }
  }
}
