import { NS_PER_S } from "../../core/index.ts";
import { indexOfDispersion, poissonDispersionInterval } from "../../stats/index.ts";
import type { ProfileRecord } from "../record.ts";

/** Up to an hour. */
const WINDOWS_S: readonly number[] = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600,
  1_800, 3_600,
];
const WINDOWS_MIN = 10;
/** Fewer a window, and chance makes more of the index than the traffic. */
const MEAN_COUNT_MIN = 1;
const PROBABILITY = 0.95;

/** The index of dispersion in windows of one length, and where it lies for a Poisson process. */
export interface DispersionPoint {
  readonly windowS: number;
  readonly index: number;
  readonly poissonLow: number;
  readonly poissonHigh: number;
}

/**
 * How bursty arrivals are over all lengths of windows that can be told: of ten windows and more, of
 * one arrival and more on average, and no shorter than the clock's step. Ascending.
 */
export function dispersionCurve(
  records: readonly ProfileRecord[],
  timePrecisionNs: number,
): DispersionPoint[] {
  const durationNs = records.at(-1)?.offsetNs ?? 0;
  return WINDOWS_S.map((s) => s * NS_PER_S)
    .filter((windowNs) => {
      const windows = Math.floor(durationNs / windowNs);
      const enough = windows >= WINDOWS_MIN && records.length / windows >= MEAN_COUNT_MIN;
      return enough && windowNs >= timePrecisionNs;
    })
    .map((windowNs) => {
      const starts = records.values().map(({ offsetNs }) => offsetNs);
      const windows = Math.floor(durationNs / windowNs);
      const { low, high } = poissonDispersionInterval(windows, PROBABILITY);
      return {
        windowS: windowNs / NS_PER_S,
        index: indexOfDispersion(starts, windowNs, durationNs),
        poissonLow: low,
        poissonHigh: high,
      };
    });
}
