import type { ReuseDistances } from "../reuse.ts";
import { type WorkingSetCurve, workingSetAt } from "../working-set.ts";
import { logLadder } from "./ladder.ts";

const PER_DECADE = 20;

/** What is drawn of the keys that requests ask for. Empty lists where none has a key. */
export interface KeySeries {
  /** How often the key of each rank was asked for, the hottest first; some ranks of many. */
  readonly rankFrequency: readonly { readonly rank: number; readonly count: number }[];
  /** What a cache of the least recently used keys hits, by its size. */
  readonly cacheHits: readonly { readonly entries: number; readonly hitRatio: number }[];
  /** Distinct keys by requests. */
  readonly workingSet: readonly { readonly requests: number; readonly distinct: number }[];
  /**
   * Of the requests with a key, the share that comes back after `from` up to (not including) `to`
   * distinct other keys: 0, 1, 2–3, 4–7, …
   */
  readonly reuse: readonly { readonly from: number; readonly to: number; readonly share: number }[];
}

/** Distances double from bin to bin, up to all keys. */
function reuseBins(distances: ReuseDistances, distinct: number): KeySeries["reuse"] {
  const { repeated, requests } = distances.counts;
  if (repeated === 0) return [];
  const bins: [number, number][] = [[0, 1]];
  for (let from = 1; from < distinct; from *= 2) bins.push([from, 2 * from]);
  return bins.map(([from, to]) => ({
    from,
    to,
    share: distances.usesWithin(from, to) / requests,
  }));
}

/** @param times how often each key was asked for, in any order */
export function keySeries(
  times: Iterable<number>,
  distances: ReuseDistances,
  curve: WorkingSetCurve,
): KeySeries {
  const counts = Float64Array.from(times).toSorted().toReversed();
  if (counts.length === 0) return { rankFrequency: [], cacheHits: [], workingSet: [], reuse: [] };
  const ranks = logLadder(1, counts.length, PER_DECADE);
  return {
    rankFrequency: ranks.map((rank) => ({ rank, count: counts[rank - 1]! })),
    cacheHits: ranks.map((entries) => ({ entries, hitRatio: distances.hitRatio(entries) })),
    workingSet: logLadder(1, curve.requests, PER_DECADE).map((requests) => ({
      requests,
      distinct: workingSetAt(curve, requests),
    })),
    reuse: reuseBins(distances, counts.length),
  };
}
