import { normalQuantile } from "../distributions.ts";
import { rootBetween } from "../root.ts";
import { type AsymptoticInput, asymptoticHalfWidth } from "../sequential/asymptotic.ts";
import { zTestPower } from "./means.ts";

/**
 * The power of the watched band of a mean to exclude 0 by `n`, when the mean is `effect`: as that of a
 * single test whose interval is as wide. A convention: where it says more than a half, the band at its
 * last look alone has more power than that, where it says less, less.
 * Source: GrowthBook's power calculation, over Waudby-Smith et al. 2023, eq. 9.
 */
export function asymptoticPower(input: AsymptoticInput & { readonly effect: number }): number {
  const critical = normalQuantile(1 - input.alpha / 2);
  return zTestPower((input.effect / asymptoticHalfWidth(input)) * critical, input.alpha, 2);
}

/** An effect beyond this, relative or in any unit of use, is no answer. */
const EFFECT_MAX = 1e12;

/**
 * The effect above 0 for which `powerAt` gives `power`, searched from `start` (above 0) upwards: for
 * tests whose standard error depends on the effect. ∞ where none does, as when the error grows as fast.
 */
export function mdeOf(powerAt: (effect: number) => number, power: number, start: number): number {
  let high = start;
  while (high < EFFECT_MAX && powerAt(high) < power) high *= 2;
  if (high >= EFFECT_MAX) return Infinity;
  return rootBetween((effect) => powerAt(effect) - power, 0, high);
}
