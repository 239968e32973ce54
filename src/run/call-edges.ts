/** What was in flight in a window: its time integral, the most at once, and the calls that came. */
export interface Occupied {
  readonly areaNs: number;
  readonly max: number;
  readonly calls: number;
}

const AT_FIRST = 16;

/** Moments as they come, in memory that grows with them. */
class Moments {
  #atNs = new Float64Array(AT_FIRST);
  #count = 0;

  add(atNs: number): void {
    if (this.#count === this.#atNs.length) {
      const more = new Float64Array(2 * this.#count);
      more.set(this.#atNs);
      this.#atNs = more;
    }
    this.#atNs[this.#count++] = atNs;
  }

  /** In place, since there may be millions: nothing is added afterwards. */
  ascending(): Float64Array {
    // oxlint-disable-next-line unicorn/no-array-sort -- a copy would take as much again
    return this.#atNs.subarray(0, this.#count).sort();
  }
}

/**
 * How many calls were in flight, over windows of one length from 0 on, whatever the order in which
 * they are told. Takes 16 bytes a call.
 */
export class CallEdges {
  readonly #windowNs: number;
  readonly #windows: number;
  readonly #arrivals = new Moments();
  readonly #ends = new Moments();

  constructor(windows: number, windowNs: number) {
    this.#windows = windows;
    this.#windowNs = windowNs;
  }

  add(arriveNs: number, endNs: number): void {
    this.#arrivals.add(arriveNs);
    this.#ends.add(endNs);
  }

  /** At equal moments a leave comes before an arrival: a connection that is handed on is one. */
  occupied(): Occupied[] {
    const filling = new Filling(this.#windows, this.#windowNs);
    const [arrivals, ends] = [this.#arrivals.ascending(), this.#ends.ascending()];
    let [arrived, ended] = [0, 0];
    while (arrived < arrivals.length || ended < ends.length) {
      const leaves = arrived === arrivals.length || ends[ended]! <= arrivals[arrived]!;
      if (leaves) filling.step(ends[ended++]!, -1);
      else filling.step(arrivals[arrived++]!, 1);
    }
    filling.spread(this.#windows * this.#windowNs);
    return filling.occupied;
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
