import type { ErrorFit } from "./gilbert-elliott.ts";
import type { LatencyFit } from "./latency.ts";
import type { LimitLaw } from "./limit.ts";
import type { LatencyLaw, LognormalPart } from "./laws.ts";

/** A model as a scenario writes it: its kind and that kind's fields, durations with their unit. */
export interface Written {
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** Whole nanoseconds, which is what a duration is read into. */
const duration = (us: number): string => `${Number(us.toFixed(3))}us`;

/** What the emulator's models take: a law beyond is as good as one value, or has no bound. */
const SHAPE_MIN = 0.1;
const SHAPE_MAX = 100_000;
const SIGMA_MAX = 10;

const isShape = (shape: number): boolean => shape >= SHAPE_MIN && shape <= SHAPE_MAX;

/** Null where it rounds to nothing: a law has no scale, and no median, of 0. */
const positive = (us: number): string | null => (us >= 0.0005 ? duration(us) : null);

const shiftOf = (shiftUs: number): { shift?: string } => {
  const shift = positive(shiftUs);
  return shift === null ? {} : { shift };
};

function writtenLognormal(medianUs: number, sigma: number, shiftUs: number): Written | null {
  const median = positive(medianUs);
  if (median === null || sigma > SIGMA_MAX) return null;
  return { kind: "lognormal", ...shiftOf(shiftUs), median, sigma };
}

function writtenMixture(parts: readonly LognormalPart[]): Written | null {
  const of = [];
  for (const { medianUs, sigma, weight } of parts) {
    const latency = writtenLognormal(medianUs, sigma, 0);
    if (latency === null) return null;
    of.push({ weight, latency });
  }
  return { kind: "mixture", of };
}

/** The law as a scenario writes it; null where it has no such form. */
function writtenLaw(law: LatencyLaw): Written | null {
  switch (law.kind) {
    case "constant":
      return { kind: "constant", value: duration(law.valueUs) };
    case "uniform":
      return { kind: "uniform", min: duration(law.minUs), max: duration(law.maxUs) };
    case "exponential": {
      const mean = positive(law.meanUs);
      return mean === null ? null : { kind: "exponential", ...shiftOf(law.shiftUs), mean };
    }
    case "lognormal":
      return writtenLognormal(law.medianUs, law.sigma, law.shiftUs);
    case "gamma": {
      // By the mean: of a large shape the scale is too small to be written to the nanosecond.
      const { scaleUs, shape, shiftUs } = law;
      const mean = positive(shape * scaleUs);
      if (mean === null || !isShape(shape)) return null;
      return { kind: "gamma", ...shiftOf(shiftUs), shape, mean };
    }
    case "weibull": {
      const { scaleUs, shape, shiftUs } = law;
      const scale = positive(scaleUs);
      if (scale === null || !isShape(shape)) return null;
      return { kind: "weibull", ...shiftOf(shiftUs), shape, scale };
    }
    case "pareto": {
      const min = positive(law.minUs);
      return min === null || !isShape(law.shape) ? null : { kind: "pareto", min, shape: law.shape };
    }
    case "lognormal-mixture":
      return writtenMixture(law.parts);
  }
}

/**
 * The fit as a scenario's `latency` writes it: the law that is advised, by its kind, parameters to
 * the nanosecond; or the quantiles, where none is, or the emulator has no model of it (a shape
 * outside 0.1 to 100,000, a sigma above 10, a scale below half a nanosecond).
 */
export function writtenLatency({ advised, quantiles }: LatencyFit): Written {
  const law = advised === "empirical" ? null : writtenLaw(advised);
  if (law !== null) return law;
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
    meanBurst: fit.pace === "call" ? fit.meanBurst : duration(fit.meanBurst),
    errorInBad: ratio(fit.errorRatioBad),
    errorInGood: ratio(fit.errorRatioGood),
  };
}

/** The law as a scenario's `limit` writes it. */
export function writtenLimit(law: LimitLaw): Written {
  switch (law.kind) {
    case "token-bucket":
      return {
        kind: law.kind,
        rate: `${Math.max(law.ratePerSec, 1e-6)
          .toFixed(6)
          .replace(/\.?0+$/, "")}/s`,
        burst: law.burst,
      };
    case "fixed-window":
      return {
        kind: law.kind,
        limit: law.limit,
        window: duration(law.windowUs),
        begins: law.begins,
      };
    case "sliding-window":
      return { kind: law.kind, limit: law.limit, window: duration(law.windowUs) };
    case "concurrency":
      return { kind: law.kind, max: law.max };
  }
}
