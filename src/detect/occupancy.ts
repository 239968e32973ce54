import type { EmulatedCall } from "../measure/index.ts";

/** How many calls were in flight over a window, from the emulator's side. */
export interface Occupancy {
  /** Calls that arrived in the window. */
  readonly calls: number;
  readonly callsPerSec: number;
  /** The most in flight at once, and the time-weighted mean. */
  readonly max: number;
  readonly mean: number;
  /**
   * The level that is exceeded for less than 1 % of the time, and the share of time exactly there.
   * A caller that hangs up and calls again is seen twice for a moment; that moves `max`, not this.
   */
  readonly plateau: number;
  readonly atPlateauRatio: number;
  /** Variance over mean of the calls in flight: about 1 when nothing bounds them, near 0 at a ceiling. */
  readonly dispersion: number;
  /** Mean time a call was held, in ms. */
  readonly holdMs: number;
  readonly connectionsMax: number;
}

const OVERSHOOT_RATIO = 0.01;

/** Occupancy of a dependency's listener over [fromNs, toNs). `calls` are in order of arrival. */
export function occupancyOf(
  calls: readonly EmulatedCall[],
  fromNs: number,
  toNs: number,
): Occupancy {
  const edges: { atNs: number; step: 1 | -1 }[] = [];
  let arrived = 0;
  let heldNs = 0;
  let connectionsMax = 0;
  for (const call of calls) {
    if (call.endNs <= fromNs || call.arriveNs >= toNs) continue;
    edges.push({ atNs: Math.max(call.arriveNs, fromNs), step: 1 });
    edges.push({ atNs: Math.min(call.endNs, toNs), step: -1 });
    if (call.arriveNs < fromNs) continue;
    arrived++;
    heldNs += call.endNs - call.arriveNs;
    connectionsMax = Math.max(connectionsMax, call.connections);
  }
  // At equal moments a leave comes before an arrival: a connection that is handed on is one.
  edges.sort((a, b) => a.atNs - b.atNs || a.step - b.step);
  const atLevelNs: number[] = [];
  let level = 0;
  let lastNs = fromNs;
  for (const { atNs, step } of edges) {
    atLevelNs[level] = (atLevelNs[level] ?? 0) + atNs - lastNs;
    level += step;
    lastNs = atNs;
  }
  const lengthNs = toNs - fromNs;
  const levels = Array.from(atLevelNs, (timeNs) => timeNs ?? 0);
  const max = Math.max(
    levels.findLastIndex((timeNs) => timeNs > 0),
    0,
  );
  const mean = levels.reduce((sum, timeNs, inFlight) => sum + timeNs * inFlight, 0) / lengthNs;
  const meanSquare =
    levels.reduce((sum, timeNs, inFlight) => sum + timeNs * inFlight ** 2, 0) / lengthNs;
  let plateau = max;
  for (let aboveNs = levels[max] ?? 0; aboveNs < OVERSHOOT_RATIO * lengthNs && plateau > 0;) {
    plateau--;
    aboveNs += levels[plateau] ?? 0;
  }
  return {
    calls: arrived,
    callsPerSec: arrived / (lengthNs / 1e9),
    max,
    mean,
    plateau,
    atPlateauRatio: plateau > 0 ? (levels[plateau] ?? 0) / lengthNs : 0,
    dispersion: mean > 0 ? Math.max(meanSquare - mean ** 2, 0) / mean : 0,
    holdMs: arrived === 0 ? 0 : heldNs / arrived / 1e6,
    connectionsMax,
  };
}
