import { type Clock, DeadlineQueue, type Deadlines } from "../core/index.ts";

/** Time that moves only when it is told to, and the deadlines that are kept in it. */
export interface VirtualTime {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /**
   * Moves time to `ns`, stopping on the way at every deadline, which is fired at its very moment.
   * What awaits `clock.sleepUntilNs` goes on after the caller's next `await`.
   */
  advanceTo(ns: number): void;
  /**
   * Moves time from deadline to deadline until none is pending.
   * @throws Error after ten million wakes: then something sets a new deadline at each one.
   */
  runAll(): void;
  /**
   * Moves time on by `ns` without firing anything, as a busy process does: deadlines that have
   * come meanwhile are late.
   */
  stall(ns: number): void;
}

const WAKES_MAX = 10_000_000;

/** Virtual time, beginning at 0. */
export function createVirtualTime(): VirtualTime {
  let timeNs = 0;
  let armedNs = Number.POSITIVE_INFINITY;
  let wake = (): void => {};
  const nowNs = (): number => timeNs;
  const deadlines = new DeadlineQueue(
    { nowNs, sleepUntilNs: (deadlineNs, signal) => sleepUntilNs(deadlineNs, signal) },
    (given) => {
      wake = given;
      return {
        arm: (deadlineNs) => (armedNs = deadlineNs),
        async close() {
          armedNs = Number.POSITIVE_INFINITY;
        },
      };
    },
  );
  const sleepUntilNs = (deadlineNs: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (deadlineNs <= timeNs) return resolve();
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const wakened = deadlines.at(deadlineNs, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      const abort = (): void => {
        deadlines.cancel(wakened);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", abort, { once: true });
    });
  const fireUpTo = (ns: number): void => {
    for (let wakes = 0; armedNs <= ns && armedNs < Number.POSITIVE_INFINITY; wakes++) {
      if (wakes === WAKES_MAX) throw new Error(`still busy after ${WAKES_MAX} wakes`);
      timeNs = Math.max(timeNs, armedNs);
      armedNs = Number.POSITIVE_INFINITY;
      wake();
    }
  };
  return {
    clock: { nowNs, sleepUntilNs },
    deadlines,
    advanceTo(ns) {
      fireUpTo(ns);
      timeNs = Math.max(timeNs, ns);
    },
    runAll: () => fireUpTo(Number.POSITIVE_INFINITY),
    stall: (ns) => (timeNs += ns),
  };
}
