import { ShakedownError } from "../../core/index.ts";
import type { Interval } from "../effect.ts";

/**
 * The scale ρ of a mixture, in the unit of a sum of squares: the one that makes the boundary
 * (nearly) tightest when Σ(D_b − θ0)² is `plannedSumOfSquares`: the planned number of blocks × the
 * mean square of one. Any ρ above 0 fixed before the first block is valid, and a wrong guess only
 * costs width: 7 % when ten times too small, 27 % when ten times too large. One-sided, α counts
 * double.
 * Source: Howard, Ramdas, McAuliffe & Sekhon 2021 §3.5 (with their approximation of Lambert's W).
 * @throws INTERNAL when the sum or α is out of range
 */
export function mixtureScale(input: {
  readonly plannedSumOfSquares: number;
  readonly alpha: number;
  readonly sides: 1 | 2;
}): number {
  const { plannedSumOfSquares, sides } = input;
  const alpha = sides === 1 ? 2 * input.alpha : input.alpha;
  const valid = plannedSumOfSquares > 0 && plannedSumOfSquares < Infinity;
  if (!valid || !(alpha > 0 && alpha < 1)) {
    const given = `Σ D² of ${plannedSumOfSquares} at α ${input.alpha}, ${sides}-sided`;
    throw new ShakedownError("INTERNAL", `no mixture fits ${given}: both have to be above 0`);
  }
  const spent = 2 * Math.log(1 / alpha);
  return plannedSumOfSquares / (spent + Math.log1p(spent));
}

/**
 * How far |Σ(D_b − θ0)| may be from 0, at any time and at all times together, while θ0 is not
 * rejected at the two-sided level `alpha`: `√((V+ρ)(ln(1+V/ρ) + 2 ln(1/α)))`, where V is
 * Σ(D_b − θ0)², `sumOfSquares`. Valid however often it is looked at, for independent effects
 * that are symmetric about θ0 given the past; `rho` from `mixtureScale` with two sides.
 * Source: de la Peña 1999; Howard, Ramdas, McAuliffe & Sekhon 2021, eq. 14.
 */
export function selfNormalisedBound(sumOfSquares: number, rho: number, alpha: number): number {
  return Math.sqrt(
    (sumOfSquares + rho) * (Math.log1p(sumOfSquares / rho) + 2 * Math.log(1 / alpha)),
  );
}

/** Doublings of the half-width tried, and halvings of the bracket. */
const STEPS = 200;

/**
 * The values of θ0 around the mean of `effects` that the two-sided test never excludes: from the mean
 * to the nearest rejected value on either side, infinite when there is none. For the record only: the
 * set of all values not rejected is not an interval while blocks are few (far from the mean S²/V
 * tends to n while the threshold grows with ln V), so this is the part that holds the mean. What
 * is shown to people is `asymptoticHalfWidth`.
 */
export function selfNormalisedInterval(
  effects: readonly number[],
  rho: number,
  alpha: number,
): Interval {
  const count = effects.length;
  if (count === 0) return { low: -Infinity, high: Infinity };
  const mean = effects.reduce((sum, effect) => sum + effect, 0) / count;
  const squares = effects.reduce((sum, effect) => sum + (effect - mean) ** 2, 0);
  const rejected = (half: number): boolean =>
    count * half >= selfNormalisedBound(squares + count * half ** 2, rho, alpha);
  let step = Math.sqrt((squares + rho) / count) / count;
  let low = 0;
  for (let i = 0; i < STEPS && !rejected(low + step); i++) {
    low += step;
    step *= 1.05;
  }
  let high = low + step;
  if (!rejected(high)) return { low: -Infinity, high: Infinity };
  for (let i = 0; i < STEPS; i++) {
    const middle = (low + high) / 2;
    if (rejected(middle)) high = middle;
    else low = middle;
  }
  return { low: mean - low, high: mean + low };
}
