import betaQuantileOf from "@stdlib/stats-base-dists-beta-quantile";
import chiSquareCdfOf from "@stdlib/stats-base-dists-chisquare-cdf";
import fCdfOf from "@stdlib/stats-base-dists-f-cdf";
import normalCdfOf from "@stdlib/stats-base-dists-normal-cdf";
import normalQuantileOf from "@stdlib/stats-base-dists-normal-quantile";
import poissonQuantileOf from "@stdlib/stats-base-dists-poisson-quantile";
import tCdfOf from "@stdlib/stats-base-dists-t-cdf";
import tQuantileOf from "@stdlib/stats-base-dists-t-quantile";

/** The value below which a standard normal lies with probability `p` (0…1); ±Infinity at the ends. */
export function normalQuantile(p: number): number {
  return normalQuantileOf(p, 0, 1);
}

/** The probability that a standard normal is at or below `x`. */
export function normalCdf(x: number): number {
  return normalCdfOf(x, 0, 1);
}

/** The value below which Student's t lies with probability `p`; `df` above 0, need not be whole. */
export function tQuantile(p: number, df: number): number {
  return tQuantileOf(p, df);
}

/** The probability that Student's t with `df` degrees of freedom is at or below `x`. */
export function tCdf(x: number, df: number): number {
  return tCdfOf(x, df);
}

/** The smallest count that a Poisson variable of mean `mean` does not exceed with probability `p`. */
export function poissonQuantile(p: number, mean: number): number {
  return poissonQuantileOf(p, mean);
}

/** The probability that Fisher's F with `df1` and `df2` degrees of freedom is at or below `x`. */
export function fCdf(x: number, df1: number, df2: number): number {
  return fCdfOf(x, df1, df2);
}

/** The probability that a χ² variable with `df` degrees of freedom is above `x`; 1 at 0. */
export function chiSquareTail(x: number, df: number): number {
  return 1 - chiSquareCdfOf(x, df);
}

/** The value below which a beta variable with shapes `a` and `b` above 0 lies with probability `p`. */
export function betaQuantile(p: number, a: number, b: number): number {
  return betaQuantileOf(p, a, b);
}
