import * as stdlib from "./stdlib.ts";

/** The value below which a standard normal lies with probability `p` (0…1); ±Infinity at the ends. */
export function normalQuantile(p: number): number {
  return stdlib.normalQuantile(p, 0, 1);
}

/** The probability that a standard normal is at or below `x`. */
export function normalCdf(x: number): number {
  return stdlib.normalCdf(x, 0, 1);
}

/** The value below which Student's t lies with probability `p`; `df` above 0, need not be whole. */
export function tQuantile(p: number, df: number): number {
  return stdlib.tQuantile(p, df);
}

/** The probability that Student's t with `df` degrees of freedom is at or below `x`. */
export function tCdf(x: number, df: number): number {
  return stdlib.tCdf(x, df);
}

/** The smallest count that a Poisson variable of mean `mean` does not exceed with probability `p`. */
export function poissonQuantile(p: number, mean: number): number {
  return stdlib.poissonQuantile(p, mean);
}

/** The probability that Fisher's F with `df1` and `df2` degrees of freedom is at or below `x`. */
export function fCdf(x: number, df1: number, df2: number): number {
  return stdlib.fCdf(x, df1, df2);
}

/** The probability that a χ² variable with `df` degrees of freedom is above `x`; 1 at 0. */
export function chiSquareTail(x: number, df: number): number {
  return 1 - stdlib.chisquareCdf(x, df);
}

/** The value below which a beta variable with shapes `a` and `b` above 0 lies with probability `p`. */
export function betaQuantile(p: number, a: number, b: number): number {
  return stdlib.betaQuantile(p, a, b);
}
