import { lazily } from "../core/index.ts";

/** A function of numbers, whose package is loaded when it is first called. */
function numeric(name: string): (...given: number[]) => number {
  const loaded = lazily(`@stdlib/${name}`) as () => (...given: number[]) => number;
  return (...given) => loaded()(...given);
}

/*
 * What there is of @stdlib, by its own names and in its own order of arguments. Together it is 480
 * files, and nobody needs them all.
 */
export const betaCdf: (x: number, alpha: number, beta: number) => number = numeric(
  "stats-base-dists-beta-cdf",
);
export const betaln: (a: number, b: number) => number = numeric("math-base-special-betaln");
export const betaQuantile: (p: number, alpha: number, beta: number) => number = numeric(
  "stats-base-dists-beta-quantile",
);
export const chisquareCdf: (x: number, k: number) => number = numeric(
  "stats-base-dists-chisquare-cdf",
);
export const digamma: (x: number) => number = numeric("math-base-special-digamma");
export const fCdf: (x: number, d1: number, d2: number) => number =
  numeric("stats-base-dists-f-cdf");
export const gammaCdf: (x: number, shape: number, rate: number) => number = numeric(
  "stats-base-dists-gamma-cdf",
);
export const gammaln: (x: number) => number = numeric("math-base-special-gammaln");
export const gammaQuantile: (p: number, shape: number, rate: number) => number = numeric(
  "stats-base-dists-gamma-quantile",
);
export const normalCdf: (x: number, mu: number, sigma: number) => number = numeric(
  "stats-base-dists-normal-cdf",
);
export const normalQuantile: (p: number, mu: number, sigma: number) => number = numeric(
  "stats-base-dists-normal-quantile",
);
export const poissonQuantile: (p: number, lambda: number) => number = numeric(
  "stats-base-dists-poisson-quantile",
);
export const riemannZeta: (s: number) => number = numeric("math-base-special-riemann-zeta");
export const tCdf: (x: number, degrees: number) => number = numeric("stats-base-dists-t-cdf");
export const tQuantile: (p: number, degrees: number) => number = numeric(
  "stats-base-dists-t-quantile",
);
