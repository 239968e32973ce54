import { hashText } from "../../core/index.ts";
import type { RecordStore } from "../store/index.ts";
import { workingSetAt, type WorkingSetCurve, workingSetOfTimes } from "../working-set.ts";
import { Catalogue, KIND, numberOf } from "./catalogue.ts";
import { NumberTable, type NumberTableData } from "./number-table.ts";
import { hasAmpleRoom, NameFinder } from "./rename.ts";

export interface RekeyOptions {
  /** Copies in all, the capture itself included: 1 or more. */
  readonly copies: number;
  readonly seed: string;
}

/** In a mark: one more than the attempt at which the value's name was assigned; 0: it has none. */
export const ATTEMPT = 0x7f;
/** In a mark: the value is renamed wherever it stands. */
export const RENAMED = 0x80;

/** What is renamed in the copies of a capture, as plain data that threads share. */
export interface RekeyPlan {
  readonly seed: string;
  /** The capture's values, by `numberOf`. */
  readonly values: NumberTableData;
  /** One byte for each value in each copy, copy by copy. */
  readonly marks: Uint8Array;
  /** By copy: distinct keys that it brings beside all earlier ones. */
  readonly freshKeys: readonly number[];
  readonly curve: WorkingSetCurve;
}

/**
 * Plans how superposed copies of a capture are re-keyed, so that they touch as many distinct keys
 * together as its own working-set curve says of that many requests. Copy j brings
 * W((j+1)·n) − W(j·n) keys of its own: the least popular values (equal ones in an order that the
 * seed decides) are renamed in it, the popular ones are shared, so the head stays hot while the tail
 * grows. A copy is other users: cookies, tokens, session and connection are renamed in every copy.
 * A value has one name in a copy, wherever it stands, and no name is anybody else's. Where a form
 * has no room for another name (a number of one digit), the value stays shared and a more popular
 * one takes its place.
 *
 * Takes memory by the distinct keys and values, not by the requests: see `Catalogue`, and one byte
 * a value and copy. What is kept of it is 12 to 48 bytes a value, and that byte.
 */
export function planRekeying(records: RecordStore, { copies, seed }: RekeyOptions): RekeyPlan {
  const catalogue = new Catalogue(records);
  const curve = workingSetOfTimes(catalogue.times, records.length);
  const planner = new Planner(catalogue, { copies, seed });
  const keysAfter = (copy: number): number =>
    Math.round(workingSetAt(curve, copy * records.length));
  const freshKeys = [curve.distinct];
  for (let copy = 1; copy < copies; copy++) {
    freshKeys.push(planner.planCopy(copy, keysAfter(copy + 1) - keysAfter(copy)));
  }
  return { seed, values: catalogue.values.data, marks: planner.marks, freshKeys, curve };
}

/** The values that are asked for, the least popular first. */
function byPopularity(catalogue: Catalogue, seed: string): Uint32Array {
  const order = hashText(seed);
  const asked = new Uint32Array(catalogue.values.size);
  const ties = new Float64Array(catalogue.values.size);
  let count = 0;
  for (let value = 0; value < asked.length; value++) {
    if (!catalogue.is(value, KIND.asked)) continue;
    asked[count++] = value;
    ties[value] = hashText(catalogue.textOf(value), order);
  }
  return asked
    .subarray(0, count)
    .toSorted((a, b) => catalogue.requestsOf(a) - catalogue.requestsOf(b) || ties[a]! - ties[b]!);
}

class Planner {
  readonly marks: Uint8Array;
  readonly #catalogue: Catalogue;
  readonly #seed: string;
  readonly #byPopularity: Uint32Array;
  readonly #finder: NameFinder;
  /** By key: the last copy in which it is fresh. */
  readonly #freshIn: Uint16Array;
  #fresh = 0;

  constructor(catalogue: Catalogue, { copies, seed }: RekeyOptions) {
    const { values } = catalogue;
    this.#catalogue = catalogue;
    this.#seed = seed;
    this.#byPopularity = byPopularity(catalogue, seed);
    this.#freshIn = new Uint16Array(catalogue.keyCount);
    this.marks = new Uint8Array(new SharedArrayBuffer(copies * values.size));
    const made = new NumberTable();
    this.#finder = new NameFinder(
      (name) => values.indexOf(numberOf(name)) !== -1 || made.indexOf(numberOf(name)) !== -1,
      (name) => made.add(numberOf(name)),
    );
  }

  /**
   * Chooses the values that a copy renames: users' own always, then the least popular that can be
   * renamed, as long as no more keys become fresh than wanted. How many became fresh.
   */
  planCopy(copy: number, wanted: number): number {
    this.#fresh = 0;
    const { values } = this.#catalogue;
    for (const value of this.#byPopularity) if (this.#isUsersOwn(value)) this.#take(value, copy);
    for (const value of this.#byPopularity) {
      if (this.#fresh >= wanted) break;
      const gain = this.#gainOf(value, copy, wanted - this.#fresh);
      if (gain > 0 && gain <= wanted - this.#fresh) this.#take(value, copy);
    }
    for (let value = 0; value < values.size; value++) {
      if (this.#catalogue.is(value, KIND.session | KIND.pseudonym)) this.#assign(value, copy);
    }
    return this.#fresh;
  }

  /** A short value of a user's may be somebody else's number elsewhere; a long one is the same thing. */
  #isUsersOwn(value: number): boolean {
    if (this.#catalogue.is(value, KIND.askedSession)) return true;
    return this.#catalogue.is(value, KIND.session) && hasAmpleRoom(this.#catalogue.textOf(value));
  }

  /** How many keys would become fresh, told no further than to one more than `most`. */
  #gainOf(value: number, copy: number, most: number): number {
    let gain = 0;
    this.#catalogue.eachKey(value, (key) => {
      if (this.#freshIn[key] !== copy) gain++;
      return gain <= most;
    });
    return gain;
  }

  #take(value: number, copy: number): void {
    if (!this.#assign(value, copy)) return;
    this.marks[this.#placeOf(value, copy)]! |= RENAMED;
    this.#catalogue.eachKey(value, (key) => {
      if (this.#freshIn[key] !== copy) this.#fresh++;
      this.#freshIn[key] = copy;
      return true;
    });
  }

  /** Whether the value can be renamed in that copy: false when all names of its form are taken. */
  #assign(value: number, copy: number): boolean {
    const place = this.#placeOf(value, copy);
    if ((this.marks[place]! & ATTEMPT) > 0) return true;
    const text = this.#catalogue.textOf(value);
    if (hasAmpleRoom(text)) return true;
    const attempt = this.#finder.find(text, { seed: this.#seed, copy });
    if (attempt === null) return false;
    this.marks[place]! |= attempt + 1;
    return true;
  }

  #placeOf(value: number, copy: number): number {
    return copy * this.#catalogue.values.size + value;
  }
}
