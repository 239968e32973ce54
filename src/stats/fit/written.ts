import type { ErrorFit } from "./gilbert-elliott.ts";
import type { LatencyFit } from "./latency.ts";

/** A model as a scenario writes it: its kind and that kind's fields, durations with their unit. */
export interface Written {
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** Whole nanoseconds, which is what a duration is read into. */
const duration = (us: number): string => `${Number(us.toFixed(3))}us`;

/**
 * The fit as a scenario's `latency` writes it: the law where one is advised that has a written
 * form of its own (a constant, a lognormal that starts at 0), else the quantiles, which every law
 * that is near enough agrees with.
 */
export function writtenLatency({ advised, quantiles }: LatencyFit): Written {
  if (advised !== "empirical") {
    if (advised.kind === "constant") return { kind: "constant", value: duration(advised.valueUs) };
    if (advised.kind === "lognormal" && advised.shiftUs === 0) {
      return { kind: "lognormal", median: duration(advised.medianUs), sigma: advised.sigma };
    }
  }
  return { kind: "empirical", quantiles: quantiles.map(([p, us]) => [p, duration(us)]) };
}

/** The distance from the data of what `writtenLatency` gives: the law's own, or the quantiles'. */
export function writtenKsDistance(fit: LatencyFit): number {
  if (writtenLatency(fit).kind === "empirical") return fit.empirical.ksDistance;
  const found = fit.laws.find(({ law }) => law === fit.advised);
  return (found ?? fit.empirical).ksDistance;
}

/** To six digits after the point, and never a share that was seen down to none: no exponent is written. */
const ratio = (share: number): number =>
  share === 0 ? 0 : Math.max(Number(share.toFixed(6)), 1e-6);

/** The fit as a scenario's `errors` writes it. */
export function writtenErrors(fit: ErrorFit): Written {
  if (fit.kind === "independent") return { kind: "independent", ratio: ratio(fit.errorRatio) };
  return {
    kind: "gilbert-elliott",
    badRatio: ratio(fit.badRatio),
    meanBurst: fit.meanBurst,
    errorInBad: ratio(fit.errorRatioBad),
    errorInGood: ratio(fit.errorRatioGood),
  };
}
