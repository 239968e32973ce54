import type { Result } from "./model.ts";
import { formatEffect, intervalWords, metricWords, NOTHING } from "./words.ts";

/** One run of several, as reports list it. */
export interface RunWords {
  readonly run: string;
  /** The arm that was started first. */
  readonly first: string;
  /** Of the primary metric, stage by stage; the interval is of that run's own blocks. */
  readonly effects: string;
  readonly seed: string;
  /** Why it is not judged, where it is not. */
  readonly note: string;
}

/** The runs of an experiment, one after the other; none for a run alone. */
export function runWords(result: Result): RunWords[] {
  const primaries = result.comparisons.filter(({ role }) => role === "primary");
  return (result.runs ?? []).map((run) => {
    const effects = primaries.map((primary) => {
      const own = run.comparisons.find(
        ({ metric, role, stage }) =>
          role === "primary" && metric === primary.metric && stage === primary.stage,
      );
      const row = { ...primary, effect: own?.effect ?? null };
      const shown =
        row.effect === null
          ? NOTHING
          : `${formatEffect(row, row.effect.estimate)} (${intervalWords(row)})`;
      return primaries.length > 1 ? `${primary.stage} ${shown}` : shown;
    });
    return {
      run: String(run.run),
      first: run.slots[0] ?? NOTHING,
      effects: effects.join(", "),
      seed: run.seed,
      note: run.judged ? "" : `not judged: ${run.incompleteBecause ?? "incomplete"}`,
    };
  });
}

/** What the list of runs is of. */
export const runsTitle = (result: Result): string => {
  const metric = result.comparisons.find(({ role }) => role === "primary")?.metric ?? "";
  return `${metricWords(metric)} in each run, with the interval of its own blocks`.trimStart();
};
