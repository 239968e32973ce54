import { type ArrivalSchedule, unitExponential } from "./schedule.ts";
import { type RateShape, steadyRate } from "./shape/index.ts";

/**
 * Independent users: a Poisson process whose rate follows the shape, exactly. What the
 * superposition of many independent sources tends to (Palm–Khintchine).
 * Source: Çinlar 1975, §4.7: a Poisson process of rate 1, read through Λ⁻¹.
 */
export function poissonOver(shape: RateShape): ArrivalSchedule {
  const { durationNs } = shape;
  return {
    label: `poisson ${shape.label}`,
    durationNs,
    *intendedStartsNs(prng) {
      let count = 0;
      let startNs = 0;
      for (;;) {
        count += unitExponential(prng);
        // Two counts that are next to each other may come out of a solver in the wrong order.
        startNs = Math.max(startNs, shape.timeOfNs(count));
        if (!(startNs < durationNs)) return;
        yield startNs;
      }
    },
    ratePerSec: (elapsedNs) => shape.ratePerSec(elapsedNs),
  };
}

/** A Poisson process of a steady rate: exponential gaps of mean 1/rate. */
export function poissonSchedule(ratePerSec: number, durationNs: number): ArrivalSchedule {
  return poissonOver(steadyRate(ratePerSec, durationNs));
}
