import { formatDurationNs, formatRatePerSec, NS_PER_S } from "../../core/index.ts";
import { linearTimeOfNs, type RateShape } from "./shape.ts";

/** A rate that changes evenly from `fromPerSec` to `toPerSec`, each 0 or more, up or down. */
export function linearRate(fromPerSec: number, toPerSec: number, durationNs: number): RateShape {
  const fromPerNs = fromPerSec / NS_PER_S;
  const growthPerNs = (toPerSec - fromPerSec) / NS_PER_S / durationNs;
  const [from, to] = [formatRatePerSec(fromPerSec), formatRatePerSec(toPerSec)];
  return {
    label: `${from} to ${to} over ${formatDurationNs(durationNs)}`,
    durationNs,
    ratePerSec: (elapsedNs) => fromPerSec + (toPerSec - fromPerSec) * (elapsedNs / durationNs),
    startsBefore: (elapsedNs) => elapsedNs * (fromPerNs + (growthPerNs / 2) * elapsedNs),
    timeOfNs: (count) => linearTimeOfNs(fromPerNs, growthPerNs, count),
  };
}
