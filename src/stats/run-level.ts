import { ShakedownError } from "../core/index.ts";
import { type Interval, pAboveZero, tInterval } from "./effect.ts";

/** What one run shows of an effect: its estimate, and how sure its own blocks make it. */
export interface RunEstimate {
  readonly estimate: number;
  /** Within the run: √V̂_r. */
  readonly se: number;
  /** Degrees of freedom of `se`. */
  readonly df: number;
}

export interface RunLevelInput {
  readonly runs: readonly RunEstimate[];
  /** Two-sided, e.g. 0.95. */
  readonly confidence: number;
  /** From A/A runs, on the estimates' scale; it has a say where `spread` has fewer than 3 df. */
  readonly betweenRunSd?: number;
  /**
   * How much runs of the same conditions differ, where runs of other conditions tell it, too; these
   * runs' own variance on R − 1 degrees of freedom unless given. With 0 degrees of freedom nothing
   * is known of it.
   */
  readonly spread?: Spread;
}

/** A variance, of estimates that should be the same. */
export interface Spread {
  readonly variance: number;
  readonly df: number;
}

export interface RunLevelEffect extends Interval {
  /** The mean of the runs' estimates. */
  readonly estimate: number;
  readonly se: number;
  readonly df: number;
  /** The runs' standard deviation, what differs within them included. */
  readonly sd: number;
  /** Minimum detectable effect: two-sided at 1 − confidence, power `MDE_POWER`. */
  readonly mde: number;
  /** One-sided p-value for "not worse" (effect ≤ 0). */
  readonly pHarm: number;
}

/** With less the standard deviation is known so badly that a registered one is better. */
const DF_THAT_TELLS = 3;

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/**
 * An effect from several runs with processes of their own: the run is the sampling unit. The mean of
 * the runs' estimates, with a t interval on R − 1 degrees of freedom. Its standard error is s/√R, but
 * never below what the runs' own blocks leave open, √(ΣV̂_r)/R.
 *
 * Of two or three runs with a registered `betweenRunSd` τ, SE² = ΣV̂_r/R² + τ²/R (or s²/R, if that is
 * more), and the degrees of freedom are those of all the runs' blocks, taking τ as known.
 *
 * With a `spread`, its variance and degrees of freedom stand in for s² and R − 1, and one run is
 * enough: where the spread has none of the latter and no τ is registered, the standard error is that
 * of the runs' own blocks, which does not know how much runs differ.
 *
 * On the scale of the estimates; the order of the runs does not matter.
 *
 * @throws INTERNAL for fewer than two runs without a spread, or for none
 *
 * Source: Kalibera & Jones 2013 (runs as the unit of repetition); the floor: the law of total variance.
 */
export function runLevelEffect(input: RunLevelInput): RunLevelEffect {
  const { betweenRunSd, confidence, runs } = input;
  const count = runs.length;
  if (count < (input.spread === undefined ? 2 : 1)) {
    throw new ShakedownError("INTERNAL", `${count} runs are no replication`);
  }
  const estimate = sum(runs.map((run) => run.estimate)) / count;
  const own = withinGroups([runs.map((run) => run.estimate)]);
  const spread = input.spread ?? own;
  const within = sum(runs.map((run) => run.se ** 2)) / count ** 2;
  const known = spread.df < DF_THAT_TELLS && betweenRunSd !== undefined;
  const floor = known ? within + betweenRunSd ** 2 / count : within;
  const se = Math.sqrt(Math.max(spread.variance / count, floor));
  const df = known || spread.df === 0 ? sum(runs.map((run) => run.df)) : spread.df;
  const scale = { se, df, confidence };
  return {
    estimate,
    se,
    df,
    sd: Math.sqrt(spread.variance),
    ...tInterval(estimate, scale),
    pHarm: pAboveZero(estimate, scale),
  };
}

/**
 * What values of the same conditions differ by, pooled over the conditions: the variance about each
 * group's own mean, on as many degrees of freedom as there are values beyond one in each group. All
 * groups are taken to have the same variance. 0 on 0 where no group has two.
 */
export function withinGroups(groups: readonly (readonly number[])[]): Spread {
  let [squares, df] = [0, 0];
  for (const group of groups) {
    if (group.length === 0) continue;
    const mean = sum(group) / group.length;
    squares += sum(group.map((value) => (value - mean) ** 2));
    df += group.length - 1;
  }
  return { variance: df === 0 ? 0 : squares / df, df };
}
