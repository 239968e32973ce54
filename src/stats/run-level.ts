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
  /** From A/A runs, on the estimates' scale; it has a say where there are fewer than four runs. */
  readonly betweenRunSd?: number;
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

/** With fewer runs their own standard deviation is known so badly that a registered one is better. */
const RUNS_THAT_TELL = 4;

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/**
 * An effect from several runs with processes of their own: the run is the sampling unit. The mean of
 * the runs' estimates, with a t interval on R − 1 degrees of freedom. Its standard error is s/√R, but
 * never below what the runs' own blocks leave open, √(ΣV̂_r)/R.
 *
 * Of two or three runs with a registered `betweenRunSd` τ, SE² = ΣV̂_r/R² + τ²/R (or s²/R, if that is
 * more), and the degrees of freedom are those of all the runs' blocks, taking τ as known.
 *
 * On the scale of the estimates; the order of the runs does not matter.
 *
 * @throws INTERNAL for fewer than two runs
 *
 * Source: Kalibera & Jones 2013 (runs as the unit of repetition); the floor: the law of total variance.
 */
export function runLevelEffect({ betweenRunSd, confidence, runs }: RunLevelInput): RunLevelEffect {
  const count = runs.length;
  if (count < 2) throw new ShakedownError("INTERNAL", `${count} runs are no replication`);
  const estimate = sum(runs.map((run) => run.estimate)) / count;
  const sd = Math.sqrt(sum(runs.map((run) => (run.estimate - estimate) ** 2)) / (count - 1));
  const within = sum(runs.map((run) => run.se ** 2)) / count ** 2;
  const between = sd ** 2 / count;
  const known = count < RUNS_THAT_TELL && betweenRunSd !== undefined;
  const se = Math.sqrt(Math.max(between, known ? within + betweenRunSd ** 2 / count : within));
  const df = known ? sum(runs.map((run) => run.df)) : count - 1;
  const scale = { se, df, confidence };
  return {
    estimate,
    se,
    df,
    sd,
    ...tInterval(estimate, scale),
    pHarm: pAboveZero(estimate, scale),
  };
}
