import type { ArrivalSchedule } from "./schedule.ts";
import { type RateShape, steadyRate } from "./shape/index.ts";

/**
 * Starts spaced as evenly as the rate allows: start i where i + ½ starts are expected, so that
 * there are as many as the shape expects, rounded.
 */
export function uniformOver(shape: RateShape): ArrivalSchedule {
  const { durationNs } = shape;
  return {
    label: `uniform ${shape.label}`,
    durationNs,
    *intendedStartsNs() {
      // Each start from its index, never by adding gaps up: no rounding error is carried along.
      for (let i = 0; ; i++) {
        const startNs = shape.timeOfNs(i + 0.5);
        if (!(startNs < durationNs)) return;
        yield startNs;
      }
    },
    ratePerSec: (elapsedNs) => shape.ratePerSec(elapsedNs),
  };
}

/** Equal gaps of 1/rate, beginning half a gap in: `duration × rate` starts, rounded. */
export function uniformSchedule(ratePerSec: number, durationNs: number): ArrivalSchedule {
  return uniformOver(steadyRate(ratePerSec, durationNs));
}
