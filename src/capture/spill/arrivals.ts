import { NS_PER_S, uniformDraws } from "../../core/index.ts";
import { RunCursor, type RunPlace } from "./cursor.ts";
import { Heap } from "./heap.ts";
import { HeldView, type Precision, PRECISION } from "./held.ts";

/** Records one after the other, by their arrival after spreading. */
export interface Arrivals {
  /** Steps onto the next record, or the first; false at the end. */
  next(): boolean;
  /** The record that it stands on; good until the next step. */
  readonly record: HeldView;
  readonly sec: number;
  readonly ns: number;
}

const earlier = (a: RunCursor, b: RunCursor): boolean =>
  a.atSec !== b.atSec ? a.atSec < b.atSec : a.atNs !== b.atNs ? a.atNs < b.atNs : a.atSeq < b.atSeq;

/** The records of several runs, merged by arrival as captured, equal ones as they were read. */
class Merged {
  readonly #cursors: Heap<RunCursor>;
  #started = false;

  constructor(runs: readonly RunCursor[]) {
    this.#cursors = new Heap(earlier);
    for (const cursor of runs) if (cursor.next()) this.#cursors.push(cursor);
  }

  /** The one whose turn it is; undefined at the end. */
  get cursor(): RunCursor | undefined {
    return this.#cursors.top;
  }

  next(): boolean {
    if (this.#started) {
      const cursor = this.#cursors.top;
      if (cursor === undefined) return false;
      if (cursor.next()) this.#cursors.sink();
      else this.#cursors.pop();
    }
    this.#started = true;
    return this.#cursors.top !== undefined;
  }

  /** How many records share the arrival of the current one, which is the first of them. */
  groupCount(): number {
    const { atNs, atSec } = this.#cursors.top!;
    let count = 0;
    for (const one of this.#cursors.items) {
      if (one.atSec === atSec && one.atNs === atNs) count += one.group;
    }
    return count;
  }
}

/** Those whose arrival is known exactly. */
class ExactArrivals implements Arrivals {
  readonly #merged: Merged;
  sec = 0;
  ns = 0;

  constructor(merged: Merged) {
    this.#merged = merged;
  }

  get record(): HeldView {
    return this.#merged.cursor!;
  }

  next(): boolean {
    if (!this.#merged.next()) return false;
    const { atNs, atSec } = this.#merged.cursor!;
    [this.sec, this.ns] = [atSec, atNs];
    return true;
  }
}

/**
 * `count` instants in the second that begins then, in nanoseconds, ascending. Independent and
 * uniform, as the arrivals of many users are when only their number is known; evenly spaced ones
 * would be smoother than any real traffic. Keyed by the second, so the same log gives the same
 * arrivals each time.
 */
function instantsNs(sec: number, ns: number, count: number): Float64Array {
  const second = String(BigInt(sec) * 1_000_000_000n + BigInt(ns));
  const instants = uniformDraws(["arrival in a second", second], count, "instant");
  for (let i = 0; i < count; i++) instants[i] = Math.floor(instants[i]! * NS_PER_S);
  return ascending(instants);
}

/**
 * Sorts instants that are spread evenly over a second: each is put into its slice of the second, as
 * many as there are instants, and then past the few before it that are later.
 */
function ascending(instants: Float64Array): Float64Array {
  const { length } = instants;
  const slicesPerNs = length / NS_PER_S;
  const ends = new Uint32Array(length + 1);
  for (const instant of instants) ends[Math.floor(instant * slicesPerNs) + 1]!++;
  for (let slice = 1; slice <= length; slice++) ends[slice]! += ends[slice - 1]!;
  const sorted = new Float64Array(length);
  for (const instant of instants) sorted[ends[Math.floor(instant * slicesPerNs)]!++] = instant;
  for (let i = 1; i < length; i++) {
    const instant = sorted[i]!;
    let at = i;
    for (; at > 0 && sorted[at - 1]! > instant; at--) sorted[at] = sorted[at - 1]!;
    sorted[at] = instant;
  }
  return sorted;
}

/**
 * Those that are known to the second, each run of equal ones spread over it, in their order. Only
 * for seconds that do not overlap: what comes out is ascending.
 */
class SpreadArrivals implements Arrivals {
  readonly #merged: Merged;
  #instantsNs: Float64Array = new Float64Array();
  #rank = 0;
  #atSec = Number.NaN;
  #atNs = Number.NaN;
  sec = 0;
  ns = 0;

  constructor(merged: Merged) {
    this.#merged = merged;
  }

  get record(): HeldView {
    return this.#merged.cursor!;
  }

  /** The next record as captured: its arrival is not spread yet; undefined at the end. */
  peek(): RunCursor | undefined {
    return this.#merged.cursor;
  }

  next(): boolean {
    if (!this.#merged.next()) return false;
    const { atNs, atSec } = this.#merged.cursor!;
    if (atSec !== this.#atSec || atNs !== this.#atNs) {
      this.#instantsNs = instantsNs(atSec, atNs, this.#merged.groupCount());
      [this.#atSec, this.#atNs, this.#rank] = [atSec, atNs, 0];
    }
    const ns = atNs + this.#instantsNs[this.#rank++]!;
    this.sec = ns < NS_PER_S ? atSec : atSec + 1;
    this.ns = ns < NS_PER_S ? ns : ns - NS_PER_S;
    return true;
  }
}

interface Waiting {
  readonly sec: number;
  readonly ns: number;
  readonly order: number;
  readonly bytes: Buffer;
}

/**
 * The same for seconds that begin anywhere, and overlap (a whole second less a duration): who was
 * spread waits, as a copy, until none that comes later can be earlier.
 */
class OverlappingArrivals implements Arrivals {
  readonly #spread: SpreadArrivals;
  readonly #waiting = new Heap<Waiting>((a, b) =>
    a.sec !== b.sec ? a.sec < b.sec : a.ns !== b.ns ? a.ns < b.ns : a.order < b.order,
  );
  #order = 0;
  #more: boolean;
  readonly record = new HeldView();
  sec = 0;
  ns = 0;

  constructor(merged: Merged) {
    this.#spread = new SpreadArrivals(merged);
    this.#more = this.#spread.next();
  }

  next(): boolean {
    while (this.#more && !this.#mayGo()) {
      const { ns, record, sec } = this.#spread;
      const bytes = Buffer.from(record.bytes.subarray(record.at, record.at + record.size));
      this.#waiting.push({ sec, ns, order: this.#order++, bytes });
      this.#more = this.#spread.next();
    }
    const first = this.#waiting.pop();
    if (first === undefined) return false;
    [this.sec, this.ns] = [first.sec, first.ns];
    this.record.attach(first.bytes);
    return true;
  }

  /** Whether the first that waits is no later than whatever is to come. */
  #mayGo(): boolean {
    const first = this.#waiting.top;
    if (first === undefined) return false;
    const { atNs, atSec } = this.#spread.peek()!;
    return first.sec < atSec || (first.sec === atSec && first.ns <= atNs);
  }
}

/** Several orders as one: by arrival, equal ones by arrival as captured, then as they were read. */
class JoinedArrivals implements Arrivals {
  readonly #heap = new Heap<Arrivals>((a, b) => {
    if (a.sec !== b.sec) return a.sec < b.sec;
    if (a.ns !== b.ns) return a.ns < b.ns;
    const [one, other] = [a.record, b.record];
    if (one.sec !== other.sec) return one.sec < other.sec;
    return one.ns === other.ns ? one.seq < other.seq : one.ns < other.ns;
  });
  #started = false;

  constructor(all: readonly Arrivals[]) {
    for (const one of all) if (one.next()) this.#heap.push(one);
  }

  get record(): HeldView {
    return this.#heap.top!.record;
  }
  get sec(): number {
    return this.#heap.top!.sec;
  }
  get ns(): number {
    return this.#heap.top!.ns;
  }

  next(): boolean {
    if (this.#started) {
      const { top } = this.#heap;
      if (top === undefined) return false;
      if (top.next()) this.#heap.sink();
      else this.#heap.pop();
    }
    this.#started = true;
    return this.#heap.top !== undefined;
  }
}

const KINDS: Readonly<Record<Precision, new (merged: Merged) => Arrivals>> = {
  [PRECISION.exact]: ExactArrivals,
  [PRECISION.wholeSecond]: SpreadArrivals,
  [PRECISION.secondFrom]: OverlappingArrivals,
};

/** A run, wherever it stands. */
export interface PlacedRun {
  readonly precision: Precision;
  readonly place: RunPlace;
}

/**
 * The records of all runs by arrival, equal ones in the order in which they were read, after
 * spreading those that are known to the second only: as sorting all of them at once, spreading,
 * and sorting again would give it. Holds a window of each run, and of what is known to a second
 * that begins anywhere, one second.
 */
export function inArrivalOrder(runs: readonly PlacedRun[], windowBytes: number): Arrivals {
  const kinds = Object.values(PRECISION).flatMap((precision) => {
    const cursors = runs
      .filter((run) => run.precision === precision)
      .map(({ place }) => new RunCursor(place, windowBytes));
    return cursors.length === 0 ? [] : [new KINDS[precision](new Merged(cursors))];
  });
  return kinds.length === 1 ? kinds[0]! : new JoinedArrivals(kinds);
}
