import { formatDurationNs, formatRatePerSec, NS_PER_S } from "../core/index.ts";
import type { ArrivalSchedule } from "./schedule.ts";

/** Equal gaps of 1/rate, beginning half a gap in: `duration × rate` starts, rounded. */
export function uniformSchedule(ratePerSec: number, durationNs: number): ArrivalSchedule {
  return {
    label: `uniform ${formatRatePerSec(ratePerSec)} for ${formatDurationNs(durationNs)}`,
    durationNs,
    *intendedStartsNs() {
      const gapNs = NS_PER_S / ratePerSec;
      // Each start from its index, never by adding gaps up: no rounding error is carried along.
      for (let i = 0; ; i++) {
        const startNs = (i + 0.5) * gapNs;
        if (!(startNs < durationNs)) return;
        yield startNs;
      }
    },
    ratePerSec: () => ratePerSec,
  };
}
