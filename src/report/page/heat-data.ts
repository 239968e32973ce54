import { LATENCY_BINS_PER_DECADE, type ReportModel } from "../model.ts";

/** More columns than this a picture does not show; windows are added up to fewer. */
const COLUMNS_MAX = 150;

/** Latencies over time, each arm's in cells that are alike in all arms. */
export interface HeatData {
  readonly windowsPerColumn: number;
  /** Bins a decade of microseconds; the first and last that hold anything. */
  readonly binsPerDecade: number;
  readonly bins: readonly [first: number, last: number];
  /** Seconds at which each column begins. */
  readonly atS: readonly number[];
  /** The most requests in any cell of any arm. */
  readonly most: number;
  /** Per arm, [column, bin, requests]. */
  readonly cells: readonly (readonly (readonly number[])[])[];
}

/** Adds up windows until they fit into a picture. */
export function heatData(timeline: ReportModel["timeline"], arms: readonly string[]): HeatData {
  const windowsPerColumn = Math.max(1, Math.ceil(timeline.atS.length / COLUMNS_MAX));
  let [first, last, most] = [Infinity, -Infinity, 0];
  const cells = arms.map((name) => {
    const windows = timeline.arms.find(({ arm }) => arm === name)?.latency ?? [];
    const counts = new Map<string, readonly [number, number, number]>();
    for (const [window, bins] of windows.entries()) {
      const column = Math.floor(window / windowsPerColumn);
      for (const [bin, requests] of bins) {
        const key = `${column} ${bin}`;
        const sum = requests + (counts.get(key)?.[2] ?? 0);
        counts.set(key, [column, bin, sum]);
        [first, last, most] = [Math.min(first, bin), Math.max(last, bin), Math.max(most, sum)];
      }
    }
    return [...counts.values()];
  });
  return {
    windowsPerColumn,
    binsPerDecade: LATENCY_BINS_PER_DECADE,
    bins: most === 0 ? [0, 0] : [first, last],
    atS: timeline.atS.filter((_, index) => index % windowsPerColumn === 0),
    most,
    cells,
  };
}
