import { normalCdf, normalQuantile } from "../distributions.ts";
import { gammaCdf, gammaQuantile } from "./gamma.ts";
import { gammaln } from "../stdlib.ts";

/** One part of a lognormal mixture; the weights of all parts add up to 1. */
export interface LognormalPart {
  readonly weight: number;
  readonly medianUs: number;
  /** Standard deviation of the natural logarithm. */
  readonly sigma: number;
}

/**
 * A latency's distribution, in microseconds. `shiftUs` is the least that a call takes: what is
 * distributed is the latency above it.
 */
export type LatencyLaw =
  | { readonly kind: "constant"; readonly valueUs: number }
  | { readonly kind: "uniform"; readonly minUs: number; readonly maxUs: number }
  | { readonly kind: "exponential"; readonly meanUs: number; readonly shiftUs: number }
  | {
      readonly kind: "lognormal";
      readonly medianUs: number;
      readonly sigma: number;
      readonly shiftUs: number;
    }
  | {
      readonly kind: "gamma" | "weibull";
      readonly shape: number;
      readonly scaleUs: number;
      readonly shiftUs: number;
    }
  | { readonly kind: "pareto"; readonly shape: number; readonly minUs: number }
  | { readonly kind: "lognormal-mixture"; readonly parts: readonly LognormalPart[] };

const LOG_SQRT_2PI = Math.log(2 * Math.PI) / 2;
/** Halvings that bring a mixture's quantile to a double's precision. */
const HALVINGS = 60;

function lognormalDensity(x: number, medianUs: number, sigma: number): number {
  if (!(x > 0)) return 0;
  const z = Math.log(x / medianUs) / sigma;
  return Math.exp(-z * z * 0.5 - LOG_SQRT_2PI) / (sigma * x);
}

const lognormalCdf = (x: number, medianUs: number, sigma: number): number =>
  x > 0 ? normalCdf(Math.log(x / medianUs) / sigma) : 0;

/** Probability density at `us`, per microsecond; of a constant, 0 everywhere (it has none). */
export function lawDensity(law: LatencyLaw, us: number): number {
  switch (law.kind) {
    case "constant":
      return 0;
    case "uniform":
      return us >= law.minUs && us <= law.maxUs ? 1 / (law.maxUs - law.minUs) : 0;
    case "exponential": {
      const x = us - law.shiftUs;
      return x < 0 ? 0 : Math.exp(-x / law.meanUs) / law.meanUs;
    }
    case "lognormal":
      return lognormalDensity(us - law.shiftUs, law.medianUs, law.sigma);
    case "gamma": {
      const x = (us - law.shiftUs) / law.scaleUs;
      if (!(x > 0)) return 0;
      return Math.exp((law.shape - 1) * Math.log(x) - x - gammaln(law.shape)) / law.scaleUs;
    }
    case "weibull": {
      const x = (us - law.shiftUs) / law.scaleUs;
      if (!(x > 0)) return 0;
      return (law.shape / law.scaleUs) * x ** (law.shape - 1) * Math.exp(-(x ** law.shape));
    }
    case "pareto":
      return us < law.minUs ? 0 : (law.shape / us) * (law.minUs / us) ** law.shape;
    case "lognormal-mixture":
      return law.parts.reduce(
        (sum, part) => sum + part.weight * lognormalDensity(us, part.medianUs, part.sigma),
        0,
      );
  }
}

/** The probability of at most `us`. */
export function lawCdf(law: LatencyLaw, us: number): number {
  switch (law.kind) {
    case "constant":
      return us >= law.valueUs ? 1 : 0;
    case "uniform":
      return Math.min(Math.max((us - law.minUs) / (law.maxUs - law.minUs), 0), 1);
    case "exponential":
      return us <= law.shiftUs ? 0 : -Math.expm1(-(us - law.shiftUs) / law.meanUs);
    case "lognormal":
      return lognormalCdf(us - law.shiftUs, law.medianUs, law.sigma);
    case "gamma":
      return us <= law.shiftUs ? 0 : gammaCdf((us - law.shiftUs) / law.scaleUs, law.shape);
    case "weibull":
      return us <= law.shiftUs
        ? 0
        : -Math.expm1(-(((us - law.shiftUs) / law.scaleUs) ** law.shape));
    case "pareto":
      return us <= law.minUs ? 0 : 1 - (law.minUs / us) ** law.shape;
    case "lognormal-mixture":
      return law.parts.reduce(
        (sum, part) => sum + part.weight * lognormalCdf(us, part.medianUs, part.sigma),
        0,
      );
  }
}

/** Between the lowest and the highest of the parts' own quantiles, by halving the logarithm. */
function mixtureQuantile(parts: readonly LognormalPart[], p: number): number {
  const z = normalQuantile(p);
  const logs = parts.map(({ medianUs, sigma }) => Math.log(medianUs) + sigma * z);
  let [low, high] = [Math.min(...logs), Math.max(...logs)];
  const law: LatencyLaw = { kind: "lognormal-mixture", parts };
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (lawCdf(law, Math.exp(middle)) < p) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

/** The latency that is not exceeded with probability `p`, in the open interval (0, 1). */
export function lawQuantile(law: LatencyLaw, p: number): number {
  switch (law.kind) {
    case "constant":
      return law.valueUs;
    case "uniform":
      return law.minUs + p * (law.maxUs - law.minUs);
    case "exponential":
      return law.shiftUs - law.meanUs * Math.log1p(-p);
    case "lognormal":
      return law.shiftUs + law.medianUs * Math.exp(law.sigma * normalQuantile(p));
    case "gamma":
      return law.shiftUs + law.scaleUs * gammaQuantile(p, law.shape);
    case "weibull":
      return law.shiftUs + law.scaleUs * (-Math.log1p(-p)) ** (1 / law.shape);
    case "pareto":
      return law.minUs * (1 - p) ** (-1 / law.shape);
    case "lognormal-mixture":
      return mixtureQuantile(law.parts, p);
  }
}
