import { formatDurationNs, formatRatePerSec, NS_PER_S } from "../core/index.ts";
import type { ArrivalSchedule } from "./schedule.ts";

/**
 * Independent users: exponential gaps of mean 1/rate. What the superposition of many independent
 * sources tends to (Palm–Khintchine).
 */
export function poissonSchedule(ratePerSec: number, durationNs: number): ArrivalSchedule {
  return {
    label: `poisson ${formatRatePerSec(ratePerSec)} for ${formatDurationNs(durationNs)}`,
    durationNs,
    *intendedStartsNs(prng) {
      let startNs = 0;
      for (;;) {
        // 1 − u is in (0, 1], whose logarithm is finite.
        startNs += (-Math.log(1 - prng()) / ratePerSec) * NS_PER_S;
        if (!(startNs < durationNs)) return;
        yield startNs;
      }
    },
    ratePerSec: () => ratePerSec,
  };
}
