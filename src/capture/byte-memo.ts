import { areEqual, copyBytes, ViewedBytes } from "./viewed-bytes.ts";

/** Of the bytes that are held, raw and made together. */
const ARENA_FIRST_BYTES = 2 ** 16;
const WORD_BYTES = 4;
const HASH_FACTOR = 0x9e3779b1;
const NONE = -1;
/** Hashes spread out hardly ever need more; whoever writes a log can make its texts fall on one place. */
const PROBES_MAX = 64;

/** How much a memo holds: when either is reached, all of it is forgotten and it begins anew. */
export interface ByteMemoSizes {
  /** A power of two. */
  readonly entriesMax: number;
  readonly bytesMax: number;
}

/** The same for the same bytes; those of whole words are taken four at a time, the last overlapping. */
function hashOf({ bytes, view }: ViewedBytes, from: number, to: number, salt: number): number {
  let hash = Math.imul(salt ^ (to - from), HASH_FACTOR);
  if (to - from < WORD_BYTES) {
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, HASH_FACTOR);
    return hash ^ (hash >>> 15);
  }
  const last = to - WORD_BYTES;
  for (let at = from; at < last; at += WORD_BYTES) {
    hash = Math.imul(hash ^ view.getInt32(at, true), HASH_FACTOR);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ view.getInt32(last, true), HASH_FACTOR);
  return hash ^ (hash >>> 15);
}

/** An entry is a row of so many numbers, half a line of a processor's cache: a look-up waits for memory. */
const ROW = 8;
const [HASH, SALT, SERIAL, TAG, TEXT, NOTE, RAW, BYTES] = [0, 1, 2, 3, 4, 5, 6, 7];
/** How long the raw text is stands in the lower bits of `BYTES`, and above it what was made of it. */
const RAW_BITS = 14;
const RAW_BYTES_MAX = 2 ** RAW_BITS - 1;
const MADE_BYTES_MAX = 2 ** 16;
/** A character of UTF-16 takes at most three bytes in UTF-8. */
const BYTES_PER_CHAR_MAX = 3;

/** What is known of a text, to be remembered. */
interface Known<T> {
  /** What was made of it; at most 65,536 bytes. */
  readonly made?: string;
  /** A whole number below 2^32. */
  readonly text?: number;
  /** For few texts: of most, that there is none. */
  readonly note?: T | undefined;
  /** A whole number below 2^31. */
  readonly tag?: number;
  readonly salt?: number;
}

/**
 * Remembers what is known of texts that come again, as numbers and bytes: to look one up makes no
 * object. What it takes is bounded by `sizes`, and so is a look-up: of texts that fall on one
 * place, only so many are remembered. Entries are told by a number, good until the next `put`.
 */
export class ByteMemo<T = undefined> {
  readonly #sizes: ByteMemoSizes;
  /** A row with the serial 0 is free. */
  readonly #rows: Int32Array;
  /** Of each entry the raw text, and behind it what was made of it. */
  #arena = new ViewedBytes(Buffer.allocUnsafeSlow(ARENA_FIRST_BYTES));
  #end = 0;
  #count = 0;
  #serial = 0;
  #notes: T[] = [];
  /** Of the text that was looked for last. */
  #hash = 0;

  constructor(sizes: ByteMemoSizes) {
    this.#sizes = sizes;
    this.#rows = new Int32Array(sizes.entriesMax * 2 * ROW);
  }

  /** The entry of a text; −1 when there is none. `salt` tells apart equal texts. */
  find(text: ViewedBytes, from: number, to: number, salt = 0): number {
    const hash = hashOf(text, from, to, salt);
    this.#hash = hash;
    const rows = this.#rows;
    const mask = rows.length - 1;
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const entry = ((hash + probe) * ROW) & mask;
      if (rows[entry + SERIAL] === 0) return NONE;
      if (rows[entry + HASH] !== hash || rows[entry + SALT] !== salt) continue;
      if ((rows[entry + BYTES]! & RAW_BYTES_MAX) !== to - from) continue;
      if (areEqual(this.#arena, rows[entry + RAW]!, text, from, to)) return entry;
    }
    return NONE;
  }

  /**
   * Remembers what is known of the text, of less than 16,384 bytes, that `find` did not find just
   * now, under the same salt; its entry.
   */
  put({ bytes }: ViewedBytes, from: number, to: number, known: Known<T>): number {
    const { made = "", note, salt = 0, tag = 0, text = 0 } = known;
    const most = to - from + made.length * BYTES_PER_CHAR_MAX;
    if (to - from > RAW_BYTES_MAX || made.length * BYTES_PER_CHAR_MAX > MADE_BYTES_MAX) {
      throw new RangeError(`a text of ${to - from} bytes, of which ${made.length} were made`);
    }
    if (this.#count === this.#sizes.entriesMax || this.#end + most > this.#sizes.bytesMax) {
      this.#forget();
    }
    this.#reserve(most);
    this.#count++;
    const [entry, rows] = [this.#place(), this.#rows];
    rows[entry + HASH] = this.#hash;
    rows[entry + SALT] = salt;
    rows[entry + SERIAL] = ++this.#serial;
    rows[entry + TAG] = tag;
    rows[entry + TEXT] = text;
    rows[entry + NOTE] = note === undefined ? 0 : this.#notes.push(note);
    rows[entry + RAW] = this.#end;
    this.#end += bytes.copy(this.#arena.bytes, this.#end, from, to);
    const madeBytes = made === "" ? 0 : this.#arena.bytes.write(made, this.#end);
    this.#end += madeBytes;
    rows[entry + BYTES] = (to - from) | (madeBytes << RAW_BITS);
    return entry;
  }

  /** A free row, or where all are taken, the last one, which is forgotten. */
  #place(): number {
    const rows = this.#rows;
    const entryAt = (probe: number): number => ((this.#hash + probe) * ROW) & (rows.length - 1);
    let probe = 0;
    while (probe < PROBES_MAX - 1 && rows[entryAt(probe) + SERIAL] !== 0) probe++;
    return entryAt(probe);
  }

  /** Writes what was made into `target`; returns where it ends there. */
  copyMade(entry: number, target: ViewedBytes, at: number): number {
    const bytes = this.#rows[entry + BYTES]!;
    const from = this.#rows[entry + RAW]! + (bytes & RAW_BYTES_MAX);
    return copyBytes(this.#arena, from, from + (bytes >>> RAW_BITS), target, at);
  }

  noteOf(entry: number): T | undefined {
    const note = this.#rows[entry + NOTE]!;
    return note === 0 ? undefined : this.#notes[note - 1];
  }

  textOf(entry: number): number {
    return this.#rows[entry + TEXT]! >>> 0;
  }

  tagOf(entry: number): number {
    return this.#rows[entry + TAG]!;
  }

  /** Another for each text that was ever put, from 1. */
  serialOf(entry: number): number {
    return this.#rows[entry + SERIAL]!;
  }

  #forget(): void {
    this.#rows.fill(0);
    [this.#end, this.#count, this.#notes] = [0, 0, []];
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#arena.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#arena.bytes.length * 2, needed));
    this.#arena.bytes.copy(grown, 0, 0, this.#end);
    this.#arena = new ViewedBytes(grown);
  }
}
