const ZERO = 48;
const NUMBER_BYTES_MAX = 32;
/** Shorter pieces are copied faster one byte at a time than by a call. */
const COPY_BYTES_MIN = 32;
/** A character of UTF-16 takes at most three bytes in UTF-8. */
const BYTES_PER_CHAR_MAX = 3;

/** Puts lines together, piece by piece, in chunks. */
export class LineBytes {
  readonly #chunkBytes: number;
  bytes: Buffer;
  end = 0;

  constructor(chunkBytes: number) {
    this.#chunkBytes = chunkBytes;
    this.bytes = Buffer.allocUnsafe(chunkBytes);
  }

  /** What was written, which is then another's; undefined when there is nothing. */
  take(): Buffer | undefined {
    if (this.end === 0) return undefined;
    const taken = this.bytes.subarray(0, this.end);
    this.bytes = Buffer.allocUnsafe(this.#chunkBytes);
    this.end = 0;
    return taken;
  }

  get isFull(): boolean {
    return this.end * 2 > this.#chunkBytes;
  }

  /** Makes sure of room for so many bytes more. */
  reserve(bytes: number): void {
    if (this.end + bytes <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.end + bytes));
    this.bytes.copy(grown, 0, 0, this.end);
    this.bytes = grown;
  }

  text(text: string): void {
    this.reserve(text.length * BYTES_PER_CHAR_MAX);
    this.end += this.bytes.write(text, this.end);
  }

  copy(from: Buffer, at: number, to: number): void {
    const length = to - at;
    this.reserve(length);
    if (length < COPY_BYTES_MIN) {
      for (let i = 0; i < length; i++) this.bytes[this.end + i] = from[at + i]!;
    } else from.copy(this.bytes, this.end, at, to);
    this.end += length;
  }

  whole(piece: Buffer): void {
    this.copy(piece, 0, piece.length);
  }

  /** A number as JSON writes it. */
  number(value: number): void {
    if (value < 0 || !Number.isSafeInteger(value)) {
      this.text(JSON.stringify(value));
      return;
    }
    this.reserve(NUMBER_BYTES_MAX);
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits++;
    let rest = value;
    for (let at = this.end + digits - 1; at >= this.end; at--) {
      const left = Math.floor(rest / 10);
      this.bytes[at] = ZERO + (rest - left * 10);
      rest = left;
    }
    this.end += digits;
  }
}
