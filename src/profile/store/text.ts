import { readSync } from "node:fs";
import { LRUCache } from "lru-cache";
import { messageOf, ShakedownError } from "../../core/index.ts";

/** Where the texts of all records are, one after another: in shared memory, or in an open file. */
export type StoredText =
  | { readonly kind: "memory"; readonly bytes: Uint8Array }
  | { readonly kind: "file"; readonly fd: number; readonly size: number };

/** How much of a file is read at once, and how much of it is kept. */
export interface BlockSize {
  readonly blockBytes: number;
  readonly blocks: number;
}

/** Copies of a capture that are superposed read in as many places: each has its block. */
const BLOCK_SIZE: BlockSize = { blockBytes: 2 ** 16, blocks: 128 };

/** Reads what stands between two places, in bytes, as UTF-8. */
export interface TextReader {
  slice(from: number, to: number): string;
}

/** @throws (of `slice`) FILE_UNREADABLE when a file cannot be read any more */
export function readerOf(text: StoredText, size: BlockSize = BLOCK_SIZE): TextReader {
  if (text.kind === "file") return new BlockReader(text, size);
  const { buffer, byteLength, byteOffset } = text.bytes;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  return { slice: (from, to) => bytes.toString("utf8", from, to) };
}

/** Synchronous, in whole blocks: who reads in order reads the disk once in some hundred records. */
class BlockReader implements TextReader {
  readonly #fd: number;
  readonly #size: number;
  readonly #blockBytes: number;
  readonly #blocks: LRUCache<number, Buffer>;
  #lastNumber = -1;
  #last: Buffer = Buffer.alloc(0);

  constructor({ fd, size }: Extract<StoredText, { kind: "file" }>, block: BlockSize) {
    this.#fd = fd;
    this.#size = size;
    this.#blockBytes = block.blockBytes;
    this.#blocks = new LRUCache({ max: block.blocks });
  }

  slice(from: number, to: number): string {
    const number = Math.floor(from / this.#blockBytes);
    const begin = number * this.#blockBytes;
    if (to <= begin + this.#blockBytes) {
      return this.#block(number).toString("utf8", from - begin, to - begin);
    }
    return this.#across(from, to).toString("utf8");
  }

  /** What reaches over the edges of blocks: joined before it is decoded. */
  #across(from: number, to: number): Buffer {
    const bytes = Buffer.allocUnsafe(to - from);
    for (let at = from; at < to;) {
      const number = Math.floor(at / this.#blockBytes);
      const begin = number * this.#blockBytes;
      at += this.#block(number).copy(bytes, at - from, at - begin, to - begin);
    }
    return bytes;
  }

  #block(number: number): Buffer {
    if (number === this.#lastNumber) return this.#last;
    this.#last = this.#blocks.get(number) ?? this.#load(number);
    this.#lastNumber = number;
    return this.#last;
  }

  #load(number: number): Buffer {
    const full = this.#blocks.size >= this.#blocks.max;
    const bytes =
      (full ? this.#blocks.pop() : undefined) ?? Buffer.allocUnsafeSlow(this.#blockBytes);
    // Should the reading fail, what is in these bytes is no block.
    this.#lastNumber = -1;
    const begin = number * this.#blockBytes;
    const end = Math.min(this.#blockBytes, this.#size - begin);
    for (let at = 0; at < end;) at += this.#read(bytes, at, end, begin);
    this.#blocks.set(number, bytes);
    return bytes;
  }

  #read(bytes: Buffer, at: number, end: number, begin: number): number {
    let cause: unknown = new Error("it is shorter than it was");
    try {
      const read = readSync(this.#fd, bytes, at, end - at, begin + at);
      if (read > 0) return read;
    } catch (thrown) {
      cause = thrown;
    }
    throw new ShakedownError(
      "FILE_UNREADABLE",
      `the temporary file that holds the profile's records cannot be read: ${messageOf(cause)}`,
      { hint: "see whether its disk is well; the environment's TMPDIR names another place", cause },
    );
  }
}
