import { normalCdf, normalQuantile } from "../distributions.ts";
import { gammaCdf as gammaCdfOf, gammaQuantile as gammaQuantileOf } from "../stdlib.ts";

/*
 * The gamma distribution of scale 1. stdlib's incomplete gamma function (0.3.1) is right to 1e-13 up
 * to a shape of 800, and wrong by up to 0.03 in probability above 850; so large shapes have an
 * expansion of their own.
 */

/** From here on the expansion is within 4e-9 of the quantile, relative, up to 8 deviations out. */
const LARGE_SHAPE = 500;
const STEPS_MAX = 30;

/** Term j, over `degrees ** (1 - j / 2)`: its coefficients of z⁰, z¹, …, and what divides them. */
const TERMS: readonly (readonly [coefficients: readonly number[], divisor: number])[] = [
  [[1], 1],
  [[0, 1], Math.SQRT1_2],
  [[-2, 0, 2], 3],
  [[0, -7, 0, 1], 9 * Math.SQRT2],
  [[32, 0, -14, 0, -6], 405],
  [[0, -433, 0, 256, 0, 9], 4860 * Math.SQRT2],
  [[1472, 0, -923, 0, -243, 0, 12], 25_515],
  [[0, 289_717, 0, 289_517, 0, -4353, 0, -3753], 9_185_400 * Math.SQRT2],
];

/**
 * The quantile at which a standard normal's is z, as a polynomial of z.
 * Source: Goldberg & Levine 1946 (Cornish–Fisher, for χ² of `2 shape` degrees of freedom);
 * Johnson, Kotz & Balakrishnan 1994, §18.5.
 */
function expansion(shape: number): number[] {
  const degrees = 2 * shape;
  const polynomial = TERMS.map(() => 0);
  for (const [j, [coefficients, divisor]] of TERMS.entries()) {
    for (const [power, coefficient] of coefficients.entries()) {
      polynomial[power]! += (coefficient / divisor) * degrees ** (1 - j / 2) * 0.5;
    }
  }
  return polynomial;
}

/** A polynomial's value and slope, by Horner's rule. */
function evaluate(polynomial: readonly number[], z: number): { value: number; slope: number } {
  let [value, slope] = [0, 0];
  for (const coefficient of polynomial.toReversed()) {
    slope = slope * z + value;
    value = value * z + coefficient;
  }
  return { value, slope };
}

/** Farther out than this probabilities are 0 or 1 to a double, and the series means nothing. */
const Z_MAX = 9;

/** Newton's steps from the normal approximation: the expansion rises, and is nearly straight. */
function normalScore(x: number, shape: number): number {
  const polynomial = expansion(shape);
  let z = (x - shape) / Math.sqrt(shape);
  for (let step = 0; step < STEPS_MAX; step++) {
    if (!(Math.abs(z) < Z_MAX)) return Math.sign(z) * Z_MAX;
    const { value, slope } = evaluate(polynomial, z);
    const change = (value - x) / slope;
    z -= change;
    if (Math.abs(change) < 1e-12) break;
  }
  return z;
}

/** The value that is not exceeded with probability `p`, 0…1; `shape` above 0, up to a million. */
export function gammaQuantile(p: number, shape: number): number {
  if (shape < LARGE_SHAPE || p === 0 || p === 1) return gammaQuantileOf(p, shape, 1);
  return evaluate(expansion(shape), normalQuantile(p)).value;
}

/** The probability of at most `x`; `shape` above 0, up to a million. */
export function gammaCdf(x: number, shape: number): number {
  if (shape < LARGE_SHAPE || x <= 0) return gammaCdfOf(x, shape, 1);
  return normalCdf(normalScore(x, shape));
}
