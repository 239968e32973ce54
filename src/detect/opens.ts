import type { EmulatedCall } from "../measure/index.ts";
import type { Counted } from "./beside.ts";
import type { StageWindow } from "./detector.ts";

/** A connection that was used this long ago is still there: servers keep them for seconds. */
const FRESH_NS = 1e9;
/** One that was given back this short ago may not have been noticed to be free. */
const SETTLE_NS = 20e6;

/** Connections that were opened for an arm's calls to a dependency, in a window. */
export interface Opens {
  readonly calls: number;
  /** Calls that were the first on their connection. */
  readonly opened: number;
  /** Of those, the ones that came while a connection that had worked a moment ago stood idle. */
  readonly needless: number;
  /** One for each call: whether its connection was opened needlessly. */
  readonly each: readonly Counted[];
}

/**
 * Reads accepts off the connections' numbers: the first call on a number opened it. A connection
 * that broke, was hung up on or carried a fault is not there any more and could not be reused.
 * `calls` are in order of arrival.
 */
export function opensOf(
  calls: readonly EmulatedCall[],
  { fromNs, toNs }: Pick<StageWindow, "fromNs" | "toNs">,
): Opens {
  const seen = new Set<number>();
  /** Connections that work, by when they were used last: until when they were busy. */
  const busyUntilNs = new Map<number, number>();
  const each: Counted[] = [];
  let [opened, needless] = [0, 0];
  for (const call of calls) {
    const { arriveNs, connection } = call;
    const isNew = !seen.has(connection);
    const wasNeedless = isNew && hasIdle(busyUntilNs, arriveNs);
    seen.add(connection);
    busyUntilNs.delete(connection);
    const works = call.outcome !== "aborted" && call.fault === "none";
    if (works) busyUntilNs.set(connection, call.endNs);
    if (arriveNs < fromNs || arriveNs >= toNs) continue;
    if (isNew) opened++;
    if (wasNeedless) needless++;
    each.push({ atNs: arriveNs, numerator: wasNeedless ? 1 : 0, denominator: 1 });
  }
  return { calls: each.length, opened, needless, each };
}

/** Forgets connections that have been idle for too long; those used first come first. */
function hasIdle(busyUntilNs: Map<number, number>, atNs: number): boolean {
  for (const [connection, untilNs] of busyUntilNs) {
    if (untilNs <= atNs - FRESH_NS) busyUntilNs.delete(connection);
    else if (untilNs <= atNs - SETTLE_NS) return true;
  }
  return false;
}
