import { formatDurationNs, formatRatePerSec, NS_PER_S, ShakedownError } from "../core/index.ts";
import type { ArrivalSchedule } from "./schedule.ts";

/**
 * The capture's own arrivals, sped up or slowed down so that their mean rate is `ratePerSec`, and
 * repeated for as long as the schedule lasts. Start n of the run takes the gap that stood before
 * record n (modulo the profile), so that a request keeps its own place in the capture's rhythm;
 * between two repetitions lies one mean gap.
 *
 * `offsetsNs`: the records' arrivals, non-decreasing, the first at 0; at least one.
 * @throws PROFILE_INVALID when there is none.
 */
export function recordedSchedule(
  offsetsNs: readonly number[],
  ratePerSec: number,
  durationNs: number,
): ArrivalSchedule {
  const records = offsetsNs.length;
  if (records === 0) {
    throw new ShakedownError("PROFILE_INVALID", "there are no recorded arrivals to follow", {
      hint: "use a profile with at least one record, or the arrivals `poisson` or `uniform`",
    });
  }
  const lastNs = offsetsNs[records - 1] ?? 0;
  const periodNs = (records / ratePerSec) * NS_PER_S;
  // One mean gap of n stands between repetitions, so n − 1 gaps' worth of period hold the capture.
  const speed = lastNs === 0 ? 0 : (periodNs * (records - 1)) / records / lastNs;
  const placeNs = (index: number): number =>
    Math.floor(index / records) * periodNs + (offsetsNs[index % records] ?? 0) * speed;
  return {
    label: `recorded arrivals at ${formatRatePerSec(ratePerSec)} for ${formatDurationNs(durationNs)}`,
    durationNs,
    *intendedStartsNs(_prng, firstSeq) {
      const phase = firstSeq % records;
      const originNs = placeNs(phase);
      for (let i = phase; ; i++) {
        const startNs = placeNs(i) - originNs;
        if (!(startNs < durationNs)) return;
        yield startNs;
      }
    },
    ratePerSec: () => ratePerSec,
  };
}
