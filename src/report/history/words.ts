import { formatCount } from "../../core/index.ts";
import { MIN_STEP_VALUES } from "../../stats/index.ts";
import { formatEffect, formatValue, metricWords } from "../words.ts";
import type { History, HistoryChange, HistoryEvent, HistorySeries, Revision } from "./model.ts";

/* What text and page say of a history, so that they never disagree. */

const COMMIT_CHARS = 10;

export const runsWords = (count: number): string =>
  `${formatCount(count)} ${count === 1 ? "run" : "runs"}`;

/** `1a2b3c4d5e`, `1a2b3c4d5e with changes`; `a revision that is not told`. */
export function revisionWords(revision: Revision | null): string {
  if (revision === null) return "a revision that is not told";
  const short = revision.commit.slice(0, COMMIT_CHARS);
  return revision.dirty ? `${short} with changes` : short;
}

/** A value of a series: with its unit, or on an effect's scale. */
export function valueWords(series: HistorySeries, value: number): string {
  const { of, unit } = series;
  return of === "effect" ? formatEffect(asRow(series), value) : formatValue(unit, value);
}

const asRow = ({ kind, unit }: Pick<HistorySeries, "kind" | "unit">) => ({
  unit,
  effect: { kind, estimate: 0, low: 0, high: 0, confidence: 0 } as never,
});

/** `+26.4 %`, `+0.31 pp` */
export const changeWords = (series: HistorySeries, change: number): string =>
  formatEffect(asRow(series), change);

/** Whose value it is: `control`, `variant`, `effect of variant`; with the host where there are several. */
export function whoseWords(
  { arm, host, of }: HistorySeries,
  hosts: ReadonlyMap<string, string>,
): string {
  const whose = of === "effect" ? `effect of ${arm}` : arm;
  const on = host === null || hosts.size < 2 ? "" : `, ${hosts.get(host) ?? host}`;
  return whose + on;
}

/** Hosts by what tells them apart, numbered in the order of time where they are several: `host 2`. */
export function hostNames({ runs }: History): ReadonlyMap<string, string> {
  const ids = [...new Set(runs.map(({ host }) => host.id))];
  return new Map(ids.map((id, index) => [id, `host ${index + 1}`]));
}

export const placeWords = ({ metric, stage }: HistorySeries): string =>
  `${metricWords(metric)}, ${stage}`;

/** `12.1 ms → 15.3 ms (+26.4 %)`; of a change of spread alone that it is one. */
export function fromToWords(series: HistorySeries, change: HistoryChange): string {
  if (change.direction === "spread") {
    return `varies otherwise, about ${valueWords(series, change.after)}`;
  }
  const [before, after] = [change.before, change.after].map((value) => valueWords(series, value));
  const told = series.of === "effect" ? "" : ` (${changeWords(series, change.change)})`;
  return `${before} → ${after}${told}`;
}

/** `First bad revision 1a2b3c4d5e`; where revisions do not tell, what is known instead. */
export function eventWords({ direction, lastRevision, revision }: HistoryEvent): string {
  const what = { worse: "bad", better: "better", mixed: "other", spread: "other" }[direction];
  if (revision === null) return `First ${what} run; its revision is not told`;
  const same = lastRevision?.commit === revision.commit && lastRevision.dirty === revision.dirty;
  if (same && !revision.dirty) {
    return `First ${what} run, of the same revision as the last one before it: ${revisionWords(revision)}`;
  }
  return `First ${what} revision ${revisionWords(revision)}`;
}

const CONFOUNDER_WORDS = {
  host: "the host",
  plan: "the plan",
  shakedown: "the version of shakedown",
} as const;

/** Where it lies and what else changed there, a sentence each. */
export function eventNotes(event: HistoryEvent, runs: History["runs"]): string[] {
  const { alsoChanged, earliest, last, lastRevision, latest, run, scenario } = event;
  const between = runs
    .slice(earliest, latest + 1)
    .filter((place) => place.scenario === scenario && place.complete);
  const revisions = new Set(between.map(({ revision }) => revisionWords(revision)));
  const others = revisions.size === 1 ? "all of one revision" : `${revisions.size} revisions`;
  const range =
    between.length < 2
      ? []
      : [
          `With 95 % it came with one of ${runsWords(between.length)} (${others}), ` +
            `${runs[earliest]!.directory} to ${runs[latest]!.directory}.`,
        ];
  const also = alsoChanged.map((each) => CONFOUNDER_WORDS[each]).join(" and ");
  return [
    `First run ${runs[run]!.directory}; last before it ${runs[last]!.directory} (${revisionWords(lastRevision)}).`,
    ...range,
    ...(also === "" ? [] : [`Between these two ${also} changed as well: that may be the cause.`]),
  ];
}

/** `12 revisions run more than once (30 runs), 3 not always decided alike; …` */
export function flakyWords({
  differing,
  disagreement,
  revisions,
  runs,
}: History["flaky"][number]): string {
  const share = `${Math.round(disagreement * 100)} %`;
  const again = `${formatCount(revisions)} ${revisions === 1 ? "revision" : "revisions"} run more than once (${runsWords(runs)})`;
  if (differing === 0) return `${again}, always decided alike`;
  return `${again}, ${formatCount(differing)} not always decided alike; two runs of one revision differ with a chance of ${share}`;
}

/** `1a2b3c4d5e: 3 ship, 1 hold` */
export function exampleWords({
  commit,
  decisions,
}: History["flaky"][number]["examples"][number]): string {
  const told = Object.entries(decisions).map(
    ([decision, count]) => `${count} ${decision.replace("-", " ")}`,
  );
  return `${commit.slice(0, COMMIT_CHARS)}: ${told.join(", ")}`;
}

/** `40 runs of 2 scenarios, 2026-01-01 to 2026-02-10` */
export function summaryWords({ runs }: History): string {
  if (runs.length === 0) return "No run could be read.";
  const scenarios = new Set(runs.map(({ scenario }) => scenario)).size;
  const [first, last] = [runs[0]!, runs.at(-1)!].map(({ startedAt }) => startedAt.slice(0, 10));
  const days = first === last ? `on ${first}` : `${first} to ${last}`;
  return `${runsWords(runs.length)} of ${formatCount(scenarios)} ${scenarios === 1 ? "scenario" : "scenarios"}, ${days}`;
}

/** `no false alarm`, `2 false alarms (rolled back)` */
export function falseAlarmWords(rolledBack: number): string {
  if (rolledBack === 0) return "no false alarm";
  return `${formatCount(rolledBack)} false ${rolledBack === 1 ? "alarm" : "alarms"} (rolled back)`;
}

const longSeries = ({ series }: History): readonly HistorySeries[] =>
  series.filter(({ values }) => values.length >= MIN_STEP_VALUES);

/** Where no event is. */
export const noEventWords = (history: History): string =>
  longSeries(history).length === 0
    ? `Nothing can show a change yet: no series has ${MIN_STEP_VALUES} runs.`
    : "No change is shown.";

/** What the changes rest on; nothing where no series is long enough. */
export function significanceWords(history: History): string {
  const long = longSeries(history);
  if (long.length === 0) return "";
  const [least, most] = [Math.min, Math.max].map((of) =>
    Number(of(...long.map(({ significance }) => significance)).toPrecision(2)),
  );
  const levels = least === most ? `p ≤ ${least}` : `p ≤ ${least} to ${most}`;
  const seriesWords =
    long.length === 1 ? "1 series was" : `${formatCount(long.length)} series were`;
  return (
    `${seriesWords} looked at, each at ${levels}, so that of scenarios in which nothing changes about ` +
    "5 of 100 show a change. One that is small beside what runs differ by takes several runs to show; " +
    "so does any in a young history."
  );
}
