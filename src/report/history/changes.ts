import { MIN_STEP_VALUES, type Step, steps } from "../../stats/index.ts";
import type { HistoryChange, HistorySeries } from "./model.ts";
import type { RawSeries } from "./series.ts";

/** How often a scenario's series together show a change where there is none. */
const FALSE_CHANGES = 0.05;
/** No series is asked to be surer than this, since that takes permutations. */
const SIGNIFICANCE_MIN = 0.0005;

/**
 * The largest p-value of a change in one of a scenario's series, by scenario (Bonferroni over those long
 * enough to show one), never below 0.0005: beyond 100 series there is one false change in 2,000 series.
 * Scenarios are families of their own, so that none hides a change of another by being in the folder.
 */
export function significancesOf(series: readonly RawSeries[]): ReadonlyMap<string, number> {
  const byScenario = Map.groupBy(series, ({ scenario }) => scenario);
  return new Map(
    [...byScenario].map(([scenario, all]) => {
      const long = all.filter(({ values }) => values.length >= MIN_STEP_VALUES).length;
      return [scenario, Math.max(FALSE_CHANGES / Math.max(1, long), SIGNIFICANCE_MIN)];
    }),
  );
}

type Scale = Pick<HistorySeries, "kind" | "of">;

/** From one level to another: relative, or a difference. Effects are taken as ratios to control. */
function changeFrom({ kind, of }: Scale, before: number, after: number): number {
  if (kind === "difference") return after - before;
  return of === "effect" ? (1 + after) / (1 + before) - 1 : after / before - 1;
}

/** Values on the scale on which they vary alike: logarithms of what is relative, where it has any. */
function scaled({ kind, of, values }: RawSeries): {
  values: readonly number[];
  back: (value: number) => number;
} {
  const ratios = of === "effect" ? values.map((value) => 1 + value) : values;
  if (kind === "difference" || !ratios.every((ratio) => ratio > 0)) {
    return { values, back: (value) => value };
  }
  const one = of === "effect" ? 1 : 0;
  return { values: ratios.map(Math.log), back: (value) => Math.exp(value) - one };
}

function directionOf(
  { better }: RawSeries,
  { after, before, level }: Step,
): HistoryChange["direction"] {
  if (!level || after === before) return "spread";
  return after > before === (better === "lower") ? "worse" : "better";
}

/** A series with its parts, and its changes; `index` is its place among all series. */
export function changesOf(
  raw: RawSeries,
  index: number,
  significance: number,
): { series: HistorySeries; changes: HistoryChange[] } {
  const { back, values } = scaled(raw);
  const { arm, host, metric, of, runs, scenario, stage } = raw;
  const seed = JSON.stringify(["history", scenario, metric, stage, of, arm, host]);
  const found = steps(values, { significance, seed });
  const at = (place: number): number => runs[place]!;
  const changes = found.map((step) => {
    const [before, after] = [back(step.before), back(step.after)];
    const change = changeFrom(raw, before, after);
    return {
      series: index,
      run: at(step.index),
      last: at(step.index - 1),
      earliest: at(step.earliest),
      latest: at(step.latest),
      before,
      after,
      change: Number.isFinite(change) ? change : after - before,
      direction: directionOf(raw, step),
      pValue: step.pValue,
    };
  });
  const starts = [0, ...found.map((step) => step.index)];
  const medians = [found[0]?.before ?? medianOf(values), ...found.map(({ after }) => after)];
  const parts = starts.map((start, order) => ({
    from: at(start),
    runs: (starts[order + 1] ?? runs.length) - start,
    median: back(medians[order]!),
  }));
  const whole = parts.length < 2 ? null : changeFrom(raw, parts[0]!.median, parts.at(-1)!.median);
  const change = whole !== null && Number.isFinite(whole) ? whole : null;
  return { series: { ...raw, significance, parts, change }, changes };
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}
