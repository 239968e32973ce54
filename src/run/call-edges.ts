/** What was in flight in a window: its time integral, the most at once, and the calls that came. */
export interface Occupied {
  readonly areaNs: number;
  readonly max: number;
  readonly calls: number;
}

/** Moments that wait are sorted when there are so many, or twice as many as were kept the last time. */
const WAITING_MIN = 1 << 14;

/** So many places each is moved by, on average, where it is not sorted instead. */
const MOVES_MAX = 32;

/** Moments as they come, until time has passed them. */
class Moments {
  #atNs = new Float64Array(WAITING_MIN);
  #count = 0;
  /** So many of the first are in their order. */
  #ascend = 0;

  get count(): number {
    return this.#count;
  }

  add(atNs: number): void {
    if (this.#count === this.#atNs.length) {
      const more = new Float64Array(2 * this.#count);
      more.set(this.#atNs);
      this.#atNs = more;
    }
    this.#atNs[this.#count++] = atNs;
  }

  /** Those that there are, in place. */
  ascending(): Float64Array {
    const atNs = this.#atNs.subarray(0, this.#count);
    if (!this.#insertNew(atNs)) {
      // oxlint-disable-next-line unicorn/no-array-sort -- a copy would take as much again
      atNs.sort();
    }
    this.#ascend = this.#count;
    return atNs;
  }

  /**
   * Puts each that is new where it belongs: calls come nearly in their order, so that it is a few places
   * away. Gives up, and says so, where that takes longer than to sort them.
   */
  #insertNew(atNs: Float64Array): boolean {
    let moves = MOVES_MAX * (atNs.length - this.#ascend);
    for (let next = Math.max(this.#ascend, 1); next < atNs.length; next++) {
      const value = atNs[next]!;
      let place = next;
      for (; place > 0 && atNs[place - 1]! > value; place--) atNs[place] = atNs[place - 1]!;
      atNs[place] = value;
      moves -= next - place;
      if (moves < 0) return false;
    }
    return true;
  }

  /** Forgets the first of them. */
  leave(count: number): void {
    this.#atNs.copyWithin(0, count, this.#count);
    this.#count -= count;
    this.#ascend -= count;
  }
}

/**
 * How many calls were in flight, over windows of one length from 0 on, whatever the order in which
 * they are told. Takes 16 bytes a call that time has not passed yet, as `passed` tells: all of them
 * where nobody does.
 */
export class CallEdges {
  readonly #windowNs: number;
  readonly #windows: number;
  readonly #arrivals = new Moments();
  readonly #ends = new Moments();
  readonly #filling: Filling;
  #enough = WAITING_MIN;

  constructor(windows: number, windowNs: number) {
    this.#windows = windows;
    this.#windowNs = windowNs;
    this.#filling = new Filling(windows, windowNs);
  }

  /** A call does not end before it arrives. */
  add(arriveNs: number, endNs: number): void {
    this.#arrivals.add(arriveNs);
    this.#ends.add(endNs);
  }

  /** No call that is told later arrives before this moment. */
  passed(atNs: number): void {
    if (Math.max(this.#arrivals.count, this.#ends.count) < this.#enough) return;
    this.#fill(atNs);
    this.#enough = 2 * Math.max(this.#arrivals.count, this.#ends.count, WAITING_MIN / 2);
  }

  /** Of all calls that were told: no other may be told later. */
  occupied(): Occupied[] {
    this.#fill(Infinity);
    this.#filling.spread(this.#windows * this.#windowNs);
    return this.#filling.occupied;
  }

  /**
   * Fills windows up to a moment, which is not of it. At equal moments a leave comes before an arrival:
   * a connection that is handed on is one.
   */
  #fill(untilNs: number): void {
    const [arrivals, ends] = [this.#arrivals.ascending(), this.#ends.ascending()];
    let [arrived, ended] = [0, 0];
    for (;;) {
      const arriveNs = arrivals[arrived] ?? Infinity;
      const endNs = ends[ended] ?? Infinity;
      if (Math.min(arriveNs, endNs) >= untilNs) break;
      if (endNs <= arriveNs) {
        this.#filling.step(endNs, -1);
        ended++;
      } else {
        this.#filling.step(arriveNs, 1);
        arrived++;
      }
    }
    this.#arrivals.leave(arrived);
    this.#ends.leave(ended);
  }
}

/** Windows that are filled step by step, in time. */
class Filling {
  readonly occupied: { areaNs: number; max: number; calls: number }[];
  readonly #windowNs: number;
  #level = 0;
  #lastNs = 0;

  constructor(windows: number, windowNs: number) {
    this.occupied = Array.from({ length: windows }, () => ({ areaNs: 0, max: 0, calls: 0 }));
    this.#windowNs = windowNs;
  }

  step(atNs: number, step: 1 | -1): void {
    this.spread(atNs);
    this.#level += step;
    const window = this.occupied[Math.floor(atNs / this.#windowNs)];
    if (window === undefined) return;
    window.max = Math.max(window.max, this.#level);
    if (step === 1) window.calls++;
  }

  /** Spreads the time since the last step over the windows that it crosses. */
  spread(toNs: number): void {
    while (this.#lastNs < toNs) {
      const index = Math.floor(this.#lastNs / this.#windowNs);
      const window = this.occupied[index];
      const untilNs = Math.min(toNs, (index + 1) * this.#windowNs);
      if (window === undefined) break;
      window.areaNs += this.#level * (untilNs - this.#lastNs);
      window.max = Math.max(window.max, this.#level);
      this.#lastNs = untilNs;
    }
  }
}
