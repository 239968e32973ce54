import { formatDurationNs, formatRatePerSec, NS_PER_S } from "../../core/index.ts";
import type { RateShape } from "./shape.ts";

/** The same rate throughout: `ratePerSec` starts a second, 0 or more. */
export function steadyRate(ratePerSec: number, durationNs: number): RateShape {
  const gapNs = NS_PER_S / ratePerSec;
  return {
    label: `${formatRatePerSec(ratePerSec)} for ${formatDurationNs(durationNs)}`,
    durationNs,
    ratePerSec: () => ratePerSec,
    startsBefore: (elapsedNs) => elapsedNs / gapNs,
    timeOfNs: (count) => (count <= 0 ? 0 : count * gapNs),
  };
}
