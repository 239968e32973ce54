import { normalCdf, normalQuantile } from "../distributions.ts";

/**
 * By how much clusters of `size` values with the intraclass correlation `icc` inflate a variance.
 * Source: Kish 1965.
 */
export function deffClustered(size: number, icc: number): number {
  return 1 + (size - 1) * icc;
}

/**
 * By how much AR(1) values of lag-1 autocorrelation `lag1` (above −1, below 1) inflate the variance
 * of their mean: 4 at 0.6, 9 at 0.8.
 * Source: Bartlett 1946; the limit of many values.
 */
export function deffAutoregressive(lag1: number): number {
  return (1 + lag1) / (1 - lag1);
}

/**
 * The power to plan each of `tests` tests with, so that all pass together with `power`: each may fail
 * with its share of what remains.
 * Source: Bonferroni; Schultzberg, Ankargren & Frånberg 2024 (Spotify), β over guardrails plus one.
 */
export function powerEach(power: number, tests: number): number {
  return 1 - (1 - power) / tests;
}

/**
 * How often a single pair of runs calls identical builds different, when its interval knows only what
 * differs within the run (`se`) and builds differ between runs by an SD of `betweenSd`: why one run
 * never ships.
 * Source: the normal distribution of the run's estimate; Kalibera & Jones 2013.
 */
export function singleRunFalseAlarm(se: number, betweenSd: number, confidence = 0.95): number {
  return 2 * normalCdf((-normalQuantile((1 + confidence) / 2) * se) / Math.hypot(se, betweenSd));
}

/**
 * Blocks per run, not rounded, that give most for the time: √(cost of a run's start ÷ cost of a block ×
 * variance of a block ÷ variance between runs). ∞ where runs do not differ.
 * Source: Kalibera & Jones 2013 §5.
 */
export function blocksPerRun(input: {
  /** Both in the same unit, e.g. seconds. */
  readonly runCost: number;
  readonly blockCost: number;
  readonly blockSd: number;
  readonly betweenSd: number;
}): number {
  return (Math.sqrt(input.runCost / input.blockCost) * input.blockSd) / input.betweenSd;
}
