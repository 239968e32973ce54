import type { Interval } from "../effect.ts";
import { rootBetween } from "../root.ts";
import { mixtureScale } from "./self-normalised.ts";
import { betaCdf, betaln } from "../stdlib.ts";

/** How a mixture is tuned, before the first value: validity never depends on it. */
export interface Tuning {
  /** Number of values at which its bound is nearly tightest. */
  readonly tOpt: number;
  /** The α for which it is tightest; that of the test, if nothing speaks against it. */
  readonly alphaOpt: number;
}

/** A sum of values centred at 0 that lie between −g and h (both above 0), e.g. −p and 1 − p. */
export interface Support {
  readonly g: number;
  readonly h: number;
}

export interface BetaBinomialMixture {
  /** ln of the evidence against a mean of 0, at the sum `s` and the variance process `v` (n·g·h). */
  logE(s: number, v: number): number;
  /** What `s` may be at all times together, at level `alpha`; at most v/g. */
  bound(v: number, alpha: number): number;
}

/**
 * The mixture of a binomial likelihood over a beta distribution: an anytime-valid test of a share, or
 * of any bounded mean. One-sided, it is only evidence for a mean above 0. `vOpt`: v where its bound
 * is nearly tightest.
 * Source: Robbins 1970; Howard, Ramdas, McAuliffe & Sekhon 2021, prop. 7; the orientation of g and h,
 * and how the mixture is tuned, as in their package confseq.
 */
export function betaBinomialMixture(
  input: Support & { readonly vOpt: number; readonly alphaOpt: number; readonly sides: 1 | 2 },
): BetaBinomialMixture {
  const { alphaOpt, g, h, sides, vOpt } = input;
  const rho = mixtureScale({ plannedSumOfSquares: vOpt, alpha: alphaOpt, sides });
  const r = Math.max(rho - g * h, 1e-3 * g * h);
  const [below, above] = [g * (g + h), h * (g + h)];
  const cut = h / (g + h);
  const logBeta = (a: number, b: number): number =>
    betaln(a, b) + (sides === 1 ? Math.log(betaCdf(cut, a, b)) : 0);
  const start = logBeta(r / below, r / above);
  const logE = (s: number, v: number): number =>
    (v / (g * h)) * Math.log(g + h) -
    ((v + h * s) / above) * Math.log(g) -
    ((v - g * s) / below) * Math.log(h) +
    logBeta((r + v - g * s) / below, (r + v + h * s) / above) -
    start;
  return {
    logE,
    bound(v, alpha) {
      const excess = (s: number): number => logE(s, v) - Math.log(1 / alpha);
      return excess(v / g) < 0 ? v / g : rootBetween(excess, 0, v / g);
    },
  };
}

/** The mixture for the share p of a population: values are 1 − p and −p. */
export function shareMixture(p: number, tuning: Tuning): BetaBinomialMixture {
  const vOpt = p * (1 - p) * tuning.tOpt;
  return betaBinomialMixture({ g: p, h: 1 - p, vOpt, alphaOpt: tuning.alphaOpt, sides: 2 });
}

/**
 * A confidence sequence of a share: with probability 1 − `alpha` it holds the true share after every one of
 * the independent trials, however many. For clustered trials, give both counts over the design effect:
 * then it is an approximation. [0, 1] before the first.
 * Source: Howard, Ramdas, McAuliffe & Sekhon 2021, the sub-Bernoulli mixture inverted.
 */
export function shareSequence(
  input: Tuning & { readonly events: number; readonly trials: number; readonly alpha: number },
): Interval {
  const { alpha, events, trials } = input;
  if (trials === 0) return { low: 0, high: 1 };
  const seen = events / trials;
  const excess = (p: number): number => {
    // A share of 0, or of 1, is out of the question once the other was seen.
    if (p <= 0 || p >= 1) return seen === p ? -1 : 1;
    const evidence = shareMixture(p, input).logE((seen - p) * trials, p * (1 - p) * trials);
    return evidence - Math.log(1 / alpha);
  };
  const [zero, one] = [Math.min(seen, 1e-12), Math.max(seen, 1 - 1e-12)];
  return {
    low: seen === 0 || excess(zero) < 0 ? 0 : rootBetween(excess, zero, seen),
    high: seen === 1 || excess(one) < 0 ? 1 : rootBetween(excess, seen, one),
  };
}
