import { NS_PER_S } from "../core/index.ts";
import { Unusable } from "./http-message.ts";

/** A capture's arrivals as a clock tells them: what sorts before what. */
export interface Instant {
  readonly sec: number;
  readonly ns: number;
}

export const SEC_NS = 1_000_000_000n;
/** A `Date` knows no later one, and none before its opposite. */
const SEC_MAX = 8.64e12;

/** @throws Unusable when no calendar has it */
export function instantOf(arrivalNs: bigint): Instant {
  const sec = Number(arrivalNs / SEC_NS);
  const ns = Number(arrivalNs % SEC_NS);
  if (Math.abs(sec) >= SEC_MAX) throw new Unusable("the time is beyond every calendar");
  return ns < 0 ? { sec: sec - 1, ns: ns + NS_PER_S } : { sec, ns };
}

export const isBefore = (a: Instant, b: Instant): boolean =>
  a.sec < b.sec || (a.sec === b.sec && a.ns < b.ns);

export const EPOCH: Instant = { sec: 0, ns: 0 };
