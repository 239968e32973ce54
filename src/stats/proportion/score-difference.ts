import { normalCdf, normalQuantile } from "../distributions.ts";
import type { Interval } from "../effect.ts";
import { rootBetween } from "../root.ts";
import type { Proportion } from "./wilson.ts";

/**
 * The most likely two shares, given that the first exceeds the second by `difference`. `ratio` is
 * the weight of the second sample over that of the first.
 * Source: Farrington & Manning 1990, appendix; Miettinen & Nurminen 1985.
 */
function restricted(
  p1: number,
  p2: number,
  { difference: s, ratio }: { readonly difference: number; readonly ratio: number },
): readonly [number, number] {
  const a = 1 + ratio;
  const b = -(1 + ratio + p1 + ratio * p2 + s * (ratio + 2));
  const c = s ** 2 + s * (2 * p1 + ratio + 1) + p1 + ratio * p2;
  const d = -p1 * s * (1 + s);
  const v = b ** 3 / (3 * a) ** 3 - (b * c) / (6 * a ** 2) + d / (2 * a);
  const root = Math.sqrt(Math.max(0, (b / (3 * a)) ** 2 - c / (3 * a)));
  const u = v < 0 ? -root : root;
  const cosine = u === 0 ? 1 : Math.min(1, Math.max(-1, v / u ** 3));
  const first = 2 * u * Math.cos((Math.PI + Math.acos(cosine)) / 3) - b / (3 * a);
  const most = [Math.max(0, s), Math.min(1, 1 + s)] as const;
  const kept = Math.min(most[1], Math.max(most[0], first));
  return [kept, kept - s];
}

interface ScoreOptions {
  /** Miettinen and Nurminen's factor N/(N − 1) on the variance; no (Farrington, Manning) unless given. */
  readonly nMinusOne?: boolean;
}

/**
 * The score statistic of "the first share exceeds the second by `difference`", a standard normal
 * where that is so. Above 0: by more. ±∞ where what was seen could not be; NaN without a trial.
 * Source: Farrington & Manning 1990; Miettinen & Nurminen 1985.
 */
export function scoreZ(
  first: Proportion,
  second: Proportion,
  difference: number,
  { nMinusOne = false }: ScoreOptions = {},
): number {
  if (first.trials === 0 || second.trials === 0) return Number.NaN;
  const [p1, p2] = [first.events / first.trials, second.events / second.trials];
  const ratio = second.trials / first.trials;
  const [r1, r2] = restricted(p1, p2, { difference, ratio });
  const all = first.trials + second.trials;
  const plain = (r1 * (1 - r1)) / first.trials + (r2 * (1 - r2)) / second.trials;
  const sd = Math.sqrt(Math.max(0, plain) * (nMinusOne ? all / (all - 1) : 1));
  const distance = p1 - p2 - difference;
  if (Math.abs(distance) < 1e-15) return 0;
  return distance / sd;
}

/**
 * One-sided p-value of "the first share is at most `margin` below the second is not so": small where
 * the first is shown to be no worse than the second by the margin (non-inferiority of a share of
 * successes). A margin of 0 tests for superiority. 1 without a trial.
 * Source: Farrington & Manning 1990.
 */
export function nonInferiorityP(first: Proportion, second: Proportion, margin: number): number {
  const z = scoreZ(first, second, -margin);
  return Number.isNaN(z) ? 1 : normalCdf(-z);
}

/**
 * Miettinen and Nurminen's score interval of the difference of two independent shares, first minus
 * second, two-sided; [−1, 1] where a sample has no trial.
 * Source: Miettinen & Nurminen 1985.
 */
export function miettinenNurminen(
  first: Proportion,
  second: Proportion,
  confidence: number,
): Interval {
  if (first.trials === 0 || second.trials === 0) return { low: -1, high: 1 };
  const z = normalQuantile((1 + confidence) / 2);
  const at = (target: number): number =>
    rootBetween((d) => scoreZ(first, second, d, { nMinusOne: true }) - target, -1, 1, 1e-14);
  const seen = first.events / first.trials - second.events / second.trials;
  return {
    low: seen === -1 ? -1 : at(z),
    high: seen === 1 ? 1 : at(-z),
  };
}

/**
 * Trials needed in each sample, not rounded, for a one-sided score test of "first − second =
 * `difference`" at `alpha` to have the given power where the shares are `p1` and `p2`; `ratio` is
 * the second sample's size over the first's. ∞ where p1 − p2 is that difference.
 * Source: Farrington & Manning 1990, method 3.
 */
export function farringtonManningSizes(input: {
  readonly p1: number;
  readonly p2: number;
  readonly difference: number;
  readonly alpha: number;
  readonly power: number;
  readonly ratio?: number;
}): { readonly first: number; readonly second: number } {
  const { alpha, difference, p1, p2, power, ratio = 1 } = input;
  const [r1, r2] = restricted(p1, p2, { difference, ratio });
  const sdOf = (a: number, b: number): number => Math.sqrt(a * (1 - a) + (b * (1 - b)) / ratio);
  const wanted = normalQuantile(1 - alpha) * sdOf(r1, r2) + normalQuantile(power) * sdOf(p1, p2);
  const first = (wanted / (p1 - p2 - difference)) ** 2;
  return { first, second: ratio * first };
}

export interface ZTest {
  readonly z: number;
  /** Two-sided. */
  readonly pValue: number;
}

/**
 * The z test of two independent shares, with the pooled variance. Where it has none (no event, no
 * miss, no trial) nothing is shown: z is 0.
 */
export function twoProportionZ(first: Proportion, second: Proportion): ZTest {
  const z = scoreZ(first, second, 0);
  return Number.isNaN(z) ? { z: 0, pValue: 1 } : { z, pValue: 2 * normalCdf(-Math.abs(z)) };
}
