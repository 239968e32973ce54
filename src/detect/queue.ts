import type { EmulatedCall } from "../measure/index.ts";
import type { Waited } from "./join.ts";

const RULE = {
  /** From the end of one call to the arrival of the next in its place, at most: so long, or so much of a hold. */
  handOverNs: 5e6,
  handOverHoldRatio: 0.25,
  /**
   * Places that may be empty when one is handed on, in square roots of their number: independent
   * calls come within this of the most that are in flight in no more than about 4 of 100 cases.
   */
  emptyRoots: 0.5,
} as const;

/** How requests come by their calls. */
export interface Queue {
  /** Of the calls that could be joined, the share whose request had waited for it; NaN where none could. */
  readonly waitingRatio: number;
  /**
   * Of these, the share that came when another call had just ended, and took one of the last places: they
   * had waited for that, and for nothing else. 0 when none waited.
   */
  readonly handedOnRatio: number;
}

/** Calls that came when another had just ended, and took one of the last of so many places. */
function handedOn(
  calls: readonly EmulatedCall[],
  { holdMs, places }: { readonly holdMs: number; readonly places: number },
): Set<EmulatedCall> {
  const endsNs = calls.map(({ endNs }) => endNs).toSorted((a, b) => a - b);
  const handOverNs = Math.max(RULE.handOverNs, RULE.handOverHoldRatio * holdMs * 1e6);
  const full = places - Math.floor(RULE.emptyRoots * Math.sqrt(places));
  const filling = new Set<EmulatedCall>();
  let ended = 0;
  for (const [before, call] of calls.entries()) {
    while (ended < endsNs.length && endsNs[ended]! <= call.arriveNs) ended++;
    const level = before + 1 - ended;
    const sinceNs = call.arriveNs - (endsNs[ended - 1] ?? -Infinity);
    if (level >= full && sinceNs <= handOverNs) filling.add(call);
  }
  return filling;
}

/**
 * Reads a queue in front of `places`. Who waits longer than `waitMs` waits. The target's own time
 * between two calls leaves places empty, the more the busier the machine is, and so takes from the
 * mean of the calls in flight; it takes nothing from this. `calls` are all of the pair's, in order
 * of arrival; `waits` those of them that are asked about: where none could be joined, all that came
 * in [fromNs, toNs) are taken to have waited.
 */
export function queueOf(
  calls: readonly EmulatedCall[],
  waits: readonly Waited[],
  asked: {
    readonly holdMs: number;
    readonly places: number;
    readonly waitMs: number;
    readonly fromNs: number;
    readonly toNs: number;
  },
): Queue {
  const filling = handedOn(calls, asked);
  const waiting =
    waits.length === 0
      ? calls.filter(({ arriveNs }) => arriveNs >= asked.fromNs && arriveNs < asked.toNs)
      : waits.filter(({ waitMs }) => waitMs > asked.waitMs).map(({ call }) => call);
  const ofThese = waiting.filter((call) => filling.has(call)).length;
  return {
    waitingRatio: waits.length === 0 ? Number.NaN : waiting.length / waits.length,
    handedOnRatio: waiting.length === 0 ? 0 : ofThese / waiting.length,
  };
}
