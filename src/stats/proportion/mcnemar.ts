import { chiSquareTail, normalQuantile } from "../distributions.ts";
import type { Interval } from "../effect.ts";
import { signTest } from "../rank/index.ts";
import { wilson } from "./wilson.ts";

/** Pairs by their two outcomes, counts: the first letter is the first of the pair. */
export interface PairedCounts {
  readonly bothYes: number;
  readonly firstOnly: number;
  readonly secondOnly: number;
  readonly neither: number;
}

export interface McNemar {
  /** With one degree of freedom. */
  readonly chiSquare: number;
  readonly pValue: number;
  /** Two-sided, from the binomial: right for any number of discordant pairs. */
  readonly exactP: number;
}

/**
 * McNemar's test that both of a pair say yes equally often: only pairs that disagree count. With
 * `continuity` (unless told otherwise) 1 is taken from the difference, as R does. No such pair: 1.
 * Source: McNemar 1947; Agresti 1990, p. 350.
 */
export function mcNemar(
  { firstOnly, secondOnly }: Pick<PairedCounts, "firstOnly" | "secondOnly">,
  { continuity = true }: { readonly continuity?: boolean } = {},
): McNemar {
  const discordant = firstOnly + secondOnly;
  const exactP = signTest(firstOnly, discordant);
  if (discordant === 0) return { chiSquare: 0, pValue: 1, exactP };
  const distance = Math.max(0, Math.abs(firstOnly - secondOnly) - (continuity ? 1 : 0));
  const chiSquare = distance ** 2 / discordant;
  return { chiSquare, pValue: chiSquareTail(chiSquare, 1), exactP };
}

/** φ of the two outcomes, with Newcombe's continuity correction where it is positive. */
function correlationOf({ bothYes, firstOnly, neither, secondOnly }: PairedCounts): number {
  const margins =
    (bothYes + firstOnly) * (secondOnly + neither) * (bothYes + secondOnly) * (firstOnly + neither);
  if (margins === 0) return 0;
  const product = bothYes * neither - firstOnly * secondOnly;
  const half = (bothYes + firstOnly + secondOnly + neither) / 2;
  return (product > 0 ? Math.max(0, product - half) : product) / Math.sqrt(margins);
}

/**
 * The interval of the difference of two paired shares, first minus second, two-sided: Wilson's
 * intervals of both, joined with regard to their correlation. [−1, 1] without a pair.
 * Source: Newcombe 1998, Stat Med 17:2635, method 10.
 */
export function pairedNewcombe(counts: PairedCounts, confidence: number): Interval {
  const { bothYes, firstOnly, neither, secondOnly } = counts;
  const trials = bothYes + firstOnly + secondOnly + neither;
  if (trials === 0) return { low: -1, high: 1 };
  const [first, second] = [bothYes + firstOnly, bothYes + secondOnly];
  const [p1, p2] = [first / trials, second / trials];
  const w1 = wilson({ events: first, trials }, confidence);
  const w2 = wilson({ events: second, trials }, confidence);
  const phi = correlationOf(counts);
  const joined = (a: number, b: number): number =>
    Math.sqrt(Math.max(0, a ** 2 + b ** 2 - 2 * phi * a * b));
  return {
    low: p1 - p2 - joined(p1 - w1.low, w2.high - p2),
    high: p1 - p2 + joined(w1.high - p1, p2 - w2.low),
  };
}

/**
 * Agresti and Min's interval of the difference of two paired shares, first minus second: Wald's
 * with half a pair added to each cell; within [−1, 1].
 * Source: Agresti & Min 2005.
 */
export function pairedAgresti(counts: PairedCounts, confidence: number): Interval {
  const { bothYes, firstOnly, neither, secondOnly } = counts;
  const trials = bothYes + firstOnly + secondOnly + neither + 2;
  const difference = (firstOnly - secondOnly) / trials;
  const discordant = (firstOnly + secondOnly + 1) / trials;
  const variance = Math.max(0, discordant - difference ** 2) / trials;
  const half = normalQuantile((1 + confidence) / 2) * Math.sqrt(variance);
  return { low: Math.max(-1, difference - half), high: Math.min(1, difference + half) };
}
