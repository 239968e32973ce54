import { ShakedownError } from "../core/index.ts";
import { RARE_BELOW, scorePAboveZero } from "./block-ratio.ts";
import { type Interval, pAboveZero, tInterval } from "./effect.ts";
import { newcombe, type Proportion } from "./proportion/index.ts";
import { type RunEstimate, withinGroups } from "./run-level.ts";

/** Runs of one build, measured apart from those that they are compared with. */
export interface UnpairedInput {
  readonly before: readonly RunEstimate[];
  readonly after: readonly RunEstimate[];
  /** Two-sided, e.g. 0.95. */
  readonly confidence: number;
  /** How much two runs of one build differ (SD of one run), on the estimates' scale; registered. */
  readonly runSd?: number;
  /**
   * How much two hosts differ (SD of one host), on the estimates' scale; registered, and given only
   * where the sides were measured on hosts that are not the same.
   */
  readonly hostSd?: number;
  /** Of shares: what was counted in all runs of each side. */
  readonly counts?: { readonly before: Proportion; readonly after: Proportion };
}

export interface UnpairedEffect extends Interval {
  /** The mean of `after` minus the mean of `before`. */
  readonly estimate: number;
  readonly se: number;
  readonly df: number;
  /** Minimum detectable effect: two-sided at 1 − confidence, power `MDE_POWER`. */
  readonly mde: number;
  /** One-sided, for "not higher". */
  readonly pHarm: number;
  /**
   * What tells how much runs differ: the runs themselves, or what was registered; `blocks`: nothing
   * does, so that the interval holds only for these very runs.
   */
  readonly spread: "runs" | "registered" | "blocks";
}

/** With less the standard deviation is known so badly that a registered one is better. */
const DF_THAT_TELLS = 3;

const meanOf = (runs: readonly RunEstimate[]): number =>
  runs.reduce((sum, { estimate }) => sum + estimate, 0) / runs.length;

/** What the runs' own blocks leave open of the difference of means, with Welch's degrees of freedom. */
function blocksOf(sides: readonly (readonly RunEstimate[])[]): {
  readonly variance: number;
  readonly df: number;
} {
  const parts = sides.flatMap((runs) =>
    runs.map(({ df, se }) => ({ df, variance: (se / runs.length) ** 2 })),
  );
  const variance = parts.reduce((sum, part) => sum + part.variance, 0);
  const squares = parts.reduce(
    (sum, part) => sum + (part.variance === 0 ? 0 : part.variance ** 2 / part.df),
    0,
  );
  const all = parts.reduce((sum, { df }) => sum + df, 0);
  return { variance, df: squares === 0 ? all : variance ** 2 / squares };
}

/**
 * By how much runs of one build differ from runs of another that were measured at another time, and
 * perhaps elsewhere: a difference of means with a t interval. Nothing cancels here, as it does between
 * arms that run side by side: what the runs of a side have in common (the host, the hour) is part of
 * the difference.
 *
 * SE² = max(s² (1/k + 1/m), V̂) with k + m − 2 degrees of freedom, s² pooled over both sides, where
 * those are three or more; V̂ is what the runs' own blocks leave open, ΣV̂_r/k² + ΣV̂_r/m². With fewer
 * and a registered SD τ of runs, SE² = V̂ + τ² (1/k + 1/m) (or the former, if that is more) with the
 * degrees of freedom of V̂, taking τ as known. With neither, SE² = V̂, or s² on its one or two degrees
 * of freedom, and `spread` says so. Hosts that differ with an SD η add 2η², however many runs there are.
 *
 * Of shares with fewer than 20 events or misses on a side, the interval is at least Newcombe's.
 *
 * @throws INTERNAL when a side has no run
 *
 * Source: Kalibera & Jones 2013 (runs as the unit); Welch 1947, Satterthwaite 1946; variance components
 * add up (Searle, Casella & McCulloch 1992); Newcombe 1998.
 */
export function unpairedEffect(input: UnpairedInput): UnpairedEffect {
  const { after, before, confidence, counts, hostSd = 0, runSd } = input;
  if (before.length === 0 || after.length === 0) {
    throw new ShakedownError("INTERNAL", "a side without a run cannot be compared");
  }
  const estimate = meanOf(after) - meanOf(before);
  const blocks = blocksOf([before, after]);
  const runs = withinGroups([before, after].map((side) => side.map((run) => run.estimate)));
  const per = 1 / before.length + 1 / after.length;
  const hosts = 2 * hostSd ** 2;
  const own = runs.variance * per;
  const told = runs.df >= DF_THAT_TELLS;
  const registered = !told && runSd !== undefined;
  const spread = told ? "runs" : registered ? "registered" : runs.df > 0 ? "runs" : "blocks";
  const floor = registered ? blocks.variance + runSd ** 2 * per : blocks.variance;
  const se = Math.sqrt(Math.max(own, floor) + hosts);
  const df = spread === "runs" ? runs.df : blocks.df;
  const scale = { se, df, confidence };
  const plain = { estimate, se, df, ...tInterval(estimate, scale), spread } as const;
  const pHarm = pAboveZero(estimate, scale);
  if (counts === undefined || !isRare(counts)) return { ...plain, pHarm };
  const score = (sure: number): Interval => newcombe(counts.after, counts.before, sure);
  const wide = score(confidence);
  return {
    ...plain,
    low: Math.min(plain.low, wide.low),
    high: Math.max(plain.high, wide.high),
    mde: Math.max(plain.mde, (wide.high - wide.low) / 2),
    pHarm: Math.max(pHarm, scorePAboveZero(score)),
  };
}

const isRare = (counts: NonNullable<UnpairedInput["counts"]>): boolean =>
  [counts.before, counts.after].some(
    ({ events, trials }) => Math.min(events, trials - events) < RARE_BELOW,
  );
