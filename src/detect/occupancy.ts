import type { EmulatedCall } from "../measure/index.ts";

/** How many calls were in flight over a window, from the emulator's side. */
export interface Occupancy {
  /** Calls that arrived in the window. */
  readonly calls: number;
  readonly callsPerSec: number;
  /** The most in flight at once, the time-weighted mean, and the share of time at the most. */
  readonly max: number;
  readonly mean: number;
  readonly atMaxRatio: number;
  /** Mean time a call was held, in ms. */
  readonly holdMs: number;
  readonly connectionsMax: number;
}

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
  const max = atLevelNs.findLastIndex((timeNs) => timeNs > 0);
  const areaNs = atLevelNs.reduce((sum, timeNs, inFlight) => sum + (timeNs ?? 0) * inFlight, 0);
  return {
    calls: arrived,
    callsPerSec: arrived / (lengthNs / 1e9),
    max: Math.max(max, 0),
    mean: areaNs / lengthNs,
    atMaxRatio: max > 0 ? (atLevelNs[max] ?? 0) / lengthNs : 0,
    holdMs: arrived === 0 ? 0 : heldNs / arrived / 1e6,
    connectionsMax,
  };
}
