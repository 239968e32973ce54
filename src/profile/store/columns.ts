import { hashText53, ShakedownError } from "../../core/index.ts";
import type { ProfileRecord } from "../record.ts";
import { sessionOf } from "../in-record/session-of.ts";

/** What an observation's 16 bits can name. */
const ROUTES_MAX = 65_535;
/** Memory is only taken where it is written: a manifest that promises too much costs nothing. */
const PROMISED_MAX = 2 ** 24;
const FIRST_CAPACITY = 1_024;
const WRAP = 2 ** 32;

/**
 * What is kept of every record beside its text, 22 bytes each, in memory that all threads share.
 * Each has `length` elements, and may have room for more.
 */
export interface RecordColumns {
  readonly length: number;
  /** After the first record's arrival. */
  readonly offsetsNs: Float64Array;
  /** Where its text begins, in bytes modulo 2^32. */
  readonly positions: Uint32Array;
  /** The records, by index, before which positions passed another multiple of 2^32. */
  readonly wraps: readonly number[];
  /** Indexes into `routes`. */
  readonly routeIndexes: Uint16Array;
  /** In the order in which they were met. */
  readonly routes: readonly string[];
  /** See `sessionNumber`; null where no record has a session. */
  readonly sessions: Float64Array | null;
}

/**
 * A number of 53 bits for a record's session, or its connection; 0 where neither is known. Of ten
 * million sessions, two have the same number once in two hundred profiles.
 */
export function sessionNumber(record: ProfileRecord): number {
  const session = sessionOf(record);
  return session === null ? 0 : hashText53(session) || 1;
}

type Column = Float64Array | Uint32Array | Uint16Array;

/** With room for `capacity` elements, in shared memory that does not grow: that is read slower. */
function grown<T extends Column>(
  column: T,
  capacity: number,
  make: new (memory: SharedArrayBuffer) => T,
): T {
  const larger = new make(new SharedArrayBuffer(capacity * column.BYTES_PER_ELEMENT));
  larger.set(column);
  return larger;
}

/** Columns while they are written. */
export class ColumnWriter {
  length = 0;
  readonly #promised: number;
  readonly #places = new Map<string, number>();
  readonly #wraps: number[] = [];
  #capacity = 0;
  #firstNs = 0;
  #offsetsNs = new Float64Array(0);
  #positions = new Uint32Array(0);
  #routeIndexes = new Uint16Array(0);
  #sessions: Float64Array | null = null;

  /** @param promised how many records there will be, as far as that is known; 0 otherwise */
  constructor(promised: number) {
    this.#promised = Math.min(promised, PROMISED_MAX);
  }

  /**
   * Adds a record whose text begins at a position, in bytes.
   * @throws PROFILE_INVALID when it has more routes than observations can name
   */
  add(record: ProfileRecord, position: number): void {
    const index = this.length;
    if (index === this.#capacity) this.#grow();
    if (index === 0) this.#firstNs = record.offsetNs;
    this.#offsetsNs[index] = record.offsetNs - this.#firstNs;
    this.#positions[index] = position % WRAP;
    while (position >= (this.#wraps.length + 1) * WRAP) this.#wraps.push(index);
    this.#routeIndexes[index] = this.#placeOf(record.route);
    const session = sessionNumber(record);
    if (session !== 0) {
      this.#sessions ??= new Float64Array(new SharedArrayBuffer(this.#capacity * 8));
      this.#sessions[index] = session;
    }
    this.length++;
  }

  finish(): RecordColumns {
    return {
      length: this.length,
      offsetsNs: this.#offsetsNs.subarray(0, this.length),
      positions: this.#positions,
      wraps: this.#wraps,
      routeIndexes: this.#routeIndexes,
      routes: [...this.#places.keys()],
      sessions: this.#sessions,
    };
  }

  #placeOf(route: string): number {
    const known = this.#places.get(route);
    if (known !== undefined) return known;
    const place = this.#places.size;
    if (place === ROUTES_MAX) {
      throw new ShakedownError(
        "PROFILE_INVALID",
        `the profile has more than ${ROUTES_MAX} routes`,
        {
          hint: "its paths were not recognised as templates; keep a part of them with `capture --path`",
        },
      );
    }
    this.#places.set(route, place);
    return place;
  }

  #grow(): void {
    const doubled = Math.max(2 * this.#capacity, FIRST_CAPACITY);
    const capacity = this.#promised > this.#capacity ? this.#promised : doubled;
    this.#capacity = capacity;
    this.#offsetsNs = grown(this.#offsetsNs, capacity, Float64Array);
    this.#positions = grown(this.#positions, capacity, Uint32Array);
    this.#routeIndexes = grown(this.#routeIndexes, capacity, Uint16Array);
    if (this.#sessions !== null) this.#sessions = grown(this.#sessions, capacity, Float64Array);
  }
}

/** Where the text of a record begins; that of the record after the last is where all texts end. */
export function positionOf({ positions, wraps }: RecordColumns, index: number): number {
  let passed = 0;
  while (passed < wraps.length && wraps[passed]! <= index) passed++;
  return passed * WRAP + positions[index]!;
}
