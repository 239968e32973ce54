import { type Level, type Spread, unrepeatedSpread, withinGroups } from "../stats/index.ts";
import { adjustHarmTests, type MetricComparison } from "./compare.ts";
import { combine, type ComparedRun, keyOf } from "./compare-runs.ts";
import type { Plan } from "./plan.ts";

/** Runs with the same levels of the plan's factors. */
export interface Combination {
  /** `slowness=4,pool=16`. */
  readonly name: string;
  readonly levels: readonly Level[];
  readonly runs: readonly ComparedRun[];
  /** As `compareRuns` takes it, of these runs. */
  readonly pooled: readonly MetricComparison[];
}

/** How much runs of the same levels differ in one comparison, from all combinations. */
function spreadOf(
  row: MetricComparison,
  combinations: readonly Combination[],
  { betweenRunSd, runs: planned }: Plan,
): Spread {
  const groups = combinations.map(({ levels, runs }) => ({
    levels,
    estimates: runs.flatMap(({ comparisons }) => {
      const own = comparisons.find((each) => keyOf(each) === keyOf(row));
      return own?.theta?.estimate ?? [];
    }),
  }));
  const repeated = withinGroups(groups.map(({ estimates }) => estimates));
  const all = groups.flatMap(({ estimates, levels }) =>
    estimates.map((response) => ({ levels, response })),
  );
  // What is registered is better known; and what is missing leaves a design unbalanced.
  if (repeated.df > 0 || betweenRunSd !== null || all.length < planned.length) return repeated;
  return unrepeatedSpread(all);
}

/**
 * What runs at several combinations of levels show: each metric at each combination, its label with
 * the combination's name behind it. How much runs differ is told by all combinations together
 * (`withinGroups`), so that two runs of each are enough. With one of each a registered spread tells
 * it, or the effects of eight combinations and more (`unrepeatedSpread`); without either an interval
 * is as wide as the run's own blocks make it, as that of a run alone. Harm tests are adjusted over
 * all combinations.
 */
export function compareCombinations(
  plan: Plan,
  combinations: readonly Combination[],
): MetricComparison[] {
  const rows = combinations.flatMap(({ name, pooled, runs }) =>
    pooled.map((row) => {
      const combined = combine(plan, row, runs, spreadOf(row, combinations, plan));
      return { ...combined, label: `${row.label}@${name}` };
    }),
  );
  return adjustHarmTests(rows);
}
