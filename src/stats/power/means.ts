import { ShakedownError } from "../../core/index.ts";
import { normalCdf, normalQuantile, tQuantile } from "../distributions.ts";
import { rootBetween } from "../root.ts";
import { noncentralTCdf } from "./noncentral-t.ts";

export interface MeanTest {
  /** "one-sample": n differences (paired blocks, runs); "two-sample": n values in each sample. */
  readonly design: "one-sample" | "two-sample";
  readonly sides: 1 | 2;
  /** In all: two-sided, each tail has half of it. */
  readonly alpha: number;
}

/** Values in each sample beyond which a test is called hopeless. */
const N_MAX = 1e12;

const freedom = ({ design }: MeanTest, n: number): number =>
  design === "one-sample" ? n - 1 : 2 * n - 2;

/** Noncentrality for an effect of one SD. */
const weight = ({ design }: MeanTest, n: number): number =>
  Math.sqrt(design === "one-sample" ? n : n / 2);

/** @throws INTERNAL when α or the power is no probability that a test can have */
function check(test: MeanTest, power: number): void {
  if (!(test.alpha > 0 && test.alpha < 1 && power > test.alpha && power < 1)) {
    throw new ShakedownError(
      "INTERNAL",
      `no test has power ${power} at alpha ${test.alpha}: 0 < alpha < power < 1`,
    );
  }
}

/**
 * The chance that a t test of `n` values (above 1 of them, need not be whole) rejects, when the mean, or
 * the difference of means, is `effect` standard deviations; one-sided, towards effects above 0. A
 * two-sided test may also reject on the wrong side.
 * Source: noncentral t; agrees with R's pwr and G*Power.
 */
export function meanTestPower(
  test: MeanTest & { readonly n: number; readonly effect: number },
): number {
  const { alpha, effect, n, sides } = test;
  const df = freedom(test, n);
  const critical = tQuantile(1 - alpha / sides, df);
  const ncp = effect * weight(test, n);
  // From the other side, where it is small: a power near 1 loses nothing.
  const above = noncentralTCdf(-critical, df, -ncp);
  return sides === 1 ? above : above + noncentralTCdf(-critical, df, ncp);
}

/**
 * Values needed in each sample, not rounded, for the given power at an effect of `effect` standard
 * deviations; ∞ for no effect.
 * Source: as above, solved for n (R's power.t.test).
 * @throws INTERNAL when α and power do not fit
 */
export function meanTestSize(
  test: MeanTest & { readonly effect: number; readonly power: number },
): number {
  check(test, test.power);
  const effect = test.sides === 2 ? Math.abs(test.effect) : test.effect;
  if (!(effect > 0)) return Infinity;
  const fewest = 2;
  const missing = (n: number): number => meanTestPower({ ...test, n, effect }) - test.power;
  if (missing(fewest) >= 0) return fewest;
  let high = 2 * fewest;
  while (high < N_MAX && missing(high) < 0) high *= 2;
  return high < N_MAX ? rootBetween(missing, high / 2, high, 1e-9) : Infinity;
}

/**
 * The effect, in standard deviations, that a test of `n` values detects with the given power: the
 * MDE. With n runs and their SD τ as the unit it is the floor under what any number of requests can show.
 * Source: as above, solved for the effect.
 * @throws INTERNAL when α and power do not fit
 */
export function meanTestMde(
  test: MeanTest & { readonly n: number; readonly power: number },
): number {
  check(test, test.power);
  let high = 1;
  const missing = (effect: number): number => meanTestPower({ ...test, effect }) - test.power;
  while (missing(high) < 0) high *= 2;
  return rootBetween(missing, 0, high, 1e-10);
}

/**
 * The chance that a z test rejects when z has the mean `drift` and an SD of 1; one-sided, towards
 * means above 0.
 * Source: Cohen 1988 §6 (with drift = h√(n/2), two shares).
 */
export function zTestPower(drift: number, alpha: number, sides: 1 | 2): number {
  const critical = normalQuantile(1 - alpha / sides);
  const above = normalCdf(drift - critical);
  return sides === 1 ? above : above + normalCdf(-drift - critical);
}
