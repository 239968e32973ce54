import { tQuantile } from "../distributions.ts";
import { fitLine } from "../line.ts";
import { lag1About, MIN_TREND_SLICES, resemblance, trend } from "./trend.ts";

/** A series that moves at first, and then keeps the level that it has come to. */
export interface Settling {
  /** The first slice that is of the late level: a tenth of the way, at most, is left there. */
  readonly from: number;
  /** Means of the slices before it, and from it on. */
  readonly early: number;
  readonly late: number;
}

/** Two-sided, over all time constants, for a beginning that is like the rest. */
const ALPHA = 0.02;
/** A series that takes longer than this share of its time has not settled. */
const FROM_MAX = 0.5;
/** What is left of the way where a series counts as settled. */
const LEFT = 0.1;
/** Two-sided, for a late level that goes on moving. */
const STILL = 0.95;
/** Time constants that are tried, in slices. */
const TAUS = [0.5, 1, 1.5, 2, 2.5, 3, 4] as const;

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** What is left of the slices about a straight line on `xs`, squared. */
function squaresAbout(xs: readonly number[], slices: readonly number[]): number {
  const { intercept, slope } = fitLine(xs, slices);
  return slices.reduce((sum, y, i) => sum + (y - intercept - slope * xs[i]!) ** 2, 0);
}

/** The time constant of `a + c·e^(−t/τ)` that explains the slices best, if it does so better than a line. */
function timeConstantOf(slices: readonly number[]): number | null {
  const fits = TAUS.map((tau) => {
    const xs = slices.map((_, i) => Math.exp(-(i + 0.5) / tau));
    return { tau, squares: squaresAbout(xs, slices) };
  });
  const best = fits.reduce((least, fit) => (fit.squares < least.squares ? fit : least));
  const straight = squaresAbout([...slices.keys()], slices);
  return best.squares < straight ? best.tau : null;
}

/** Whether a beginning differs from what comes after it, whose spread says how much chance makes of it. */
function differs(early: readonly number[], late: readonly number[]): boolean {
  const level = meanOf(late);
  const rest = late.map((value) => value - level);
  const squares = rest.reduce((sum, r) => sum + r ** 2, 0);
  const factor = resemblance(lag1About(rest, 1));
  const df = Math.max(2, (rest.length - 1) / factor);
  const variance = (factor * squares) / (rest.length - 1);
  const se = Math.sqrt(variance * (1 / early.length + 1 / rest.length));
  return Math.abs(meanOf(early) - level) > tQuantile(1 - ALPHA / TAUS.length / 2, df) * se;
}

/**
 * Whether a series of slices of time, equally long and in order, moves from another level to the one
 * that it then keeps, and from where on. It must fit an exponential approach better than a straight
 * line, come to within a tenth of its level in the first half, differ before that from what comes
 * after, and not go on moving after it. Null where it does not, with fewer than `MIN_TREND_SLICES`, or
 * with one that is not finite.
 *
 * Cut a series into `TREND_SLICES`. Of steady ones, unrelated or AR(1) 0.4 to 0.95 of 40 to 360 values,
 * at most 1 of 100 seems to settle; of straight lines 3 of 100; `test/stats/trend.test.ts` holds that.
 */
export function settling(slices: readonly number[]): Settling | null {
  const count = slices.length;
  if (count < MIN_TREND_SLICES || !slices.every(Number.isFinite)) return null;
  const tau = timeConstantOf(slices);
  if (tau === null) return null;
  const from = Math.max(1, Math.ceil(tau * Math.log(1 / LEFT)));
  if (from > FROM_MAX * count) return null;
  const [early, late] = [slices.slice(0, from), slices.slice(from)];
  const after = trend(late, STILL);
  const moves = after !== null && (after.low > 0 || after.high < 0);
  if (moves || !differs(early, late)) return null;
  return { from, early: meanOf(early), late: meanOf(late) };
}
