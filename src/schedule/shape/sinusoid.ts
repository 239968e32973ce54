import { formatDurationNs, formatRatePerSec, formatRatio, NS_PER_S } from "../../core/index.ts";
import { linearTimeOfNs, type RateShape } from "./shape.ts";

/** A rate that swings about its mean, as days and nights do. */
export interface Sinusoid {
  /** The mean rate at the beginning and at the end; it changes evenly between them. */
  readonly fromPerSec: number;
  readonly toPerSec: number;
  /** How far the rate swings, as a share of the mean: 0 to 1. */
  readonly amplitude: number;
  readonly periodNs: number;
  readonly durationNs: number;
}

const TOLERANCE_NS = 0.01;
const STEPS_MAX = 100;

/** rate(t) = mean(t) × (1 + amplitude × sin(2π t / period)): begins at the mean, and rises. */
export function sinusoidRate(sinusoid: Sinusoid): RateShape {
  const { amplitude, durationNs, fromPerSec, periodNs, toPerSec } = sinusoid;
  const fromPerNs = fromPerSec / NS_PER_S;
  const growthPerNs = (toPerSec - fromPerSec) / NS_PER_S / durationNs;
  const radiansPerNs = (2 * Math.PI) / periodNs;
  // The remainder is exact, so that the angle is as good after a year as in the first period.
  const angleAt = (elapsedNs: number): number => ((elapsedNs % periodNs) / periodNs) * 2 * Math.PI;
  const perNsAt = (elapsedNs: number): number =>
    (fromPerNs + growthPerNs * elapsedNs) * (1 + amplitude * Math.sin(angleAt(elapsedNs)));
  const startsBefore = (elapsedNs: number): number => {
    const angle = angleAt(elapsedNs);
    const half = Math.sin(angle / 2);
    const swing = (fromPerNs * 2 * half * half) / radiansPerNs;
    const turn = Math.sin(angle) / radiansPerNs - elapsedNs * Math.cos(angle);
    const mean = elapsedNs * (fromPerNs + (growthPerNs / 2) * elapsedNs);
    return mean + amplitude * (swing + (growthPerNs * turn) / radiansPerNs);
  };
  const total = startsBefore(durationNs);
  // However long it lasts, the swing moves the count by no more than this.
  const swingMax = (2 * amplitude * Math.max(fromPerSec, toPerSec)) / NS_PER_S / radiansPerNs;
  const mean = formatRatePerSec((fromPerSec + toPerSec) / 2);
  return {
    label:
      `${mean} ± ${formatRatio(amplitude)} every ${formatDurationNs(periodNs)} ` +
      `for ${formatDurationNs(durationNs)}`,
    durationNs,
    ratePerSec: (elapsedNs) => perNsAt(elapsedNs) * NS_PER_S,
    startsBefore,
    timeOfNs(count) {
      if (count <= 0) return 0;
      if (!(count < total)) return Infinity;
      const lowNs = linearTimeOfNs(fromPerNs, growthPerNs, count - swingMax);
      const highNs = linearTimeOfNs(fromPerNs, growthPerNs, count + swingMax);
      return solveNs(startsBefore, perNsAt, count, {
        lowNs: Math.min(lowNs, durationNs),
        // A mean that falls to 0 may never reach that count.
        highNs: highNs < durationNs ? highNs : durationNs,
      });
    },
  };
}

/**
 * Where a count that never falls reaches `wanted`, between two moments, by Newton's steps; a
 * step that leaves the bracket, or does not halve the one before, is replaced by a bisection.
 * Source: Press et al. 2007, Numerical Recipes, §9.4 (`rtsafe`).
 */
function solveNs(
  countAt: (elapsedNs: number) => number,
  perNsAt: (elapsedNs: number) => number,
  wanted: number,
  bracket: { readonly lowNs: number; readonly highNs: number },
): number {
  let { highNs, lowNs } = bracket;
  let atNs = (lowNs + highNs) / 2;
  let stepNs = highNs - lowNs;
  for (let i = 0; i < STEPS_MAX; i++) {
    const excess = countAt(atNs) - wanted;
    if (excess < 0) lowNs = atNs;
    else highNs = atNs;
    const newtonNs = excess / perNsAt(atNs);
    const nextNs = atNs - newtonNs;
    const usable =
      nextNs >= lowNs && nextNs <= highNs && Math.abs(newtonNs) <= Math.abs(stepNs) / 2;
    stepNs = usable ? newtonNs : (highNs - lowNs) / 2;
    atNs = usable ? nextNs : lowNs + stepNs;
    if (Math.abs(stepNs) < TOLERANCE_NS) break;
  }
  return atNs;
}
