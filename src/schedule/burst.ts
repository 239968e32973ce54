import { formatDurationNs, formatRatio } from "../core/index.ts";
import { type ArrivalSchedule, unitExponential } from "./schedule.ts";
import type { RateShape } from "./shape/index.ts";
import { type Bursts, checkBursts } from "./spec.ts";

/**
 * Traffic that comes in bursts: a Poisson process whose rate is the shape's, times `ratio` while a
 * burst lasts and times what keeps the mean in between (a two-state Markov-modulated Poisson
 * process). Lengths of bursts and of the pauses between them are exponential, in plain time
 * whatever the shape; it begins in its stationary state, so that no stretch is unlike another.
 * Exact: of the next start and the next change, the one that is due first happens.
 * @throws USAGE when the bursts would hold more than all of the traffic, or are out of bounds.
 * Source: Fischer & Meier-Hellstern 1993, Performance Evaluation 18:149.
 */
export function burstOver(shape: RateShape, bursts: Bursts): ArrivalSchedule {
  checkBursts(bursts);
  const { durationNs } = shape;
  const { meanNs, ratio, share } = bursts;
  const quiet = Math.max(0, (1 - share * ratio) / (1 - share));
  const quietMeanNs = (meanNs * (1 - share)) / share;
  return {
    label:
      `bursts of ×${Number(ratio.toPrecision(3))} for ${formatRatio(share)} of the time, ` +
      `${formatDurationNs(meanNs)} each, ${shape.label}`,
    durationNs,
    *intendedStartsNs(prng) {
      let inBurst = prng() < share;
      const pastChangeNs = (atNs: number): number =>
        Math.min(durationNs, atNs + unitExponential(prng) * (inBurst ? meanNs : quietMeanNs));
      let changeNs = pastChangeNs(0);
      let changeCount = shape.startsBefore(changeNs);
      let count = 0;
      let startNs = 0;
      for (;;) {
        // What is left of it at a change is again exponential of mean 1, and is not drawn anew.
        let wait = unitExponential(prng);
        for (;;) {
          const factor = inBurst ? ratio : quiet;
          const reach = (changeCount - count) * factor;
          if (wait < reach) {
            count += wait / factor;
            break;
          }
          if (!(changeNs < durationNs)) return;
          wait -= reach;
          count = changeCount;
          inBurst = !inBurst;
          changeNs = pastChangeNs(changeNs);
          changeCount = shape.startsBefore(changeNs);
        }
        startNs = Math.max(startNs, shape.timeOfNs(count));
        if (!(startNs < durationNs)) return;
        yield startNs;
      }
    },
    ratePerSec: (elapsedNs) => shape.ratePerSec(elapsedNs),
  };
}
