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

/**
 * The machine's monotonic clock, counted from `originNs` (a `process.hrtime.bigint()` reading).
 * On one Linux host the reading is shared by all processes and threads, so clocks made from the
 * same origin in the generator and in the emulator's thread agree.
 */
export function monotonicClock(originNs: bigint): MonotonicClock {
  const originS = Number(originNs / 1_000_000_000n);
  const originRestNs = Number(originNs % 1_000_000_000n);
  const nowNs = (): number => {
    const [seconds, nanos] = process.hrtime();
    return (seconds - originS) * 1e9 + (nanos - originRestNs);
  };
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
