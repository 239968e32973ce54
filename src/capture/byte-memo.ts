import { areEqual, copyBytes, ViewedBytes } from "./viewed-bytes.ts";

/** Of the arena, when it is made. */
const ARENA_FIRST_BYTES = 2 ** 16;
const WORD_BYTES = 4;
const HASH_FACTOR = 0x9e3779b1;
const OTHER_FACTOR = 0x85ebca6b;
const NONE = -1;
/** Hashes spread out hardly ever need more; whoever writes a log can make its texts fall on one place. */
const PROBES_MAX = 64;

/** How much a memo holds: when either is reached, all of it is forgotten and it begins anew. */
export interface ByteMemoSizes {
  /** A power of two, 2^20 at most. */
  readonly entriesMax: number;
  /** Of the entries with their heads, of `HEAD_BYTES` each; 2^24 at most. */
  readonly bytesMax: number;
}

/**
 * The same for the same bytes. Those of two whole words are taken eight at a time, the last
 * overlapping, half of them by each of two hashes: one need not wait for the other.
 */
function hashOf({ bytes, view }: ViewedBytes, from: number, to: number, salt: number): number {
  let hash = Math.imul(salt ^ (to - from), HASH_FACTOR);
  const last = to - 2 * WORD_BYTES;
  if (last < from) {
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, HASH_FACTOR);
    return hash ^ (hash >>> 15);
  }
  let other = hash;
  for (let at = from; at < last; at += 2 * WORD_BYTES) {
    hash = Math.imul(hash ^ view.getInt32(at, true), HASH_FACTOR);
    other = Math.imul(other ^ view.getInt32(at + WORD_BYTES, true), OTHER_FACTOR);
    hash ^= hash >>> 15;
    other ^= other >>> 13;
  }
  hash = Math.imul(hash ^ view.getInt32(last, true), HASH_FACTOR);
  other = Math.imul(other ^ view.getInt32(last + WORD_BYTES, true), OTHER_FACTOR);
  hash = Math.imul(hash ^ (hash >>> 15) ^ other ^ (other >>> 13), HASH_FACTOR);
  return hash ^ (hash >>> 15);
}

/**
 * An entry stands in one piece, its head in front: what comes often was put early and so stands
 * close together, where a processor has it near. What it is found by is smaller still.
 */
const HEAD = { serial: 0, salt: 4, tag: 8, text: 12, note: 16, sizes: 20 } as const;
const HEAD_BYTES = 24;
/** Entries begin at multiples of this, and not at 0. */
const ALIGN_BYTES = 8;
/** A slot holds where an entry stands in these bits, and above them what its hash has there. */
const PLACE_BITS = 21;
const PLACE_MASK = 2 ** PLACE_BITS - 1;
/** How long the raw text is stands in the lower bits of `sizes`, and above it what was made of it. */
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
  /** 0 where it is free. */
  readonly #slots: Int32Array;
  /** Of each entry the head, the raw text, and behind it what was made of it. */
  #arena = new ViewedBytes(Buffer.allocUnsafeSlow(ARENA_FIRST_BYTES));
  #end = ALIGN_BYTES;
  #count = 0;
  #serial = 0;
  #notes: T[] = [];
  /** Of the text that was looked for last. */
  #hash = 0;

  constructor(sizes: ByteMemoSizes) {
    this.#sizes = sizes;
    this.#slots = new Int32Array(sizes.entriesMax * 2);
  }

  /** The entry of a text; −1 when there is none. `salt` tells apart equal texts. */
  find(text: ViewedBytes, from: number, to: number, salt = 0): number {
    const hash = hashOf(text, from, to, salt);
    this.#hash = hash;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const { view } = this.#arena;
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const slot = slots[(hash + probe) & mask]!;
      if (slot === 0) return NONE;
      if ((slot ^ hash) >>> PLACE_BITS !== 0) continue;
      const entry = (slot & PLACE_MASK) * ALIGN_BYTES;
      if ((view.getInt32(entry + HEAD.sizes, true) & RAW_BYTES_MAX) !== to - from) continue;
      if (view.getInt32(entry + HEAD.salt, true) !== salt) continue;
      if (areEqual(this.#arena, entry + HEAD_BYTES, text, from, to)) return entry;
    }
    return NONE;
  }

  /**
   * Remembers what is known of the text, of less than 16,384 bytes, that `find` did not find just
   * now, under the same salt; its entry.
   */
  put(source: ViewedBytes, from: number, to: number, known: Known<T>): number {
    const { made = "", note, salt = 0, tag = 0, text = 0 } = known;
    const most = HEAD_BYTES + to - from + made.length * BYTES_PER_CHAR_MAX + ALIGN_BYTES;
    if (to - from > RAW_BYTES_MAX || made.length * BYTES_PER_CHAR_MAX > MADE_BYTES_MAX) {
      throw new RangeError(`a text of ${to - from} bytes, of which ${made.length} were made`);
    }
    if (this.#count === this.#sizes.entriesMax || this.#end + most > this.#sizes.bytesMax) {
      this.#forget();
    }
    this.#reserve(most);
    this.#count++;
    const [arena, entry] = [this.#arena, this.#end];
    const { view } = arena;
    const noteNumber = note === undefined ? 0 : this.#notes.push(note);
    this.#slots[this.#place()] = (this.#hash & ~PLACE_MASK) | (entry / ALIGN_BYTES);
    view.setInt32(entry + HEAD.serial, ++this.#serial, true);
    view.setInt32(entry + HEAD.salt, salt, true);
    view.setInt32(entry + HEAD.tag, tag, true);
    view.setUint32(entry + HEAD.text, text, true);
    view.setInt32(entry + HEAD.note, noteNumber, true);
    const rawTo = copyBytes(source, from, to, arena, entry + HEAD_BYTES);
    const madeBytes = made === "" ? 0 : arena.bytes.write(made, rawTo);
    view.setInt32(entry + HEAD.sizes, (to - from) | (madeBytes << RAW_BITS), true);
    this.#end = Math.ceil((rawTo + madeBytes) / ALIGN_BYTES) * ALIGN_BYTES;
    return entry;
  }

  /** A free slot, or where all are taken, the last one, whose entry is forgotten. */
  #place(): number {
    const slots = this.#slots;
    const slotAt = (probe: number): number => (this.#hash + probe) & (slots.length - 1);
    let probe = 0;
    while (probe < PROBES_MAX - 1 && slots[slotAt(probe)] !== 0) probe++;
    return slotAt(probe);
  }

  /** Writes what was made into `target`; returns where it ends there. */
  copyMade(entry: number, target: ViewedBytes, at: number): number {
    const sizes = this.#arena.view.getInt32(entry + HEAD.sizes, true);
    const from = entry + HEAD_BYTES + (sizes & RAW_BYTES_MAX);
    return copyBytes(this.#arena, from, from + (sizes >>> RAW_BITS), target, at);
  }

  noteOf(entry: number): T | undefined {
    const note = this.#arena.view.getInt32(entry + HEAD.note, true);
    return note === 0 ? undefined : this.#notes[note - 1];
  }

  textOf(entry: number): number {
    return this.#arena.view.getUint32(entry + HEAD.text, true);
  }

  tagOf(entry: number): number {
    return this.#arena.view.getInt32(entry + HEAD.tag, true);
  }

  /** Another for each text that was ever put, from 1. */
  serialOf(entry: number): number {
    return this.#arena.view.getInt32(entry + HEAD.serial, true);
  }

  #forget(): void {
    this.#slots.fill(0);
    [this.#end, this.#count, this.#notes] = [ALIGN_BYTES, 0, []];
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#arena.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#arena.bytes.length * 2, needed));
    this.#arena.bytes.copy(grown, 0, 0, this.#end);
    this.#arena = new ViewedBytes(grown);
  }
}
