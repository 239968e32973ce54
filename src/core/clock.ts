import { setTimeout as delay } from "node:timers/promises";

/**
 * Time as an argument. `nowNs` counts nanoseconds since the clock's origin (a run's start), as a
 * `number`: exact for 104 days.
 */
export interface Clock {
  nowNs(): number;
  /** Resolves at or after the deadline, or rejects with the signal's reason. */
  sleepUntilNs(deadlineNs: number, signal?: AbortSignal): Promise<void>;
}

/** A clock that other threads and processes of this host can share, given its origin. */
export interface MonotonicClock extends Clock {
  /** The `process.hrtime.bigint()` reading that counts as 0. */
  readonly originNs: bigint;
}

const CALIBRATIONS = 8;

/**
 * What `performance.now() * 1e6` lacks to count from `originNs`: each thread's counts from its own
 * beginning. Of several pairs of readings the closest is taken, which is good to about 0.1 µs.
 */
function performanceOriginNs(originNs: bigint): number {
  let [offsetNs, closestNs] = [0, Number.POSITIVE_INFINITY];
  for (let i = 0; i < CALIBRATIONS; i++) {
    const beforeNs = performance.now() * 1e6;
    const atNs = Number(process.hrtime.bigint() - originNs);
    const afterNs = performance.now() * 1e6;
    if (afterNs - beforeNs >= closestNs) continue;
    closestNs = afterNs - beforeNs;
    offsetNs = atNs - (beforeNs + afterNs) / 2;
  }
  return offsetNs;
}

/**
 * The machine's monotonic clock, counted from `originNs` (a `process.hrtime.bigint()` reading).
 * On one Linux host the reading is shared by all processes and threads, so clocks made from the
 * same origin in the generator and in the emulator's thread agree.
 */
export function monotonicClock(originNs: bigint): MonotonicClock {
  const offsetNs = performanceOriginNs(originNs);
  // The same clock as `hrtime`, without an array or a bigint for each reading.
  const nowNs = (): number => performance.now() * 1e6 + offsetNs;
  return {
    originNs,
    nowNs,
    async sleepUntilNs(deadlineNs, signal) {
      // setTimeout may fire up to 1 ms early; look again until the deadline has passed.
      for (let leftNs = deadlineNs - nowNs(); leftNs > 0; leftNs = deadlineNs - nowNs()) {
        const waitMs = Math.min(Math.ceil(leftNs / 1e6), 2 ** 31 - 1);
        try {
          await delay(waitMs, undefined, signal === undefined ? {} : { signal });
        } catch (thrown) {
          // The timer rejects with an error of its own, which only mentions the signal's reason.
          signal?.throwIfAborted();
          throw thrown;
        }
      }
    },
  };
}
