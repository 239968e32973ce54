import { tCdf, tQuantile } from "../distributions.ts";
import type { Interval } from "../effect.ts";
import { fitLine } from "../line.ts";

/** Into how many slices a series is cut whose trend is asked for. */
export const TREND_SLICES = 20;
/** The fewest slices that tell a trend from chance. */
export const MIN_TREND_SLICES = 12;

/** Lag-1 of what a line leaves from which slices are taken to resemble their neighbours. */
const RESEMBLE_ABOVE = 0.15;
const RHO_MAX = 0.9;
const DF_MIN = 2;

/** By how much the level of a series changes from its beginning to its end, on a straight line. */
export interface Trend extends Interval {
  /** In the unit of the values. */
  readonly change: number;
  readonly se: number;
  readonly df: number;
  /** Two-sided, e.g. 0.95. */
  readonly confidence: number;
  /** One-sided, for a level that does not rise. */
  readonly pRise: number;
  /** By how much the variance was multiplied, since slices resemble their neighbours; 1 when not. */
  readonly factor: number;
}

/** Lag-1 autocorrelation of residuals, with the bias put back that fitting so many parameters puts in. */
export function lag1About(residuals: readonly number[], parameters: 1 | 2): number {
  let [squares, products] = [0, 0];
  for (const [i, residual] of residuals.entries()) {
    squares += residual ** 2;
    if (i > 0) products += residual * residuals[i - 1]!;
  }
  const lag1 = squares > 0 ? products / squares : 0;
  return lag1 + (parameters + 4 * lag1) / residuals.length;
}

/** How many times as much a mean of such slices varies as one of unrelated ones: AR(1), at least 1. */
export function resemblance(lag1: number): number {
  const rho = Math.min(lag1, RHO_MAX);
  return rho > RESEMBLE_ABOVE ? (1 + rho) / (1 - rho) : 1;
}

/**
 * The trend of a series of slices of time, equally long and in order: least squares, and a t interval
 * with two degrees of freedom less than slices. Null with fewer than `MIN_TREND_SLICES`, or with one
 * that is not finite.
 *
 * Cut a series into `TREND_SLICES`: whatever resembles its neighbours only within a slice, in any way,
 * is taken out by that (batch means). Where slices still do (lag 1 of the residuals ρ above 0.15), the
 * variance is multiplied by `(1 + ρ)/(1 − ρ)`, ρ at most 0.9, and the degrees of freedom divided by it
 * (at least 2). A series without any spread about its line has an interval of no width.
 *
 * What it gives, as the rate of one-sided p ≤ 0.025 without a trend (the least-squares interval of all
 * values beside it): unrelated values 0.018–0.024; AR(1) 0.6 of 120 values 0.029 (0.15); 0.8 of 120,
 * 360: 0.033, 0.031 (0.25); 0.95 of 2,160: 0.027 (0.38). Of 40 values at AR(1) 0.8, which hold no more
 * than four or five unrelated ones, 0.038 (0.25). It is 17 % wider than the exact interval where
 * nothing resembles anything. `test/stats/trend.test.ts` holds these figures.
 *
 * Source: batch means, Law & Kelton; the long-run variance of AR(1); the bias of lag 1 under a fitted
 * line, Marriott & Pope 1954 with two parameters.
 */
export function trend(slices: readonly number[], confidence: number): Trend | null {
  const count = slices.length;
  if (count < MIN_TREND_SLICES || !slices.every(Number.isFinite)) return null;
  const xs = slices.map((_, i) => i);
  const { intercept, slope } = fitLine(xs, slices);
  const residuals = slices.map((value, i) => value - intercept - slope * i);
  const factor = resemblance(lag1About(residuals, 2));
  const df = Math.max(DF_MIN, (count - 2) / factor);
  const variance = (factor * residuals.reduce((sum, r) => sum + r ** 2, 0)) / (count - 2);
  // Σ (i − ī)² of 0, 1, …, n − 1.
  const se = count * Math.sqrt(variance / ((count * (count ** 2 - 1)) / 12));
  const change = count * slope;
  const half = tQuantile((1 + confidence) / 2, df) * se;
  const flat = Math.abs(change) <= 1e-12 * Math.max(...slices.map(Math.abs));
  return {
    change,
    low: change - half,
    high: change + half,
    se,
    df,
    confidence,
    pRise: se > 0 ? tCdf(-change / se, df) : flat ? 0.5 : change > 0 ? 0 : 1,
    factor,
  };
}
