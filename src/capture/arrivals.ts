import { keyedDraw, NS_PER_S } from "../core/index.ts";
import type { HeldRecord } from "./collect.ts";

const byArrival = (a: HeldRecord, b: HeldRecord): number =>
  a.arrivalNs < b.arrivalNs ? -1 : a.arrivalNs > b.arrivalNs ? 1 : 0;

/**
 * `count` instants in a second, ascending. Independent and uniform, as the arrivals of many users
 * are when only their number is known; evenly spaced ones would be smoother than any real traffic.
 * The draw is keyed by the second, so the same log gives the same arrivals each time.
 */
function instantsNs(second: string, count: number): bigint[] {
  return Array.from({ length: count }, (_, index) =>
    Math.floor(keyedDraw("arrival in a second", second, index).uniform("instant") * NS_PER_S),
  )
    .toSorted((a, b) => a - b)
    .map(BigInt);
}

/** Spreads a run of records that share one whole second over that second, in their order. */
function spread(records: readonly HeldRecord[]): void {
  const [first] = records;
  if (first === undefined) return;
  const offsetsNs = instantsNs(String(first.arrivalNs), records.length);
  for (const [index, record] of records.entries()) record.arrivalNs += offsetsNs[index]!;
}

/**
 * Sorts records by arrival, equal ones in the order in which they were read, after spreading those
 * that are known to the second only. Changes their `arrivalNs`.
 */
export function inArrivalOrder(held: readonly HeldRecord[]): HeldRecord[] {
  const sorted = held.toSorted(byArrival);
  const coarse = sorted.filter(({ wholeSecond }) => wholeSecond);
  if (coarse.length === 0) return sorted;
  let from = 0;
  for (let to = 1; to <= coarse.length; to++) {
    if (coarse[to]?.arrivalNs === coarse[from]!.arrivalNs) continue;
    spread(coarse.slice(from, to));
    from = to;
  }
  return sorted.toSorted(byArrival);
}
