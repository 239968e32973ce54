import type { ProfileRecord } from "../record.ts";
import { positionOf, type RecordColumns } from "./columns.ts";
import { type BlockSize, readerOf, type StoredText, type TextReader } from "./text.ts";

/**
 * Records as plain data: what goes to other threads, which share it without a copy. Each opens a
 * `RecordStore` of its own on it.
 */
export interface StoredRecords {
  readonly columns: RecordColumns;
  readonly text: StoredText;
  /** Of all texts together. */
  readonly bytes: number;
}

/**
 * The records of a profile, in order, of which only columns are held (22 bytes a record): a record
 * is read and parsed when it is asked for. Reading in order is the rule; any order works.
 */
export class RecordStore {
  readonly length: number;
  /** By arrival, after the first; shared memory. */
  readonly offsetsNs: Float64Array;
  /** The distinct routes, in the order in which they were met. */
  readonly routes: readonly string[];
  /** Whether any record has a session, or a connection. */
  readonly hasSessions: boolean;
  readonly data: StoredRecords;
  readonly #columns: RecordColumns;
  readonly #reader: TextReader;
  #lastIndex = -1;
  #last: ProfileRecord | undefined;

  constructor(data: StoredRecords, size?: BlockSize) {
    this.data = data;
    this.#columns = data.columns;
    this.length = data.columns.length;
    this.offsetsNs = data.columns.offsetsNs;
    this.routes = data.columns.routes;
    this.hasSessions = data.columns.sessions !== null;
    this.#reader = readerOf(data.text, size);
  }

  /**
   * The record of that index, below `length`; several arms ask for the same, one after another.
   * @throws FILE_UNREADABLE when the file under the store cannot be read any more
   */
  record(index: number): ProfileRecord {
    if (index !== this.#lastIndex) {
      this.#last = this.#read(index);
      this.#lastIndex = index;
    }
    return this.#last!;
  }

  /** Index into `routes`. */
  routeOf(index: number): number {
    return this.#columns.routeIndexes[index]!;
  }

  /** A number that is the session's, or the connection's, own: see `sessionNumber`; 0 for none. */
  sessionOf(index: number): number {
    const { sessions } = this.#columns;
    return sessions === null ? 0 : sessions[index]!;
  }

  /** All records in order, read as they are asked for. */
  *records(): Generator<ProfileRecord, void> {
    for (let index = 0; index < this.length; index++) yield this.#read(index);
  }

  #read(index: number): ProfileRecord {
    const from = positionOf(this.#columns, index);
    const to = index + 1 < this.length ? positionOf(this.#columns, index + 1) : this.data.bytes;
    const record = JSON.parse(this.#reader.slice(from, to)) as ProfileRecord;
    // The profile's own where the store holds a part of it.
    record.offsetNs = this.offsetsNs[index]!;
    return record;
  }
}
