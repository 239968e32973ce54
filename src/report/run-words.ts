import { levelsWords } from "./factor-words.ts";
import type { Result } from "./model.ts";
import { formatEffect, hasVariants, intervalWords, metricWords, NOTHING } from "./words.ts";

/** One run of several, as reports list it. */
export interface RunWords {
  readonly run: string;
  /** The arm that was started first. */
  readonly first: string;
  /** Of the primary metric, stage by stage; the interval is of that run's own blocks. */
  readonly effects: string;
  readonly seed: string;
  /** `slowness 4, pool 16`; empty without factors. */
  readonly levels: string;
  /** Why it is not judged, where it is not. */
  readonly note: string;
}

/** A run's own rows of the primary metric: without the combinations of levels that runs are of. */
function primariesOf({ comparisons }: Result): Result["comparisons"] {
  const rows = comparisons.filter(({ role }) => role === "primary");
  const own = rows.map((row) => ({ ...row, metric: row.metric.split("@")[0]! }));
  const keys = own.map(({ arm, metric, stage }) => `${arm} ${metric} ${stage}`);
  return own.filter((_, index) => keys.indexOf(keys[index]!) === index);
}

/** The runs of an experiment, one after the other; none for a run alone. */
export function runWords(result: Result): RunWords[] {
  const primaries = primariesOf(result);
  return (result.runs ?? []).map((run) => {
    const effects = primaries.map((primary) => {
      const own = run.comparisons.find(
        ({ arm, metric, role, stage }) =>
          role === "primary" &&
          arm === primary.arm &&
          metric === primary.metric &&
          stage === primary.stage,
      );
      const row = { ...primary, effect: own?.effect ?? null };
      const shown =
        row.effect === null
          ? NOTHING
          : `${formatEffect(row, row.effect.estimate)} (${intervalWords(row)})`;
      const stages = new Set(primaries.map(({ stage }) => stage)).size > 1;
      const whose = hasVariants(result) ? `${primary.arm} ` : "";
      return `${whose}${stages ? `${primary.stage} ` : ""}${shown}`;
    });
    return {
      run: String(run.run),
      first: run.slots[0] ?? NOTHING,
      effects: effects.join(", "),
      seed: run.seed,
      levels: levelsWords(run.levels),
      note: run.judged ? "" : `not judged: ${run.incompleteBecause ?? "incomplete"}`,
    };
  });
}

/** What the list of runs is of. */
export const runsTitle = (result: Result): string => {
  const metric = primariesOf(result)[0]?.metric ?? "";
  return `${metricWords(metric)} in each run, with the interval of its own blocks`.trimStart();
};
