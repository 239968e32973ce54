import { type Level, type Spread, unrepeatedSpread, withinGroups } from "../stats/index.ts";
import { adjustHarmTests, type MetricComparison, type RawComparison } from "./compare.ts";
import { combine, type ComparedRun, keyOf, spreadIsKnown, unjudged } from "./compare-runs.ts";
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

/**
 * How much runs of the same levels differ in one comparison, from all combinations; null where nothing
 * tells it.
 */
function spreadOf(
  row: MetricComparison,
  combinations: readonly Combination[],
  plan: Plan,
): Spread | null {
  const groups = combinations.map(({ levels, runs }) => ({
    levels,
    estimates: runs.flatMap(({ comparisons }) => {
      const own = comparisons.find((each) => keyOf(each) === keyOf(row));
      return own?.theta?.estimate ?? [];
    }),
  }));
  const repeated = withinGroups(groups.map(({ estimates }) => estimates));
  // What is registered is better known than what effects tell.
  if (repeated.df > 0 || spreadIsKnown(plan, row)) return repeated;
  const all = groups.flatMap(({ estimates, levels }) =>
    estimates.map((response) => ({ levels, response })),
  );
  // What is missing leaves a design unbalanced.
  const spread = all.length < plan.runs.length ? repeated : unrepeatedSpread(all);
  return spread.df > 0 ? spread : null;
}

const NOT_REPEATED =
  "one run of each combination does not tell how much runs differ: twice as many runs " +
  "(`design.runs`) would, or, of times, a betweenRunSd";

/**
 * What runs at several combinations of levels show: each metric at each combination, its label with
 * the combination's name behind it. How much runs differ is told by all combinations together
 * (`withinGroups`), so that two runs of each are enough. With one of each a registered spread tells
 * it, or the effects of eight combinations and more (`unrepeatedSpread`); without either nothing is
 * judged, harm neither: a run's own blocks do not know what differs from run to run, which would pass
 * for harm at one combination or another. Harm tests are adjusted over all combinations.
 */
export function compareCombinations(
  plan: Plan,
  combinations: readonly Combination[],
): MetricComparison[] {
  const rows = combinations.flatMap(({ name, pooled, runs }) =>
    pooled.map((row): RawComparison => {
      const spread = spreadOf(row, combinations, plan);
      const combined =
        spread === null
          ? unjudged(row, [NOT_REPEATED, ...row.warnings])
          : combine(plan, row, runs, spread);
      return { ...combined, label: `${row.label}@${name}` };
    }),
  );
  return adjustHarmTests(rows);
}
