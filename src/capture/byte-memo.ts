/** Of the bytes that are held, raw and made together. */
const ARENA_FIRST_BYTES = 2 ** 16;
const WORD_BYTES = 4;
const HASH_FACTOR = 0x9e3779b1;
const EMPTY = -1;
/** Hashes spread out hardly ever need more; whoever writes a log can make its texts fall on one place. */
const PROBES_MAX = 64;
/** Shorter pieces are copied faster one byte at a time than by a call. */
const COPY_BYTES_MIN = 48;

/** How much a memo holds: when either is reached, all of it is forgotten and it begins anew. */
export interface ByteMemoSizes {
  /** A power of two. */
  readonly entriesMax: number;
  readonly bytesMax: number;
}

/** Bytes, with the view that reads them as words. */
export class ViewedBytes {
  readonly bytes: Buffer;
  readonly view: DataView;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
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

/** Whether the bytes of `b` between two places stand in `a` as well, from `aFrom` on. */
export function areEqual(
  a: ViewedBytes,
  aFrom: number,
  b: ViewedBytes,
  from: number,
  to: number,
): boolean {
  const last = to - WORD_BYTES;
  if (last < from) {
    for (let at = from; at < to; at++) {
      if (a.bytes[aFrom + at - from] !== b.bytes[at]) return false;
    }
    return true;
  }
  for (let at = from; at < last; at += WORD_BYTES) {
    if (a.view.getInt32(aFrom + at - from, true) !== b.view.getInt32(at, true)) return false;
  }
  return a.view.getInt32(aFrom + last - from, true) === b.view.getInt32(last, true);
}

/**
 * Remembers what was made of texts that come again, both as bytes: to look one up makes no object.
 * What it takes is bounded by `sizes`, and so is a look-up: of texts that fall on one place, only so
 * many are remembered. Entries are told by a number, good until the next `put`.
 */
export class ByteMemo<T = undefined> {
  readonly #sizes: ByteMemoSizes;
  readonly #slots: Int32Array;
  #arena = new ViewedBytes(Buffer.allocUnsafeSlow(ARENA_FIRST_BYTES));
  #end = 0;
  #count = 0;
  #serial = 0;
  readonly #hashes: Int32Array;
  readonly #salts: Int32Array;
  readonly #serials: Int32Array;
  /** Where the raw text begins and ends; what was made of it follows. */
  readonly #raw: Int32Array;
  readonly #rawEnds: Int32Array;
  readonly #madeEnds: Int32Array;
  #notes: (T | undefined)[] = [];
  /** Where a text that was looked for last belongs. */
  #hash = 0;

  constructor(sizes: ByteMemoSizes) {
    const { entriesMax } = sizes;
    this.#sizes = sizes;
    this.#slots = new Int32Array(entriesMax * 2).fill(EMPTY);
    this.#hashes = new Int32Array(entriesMax);
    this.#salts = new Int32Array(entriesMax);
    this.#serials = new Int32Array(entriesMax);
    this.#raw = new Int32Array(entriesMax);
    this.#rawEnds = new Int32Array(entriesMax);
    this.#madeEnds = new Int32Array(entriesMax);
  }

  /** The entry of a text; −1 when there is none. `salt` tells apart equal texts. */
  find(text: ViewedBytes, from: number, to: number, salt = 0): number {
    const hash = hashOf(text, from, to, salt);
    this.#hash = hash;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const entry = slots[(hash + probe) & mask]!;
      if (entry === EMPTY) return EMPTY;
      if (this.#hashes[entry] !== hash || this.#salts[entry] !== salt) continue;
      const raw = this.#raw[entry]!;
      if (this.#rawEnds[entry]! - raw !== to - from) continue;
      if (areEqual(this.#arena, raw, text, from, to)) return entry;
    }
    return EMPTY;
  }

  /** Remembers what was made of the text that `find` did not find just now; its entry. */
  put(text: Buffer, made: Buffer, note?: T, salt = 0): number {
    const bytes = text.length + made.length;
    if (this.#count === this.#sizes.entriesMax || this.#end + bytes > this.#sizes.bytesMax) {
      this.#forget();
    }
    this.#reserve(bytes);
    const entry = this.#count++;
    this.#hashes[entry] = this.#hash;
    this.#salts[entry] = salt;
    this.#serials[entry] = ++this.#serial;
    this.#raw[entry] = this.#end;
    this.#end += text.copy(this.#arena.bytes, this.#end);
    this.#rawEnds[entry] = this.#end;
    this.#end += made.copy(this.#arena.bytes, this.#end);
    this.#madeEnds[entry] = this.#end;
    if (note !== undefined) this.#notes[entry] = note;
    const mask = this.#slots.length - 1;
    let probe = 0;
    // Where all places are taken, the last one is forgotten.
    while (probe < PROBES_MAX - 1 && this.#slots[(this.#hash + probe) & mask] !== EMPTY) probe++;
    this.#slots[(this.#hash + probe) & mask] = entry;
    return entry;
  }

  /** Writes what was made into `target`; returns where it ends there. */
  copyMade(entry: number, target: Buffer, at: number): number {
    const from = this.#rawEnds[entry]!;
    const length = this.#madeEnds[entry]! - from;
    const { bytes } = this.#arena;
    if (length >= COPY_BYTES_MIN) bytes.copy(target, at, from, from + length);
    else for (let i = 0; i < length; i++) target[at + i] = bytes[from + i]!;
    return at + length;
  }

  madeBytes(entry: number): number {
    return this.#madeEnds[entry]! - this.#rawEnds[entry]!;
  }

  noteOf(entry: number): T | undefined {
    return this.#notes[entry];
  }

  /** Another for each text that was ever put, from 1. */
  serialOf(entry: number): number {
    return this.#serials[entry]!;
  }

  #forget(): void {
    this.#slots.fill(EMPTY);
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
