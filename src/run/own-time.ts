import { type EmulatedCall, mapRows, type Observation, type Rows } from "../measure/index.ts";
import { periodOrder } from "../replay/index.ts";

/**
 * Each arm's own time where arms take turns: what passes while it is loaded, one period after the
 * other. A start has the same moment in every arm's own time, so that what arms did can be held side
 * by side as if they had been loaded at once; what a period leaves behind goes on in the arm's next.
 */
export class OwnTime {
  readonly #seed: string;
  readonly #periodNs: number;
  readonly #arms: number;
  readonly #orders = new Map<number, readonly number[]>();

  constructor(seed: string, periodNs: number, arms: number) {
    this.#seed = seed;
    this.#periodNs = periodNs;
    this.#arms = arms;
  }

  /** What to take off a moment of the run: of the arm's own period, or of its last before it. */
  aheadNs(arm: number, atNs: number): number {
    const period = Math.floor(Math.max(atNs, 0) / this.#periodNs);
    const cycle = Math.floor(period / this.#arms);
    const own = this.#ownPeriod(arm, cycle);
    if (own <= period || cycle === 0) return (own - cycle) * this.#periodNs;
    return (this.#ownPeriod(arm, cycle - 1) - cycle + 1) * this.#periodNs;
  }

  /** Of a moment at which a cycle of turns begins, such as a stage's beginning: in all arms alike. */
  ofCycleNs(atNs: number): number {
    return atNs / this.#arms;
  }

  #ownPeriod(arm: number, cycle: number): number {
    let order = this.#orders.get(cycle);
    if (order === undefined) {
      order = periodOrder(this.#seed, cycle, this.#arms);
      this.#orders.set(cycle, order);
    }
    return cycle * this.#arms + order.indexOf(arm);
  }
}

/** Observations in their arms' own time: all of a request's moments by the period that it is meant for. */
export function observationsInOwnTime<Meta>(
  rows: Rows<Observation, Meta>,
  time: OwnTime,
): Rows<Observation, Meta> {
  return mapRows(rows, (row): Observation => {
    const aheadNs = time.aheadNs(row.arm, row.intendedNs);
    const intendedNs = row.intendedNs - aheadNs;
    if (row.kind === "dropped") return { ...row, intendedNs };
    const [startNs, endNs] = [row.startNs - aheadNs, row.endNs - aheadNs];
    if (row.kind === "error") return { ...row, intendedNs, startNs, endNs };
    return { ...row, intendedNs, startNs, endNs, firstByteNs: row.firstByteNs - aheadNs };
  });
}

/** Calls in their arms' own time: with the request that they name, else by when they came. */
export function callsInOwnTime<Meta>(
  rows: Rows<EmulatedCall, Meta>,
  observations: Iterable<Observation>,
  time: OwnTime,
): Rows<EmulatedCall, Meta> {
  const aheadOf = new Map<string, number>();
  for (const { arm, intendedNs, seq } of observations) {
    aheadOf.set(`${arm} ${seq}`, time.aheadNs(arm, intendedNs));
  }
  return mapRows(rows, (call) => {
    const aheadNs = aheadOf.get(`${call.arm} ${call.seq}`) ?? time.aheadNs(call.arm, call.arriveNs);
    return { ...call, arriveNs: call.arriveNs - aheadNs, endNs: call.endNs - aheadNs };
  });
}
