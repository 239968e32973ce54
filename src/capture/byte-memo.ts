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

/** What is known of an entry: so many numbers, side by side, since a look-up waits for memory. */
const KNOWN = 8;
const [SALT, SERIAL, TAG, RAW, RAW_END, MADE_END] = [0, 1, 2, 3, 4, 5];
/** A character of UTF-16 takes at most three bytes in UTF-8. */
const BYTES_PER_CHAR_MAX = 3;

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

/** What was made of a text, to be remembered. */
interface Made<T> {
  readonly text: string;
  readonly note?: T | undefined;
  /** Any whole number. */
  readonly tag?: number;
  readonly salt?: number;
}

/**
 * Remembers what was made of texts that come again, both as bytes: to look one up makes no object.
 * What it takes is bounded by `sizes`, and so is a look-up: of texts that fall on one place, only so
 * many are remembered. Entries are told by a number, good until the next `put`.
 */
export class ByteMemo<T = undefined> {
  readonly #sizes: ByteMemoSizes;
  /** Each place: a hash, and the entry that has it. */
  readonly #slots: Int32Array;
  /** Of each entry; the raw text is where it begins and ends, and what was made of it follows. */
  readonly #known: Int32Array;
  #arena = new ViewedBytes(Buffer.allocUnsafeSlow(ARENA_FIRST_BYTES));
  #end = 0;
  #count = 0;
  #serial = 0;
  #notes: (T | undefined)[] = [];
  /** Where a text that was looked for last belongs. */
  #hash = 0;

  constructor(sizes: ByteMemoSizes) {
    const { entriesMax } = sizes;
    this.#sizes = sizes;
    this.#slots = new Int32Array(entriesMax * 2 * 2).fill(EMPTY);
    this.#known = new Int32Array(entriesMax * KNOWN);
  }

  /** The entry of a text; −1 when there is none. `salt` tells apart equal texts. */
  find(text: ViewedBytes, from: number, to: number, salt = 0): number {
    const hash = hashOf(text, from, to, salt);
    this.#hash = hash;
    const [slots, known] = [this.#slots, this.#known];
    const mask = slots.length - 1;
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const slot = ((hash + probe) * 2) & mask;
      const entry = slots[slot + 1]!;
      if (entry === EMPTY) return EMPTY;
      const at = entry * KNOWN;
      if (slots[slot] !== hash || known[at + SALT] !== salt) continue;
      const raw = known[at + RAW]!;
      if (known[at + RAW_END]! - raw !== to - from) continue;
      if (areEqual(this.#arena, raw, text, from, to)) return entry;
    }
    return EMPTY;
  }

  /**
   * Remembers what was made of the text that `find` did not find just now, under the same salt; its
   * entry.
   */
  put({ bytes }: ViewedBytes, from: number, to: number, made: Made<T>): number {
    const { note, salt = 0, tag = 0, text } = made;
    const most = to - from + text.length * BYTES_PER_CHAR_MAX;
    if (this.#count === this.#sizes.entriesMax || this.#end + most > this.#sizes.bytesMax) {
      this.#forget();
    }
    this.#reserve(most);
    const entry = this.#count++;
    const [at, known] = [entry * KNOWN, this.#known];
    known[at + SALT] = salt;
    known[at + SERIAL] = ++this.#serial;
    known[at + TAG] = tag;
    known[at + RAW] = this.#end;
    this.#end += bytes.copy(this.#arena.bytes, this.#end, from, to);
    known[at + RAW_END] = this.#end;
    this.#end += this.#arena.bytes.write(text, this.#end);
    known[at + MADE_END] = this.#end;
    if (note !== undefined) this.#notes[entry] = note;
    this.#place(entry);
    return entry;
  }

  #place(entry: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const slotAt = (probe: number): number => ((this.#hash + probe) * 2) & mask;
    let probe = 0;
    // Where all places are taken, the last one is forgotten.
    while (probe < PROBES_MAX - 1 && slots[slotAt(probe) + 1] !== EMPTY) probe++;
    slots[slotAt(probe)] = this.#hash;
    slots[slotAt(probe) + 1] = entry;
  }

  /** Writes what was made into `target`; returns where it ends there. */
  copyMade(entry: number, target: Buffer, at: number): number {
    const from = this.#known[entry * KNOWN + RAW_END]!;
    const length = this.#known[entry * KNOWN + MADE_END]! - from;
    const { bytes } = this.#arena;
    if (length >= COPY_BYTES_MIN) bytes.copy(target, at, from, from + length);
    else for (let i = 0; i < length; i++) target[at + i] = bytes[from + i]!;
    return at + length;
  }

  noteOf(entry: number): T | undefined {
    return this.#notes[entry];
  }

  tagOf(entry: number): number {
    return this.#known[entry * KNOWN + TAG]!;
  }

  /** Another for each text that was ever put, from 1. */
  serialOf(entry: number): number {
    return this.#known[entry * KNOWN + SERIAL]!;
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
