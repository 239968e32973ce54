import { hashText53 } from "../../core/index.ts";
import { keysOf, requestKey } from "../keys.ts";
import type { ProfileRecord } from "../record.ts";
import type { RecordStore } from "../store/index.ts";
import { NumberTable } from "./number-table.ts";

/**
 * What a key, a value or a name goes by: 53 bits of its text, never 0. Of ten million, two have the
 * same once in two hundred profiles; they are then one.
 */
export const numberOf = (text: string): number => hashText53(text) || 1;

const FIRST_CAPACITY = 1_024;

/** A list of numbers that grows, 8 bytes each. */
export class Numbers {
  #array = new Float64Array(FIRST_CAPACITY);
  length = 0;

  push(value: number): void {
    if (this.length === this.#array.length) {
      const larger = new Float64Array(2 * this.#array.length);
      larger.set(this.#array);
      this.#array = larger;
    }
    this.#array[this.length++] = value;
  }

  at(index: number): number {
    return this.#array[index]!;
  }

  set(index: number, value: number): void {
    this.#array[index] = value;
  }

  get values(): Float64Array {
    return this.#array.subarray(0, this.length);
  }
}

/** Texts one after another, as UTF-16: some have halves of characters, which UTF-8 cannot say. */
class TextList {
  #bytes = Buffer.allocUnsafe(2 ** 16);
  #end = 0;
  readonly #ends = new Numbers();

  push(text: string): void {
    const bytes = 2 * text.length;
    if (this.#end + bytes > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * this.#bytes.length + bytes);
      this.#bytes.copy(larger, 0, 0, this.#end);
      this.#bytes = larger;
    }
    this.#end += this.#bytes.write(text, this.#end, "utf16le");
    this.#ends.push(this.#end);
  }

  at(index: number): string {
    const from = index === 0 ? 0 : this.#ends.at(index - 1);
    return this.#bytes.toString("utf16le", from, this.#ends.at(index));
  }
}

/** What a value is; several at once. */
export const KIND = {
  /** It stands in a path, a query or a body. */
  asked: 1,
  /** It belongs to one user. */
  session: 2,
  /** Both in the same place. */
  askedSession: 4,
  /** A session's or a connection's pseudonym. */
  pseudonym: 8,
} as const;

const NO_PAIR = -1;

/**
 * What one pass over a capture finds: its request keys, and the values in them. Grows with the
 * distinct ones, by about 100 bytes and the text each, and not with the requests.
 */
export class Catalogue {
  /** Of values, by `numberOf`. */
  readonly values = new NumberTable();
  readonly #keys = new NumberTable();
  readonly #times = new Numbers();
  readonly #texts = new TextList();
  readonly #kinds = new Numbers();
  readonly #requests = new Numbers();
  /** Of each value, the pairs with its keys as a list from the last one. */
  readonly #lastPair = new Numbers();
  readonly #pairBefore = new Numbers();
  readonly #pairKey = new Numbers();

  constructor(records: RecordStore) {
    for (const record of records.records()) this.#add(record);
  }

  get keyCount(): number {
    return this.#keys.size;
  }

  /** How often each key was asked for. */
  get times(): Float64Array {
    return this.#times.values;
  }

  textOf(value: number): string {
    return this.#texts.at(value);
  }

  /** Whether a value is of a kind. */
  is(value: number, kind: number): boolean {
    return (this.#kinds.at(value) & kind) !== 0;
  }

  /** How many requests ask for a value. */
  requestsOf(value: number): number {
    return this.#requests.at(value);
  }

  /** Tells each key that a value stands in until it is told to stop. */
  eachKey(value: number, told: (key: number) => boolean): void {
    let pair = this.#lastPair.at(value);
    while (pair !== NO_PAIR && told(this.#pairKey.at(pair))) pair = this.#pairBefore.at(pair);
  }

  #add(record: ProfileRecord): void {
    const keys = keysOf(record);
    const key = this.#countKey(requestKey(record, keys));
    const asked = new Set<number>();
    for (const { class: kind, text, value } of keys) {
      const index = this.#valueOf(value);
      const isAsked = typeof text !== "number";
      if (kind === "session") this.#mark(index, isAsked ? KIND.askedSession : 0, KIND.session);
      if (isAsked) asked.add(index);
    }
    for (const index of asked) {
      this.#mark(index, KIND.asked);
      this.#requests.set(index, this.#requests.at(index) + 1);
      // A key has the same values each time, so its first request says all.
      if (key !== null && this.#times.at(key) === 1) this.#pair(index, key);
    }
    for (const name of [record.session, record.connection]) {
      if (name !== undefined) this.#mark(this.#valueOf(name), KIND.pseudonym);
    }
  }

  #countKey(text: string | null): number | null {
    if (text === null) return null;
    const key = this.#keys.add(numberOf(text));
    if (key === this.#times.length) this.#times.push(0);
    this.#times.set(key, this.#times.at(key) + 1);
    return key;
  }

  #valueOf(text: string): number {
    const index = this.values.add(numberOf(text));
    if (index < this.#kinds.length) return index;
    this.#texts.push(text);
    this.#kinds.push(0);
    this.#requests.push(0);
    this.#lastPair.push(NO_PAIR);
    return index;
  }

  #mark(value: number, ...kinds: readonly number[]): void {
    for (const kind of kinds) this.#kinds.set(value, this.#kinds.at(value) | kind);
  }

  #pair(value: number, key: number): void {
    this.#pairBefore.push(this.#lastPair.at(value));
    this.#lastPair.set(value, this.#pairKey.length);
    this.#pairKey.push(key);
  }
}
