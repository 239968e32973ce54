import { copyBytes, ViewedBytes } from "./viewed-bytes.ts";

const ZERO = 48;
const NUMBER_BYTES_MAX = 32;
/** Of two digits each, as they stand in bytes: `00` to `99`. */
const PAIRS = Uint16Array.from(
  { length: 100 },
  (_, pair) => ZERO + Math.floor(pair / 10) + ((ZERO + (pair % 10)) << 8),
);
/** Digits that a small integer, which is faster to divide, surely has room for. */
const LOW = { digits: 8, power: 1e8 };
/** Most lines have room in so much; for others the chunk grows. */
const LINE_ROOM_BYTES = 2 ** 12;
/** A character of UTF-16 takes at most three bytes in UTF-8. */
const BYTES_PER_CHAR_MAX = 3;

/** Memory that is used again: what is new costs more than what is written into it. */
const CHUNKS = 4;

/** Puts lines together, piece by piece, in chunks. */
export class LineBytes {
  readonly #chunkBytes: number;
  readonly #chunks: ViewedBytes[];
  #at = 0;
  #chunk: ViewedBytes;
  end = 0;

  constructor(chunkBytes: number) {
    this.#chunkBytes = chunkBytes;
    const chunk = (): ViewedBytes => new ViewedBytes(Buffer.allocUnsafeSlow(chunkBytes));
    this.#chunks = Array.from({ length: CHUNKS }, chunk);
    this.#chunk = this.#chunks[0]!;
  }

  get bytes(): Buffer {
    return this.#chunk.bytes;
  }

  /** What was written, good until three more were taken; undefined when there is nothing. */
  take(): Buffer | undefined {
    if (this.end === 0) return undefined;
    const taken = this.bytes.subarray(0, this.end);
    this.#at = (this.#at + 1) % CHUNKS;
    this.#chunk = this.#chunks[this.#at]!;
    this.end = 0;
    return taken;
  }

  get isFull(): boolean {
    return this.end + LINE_ROOM_BYTES > this.#chunkBytes;
  }

  /** Makes sure of room for so many bytes more. */
  reserve(bytes: number): void {
    if (this.end + bytes > this.#chunk.bytes.length) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    const held = this.bytes;
    const grown = Buffer.allocUnsafe(Math.max(held.length * 2, this.end + bytes));
    held.copy(grown, 0, 0, this.end);
    this.#chunk = new ViewedBytes(grown);
  }

  text(text: string): void {
    this.reserve(text.length * BYTES_PER_CHAR_MAX);
    this.end += this.bytes.write(text, this.end);
  }

  copy(source: ViewedBytes, from: number, to: number): void {
    this.reserve(to - from);
    this.end = copyBytes(source, from, to, this.#chunk, this.end);
  }

  whole(piece: ViewedBytes): void {
    this.copy(piece, 0, piece.bytes.length);
  }

  /** A number as JSON writes it. */
  number(value: number): void {
    if (value < 0 || !Number.isSafeInteger(value)) {
      this.text(JSON.stringify(value));
      return;
    }
    this.reserve(NUMBER_BYTES_MAX);
    if (value < LOW.power) {
      this.#digits(value, digitsOf(value));
      return;
    }
    const high = Math.floor(value / LOW.power);
    if (high < LOW.power) this.#digits(high, digitsOf(high));
    else this.number(high);
    this.#digits(value - high * LOW.power, LOW.digits);
  }

  /** A number below 10^8, with zeros in front up to so many digits. */
  #digits(value: number, digits: number): void {
    const { bytes, view } = this.#chunk;
    let rest = value | 0;
    let at = this.end + digits;
    for (; at >= this.end + 2; at -= 2) {
      const left = (rest / 100) | 0;
      view.setUint16(at - 2, PAIRS[rest - left * 100]!, true);
      rest = left;
    }
    if (at > this.end) bytes[this.end] = ZERO + rest;
    this.end += digits;
  }
}

/** Of a number below 10^8. */
function digitsOf(value: number): number {
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits++;
  return digits;
}
