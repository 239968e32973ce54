import type { ComparisonRow } from "../model.ts";
import type { HistoryPlace, HistoryResult, HistoryRun, HistorySeries, Revision } from "./model.ts";

/** A series before it was looked at for changes. */
export type RawSeries = Omit<HistorySeries, "significance" | "parts" | "change">;

type Place = Omit<RawSeries, "runs" | "values">;

/** Of what an arm was: its own revision, or the commit that the scenario's repository was at. */
export function revisionOf({ git, revisions }: HistoryResult["run"], arm: string): Revision | null {
  const own = revisions?.[arm];
  if (own !== undefined) return { commit: own.commit, dirty: false };
  return git === undefined ? null : { commit: git.commit, dirty: git.dirty };
}

/** What was under test: the first arm that is not control, where there is one. */
const testedArm = ({ arms }: HistoryResult): string =>
  Object.keys(arms).find((arm) => arm !== "control") ?? "control";

/** A run as a place in a history. */
export function placeOf({ directory, result }: HistoryRun): HistoryPlace {
  const { decision, run, tool } = result;
  const { cpus, fingerprint, node, os } = run.host;
  const description =
    run.host.description ?? `${os}, ${cpus} ${cpus === 1 ? "core" : "cores"}, Node.js ${node}`;
  return {
    directory,
    scenario: run.scenario,
    startedAt: run.startedAt,
    complete: run.complete,
    decision,
    revision: revisionOf(run, testedArm(result)),
    host: { id: fingerprint ?? description, description },
    plan: run.planSha256,
    version: tool.version,
  };
}

/** Where a run without comparisons is measured: all of it. */
export const WHOLE_RUN = "whole run";

type Sample = readonly [Place, number | null];

function comparedSamples(row: ComparisonRow, scenario: string, host: string): Sample[] {
  const { arm, better, control, effect, metric, role, stage, unit, variant } = row;
  const common = { scenario, metric, stage, role, unit, better };
  const kind = unit === "ratio" ? "difference" : "relative";
  const level = { ...common, of: "level", host, kind } as const;
  const effectKind = effect?.kind ?? kind;
  return [
    [{ ...level, arm: "control" }, control],
    [{ ...level, arm }, variant],
    [
      { ...common, of: "effect", host: null, arm, kind: effectKind } as const,
      effect?.estimate ?? null,
    ],
  ];
}

/** What an arm that nothing was compared with tells: quantiles of all its requests, and failures. */
function aloneSamples({ arms }: HistoryResult, scenario: string, host: string): Sample[] {
  return Object.entries(arms).flatMap(([arm, row]) => {
    const { errors, planned, responses, responseTimeUs } = row;
    const common = { scenario, host, arm, of: "level", stage: WHOLE_RUN, role: null } as const;
    const time = { ...common, unit: "us", better: "lower", kind: "relative" } as const;
    const share = { ...common, unit: "ratio", better: "lower", kind: "difference" } as const;
    const some = responses + errors > 0;
    return [
      [{ ...time, metric: "response_time_p50" }, some ? responseTimeUs.p50 : null],
      [{ ...time, metric: "response_time_p99" }, some ? responseTimeUs.p99 : null],
      [{ ...share, metric: "requests_without_answer" }, 1 - responses / Math.max(1, planned)],
    ] as Sample[];
  });
}

const keyOf = ({ arm, host, kind, metric, of, scenario, stage, unit }: Place): string =>
  JSON.stringify([scenario, metric, stage, unit, of, kind, arm, host]);

/** Metric by metric and stage by stage: control, then variants, then what these do. */
function orderOf(place: Place): string {
  const { arm, host, kind, metric, of, scenario, stage, unit } = place;
  const rank = of === "effect" ? 2 : arm === "control" ? 0 : 1;
  return JSON.stringify([scenario, metric, stage, rank, unit, kind, arm, host]);
}

/**
 * A series for each scenario, metric and stage: each arm's level, by host, since hosts differ and
 * nothing tells by how much; and each variant's effect, in which the host cancels, of runs of any host.
 * Of `runs`, in the order of time, those that are incomplete are left out. An arm's value counts once
 * a run, whatever it is compared with.
 */
export function seriesOf(
  runs: readonly HistoryRun[],
  places: readonly HistoryPlace[],
): RawSeries[] {
  const all = new Map<string, Place & { runs: number[]; values: number[] }>();
  for (const [index, { result }] of runs.entries()) {
    const { complete, host, scenario } = places[index]!;
    if (!complete) continue;
    const samples =
      result.comparisons.length === 0
        ? aloneSamples(result, scenario, host.id)
        : result.comparisons.flatMap((row) => comparedSamples(row, scenario, host.id));
    for (const [place, value] of samples) {
      if (value === null || !Number.isFinite(value)) continue;
      const key = keyOf(place);
      const series = all.get(key) ?? { ...place, runs: [], values: [] };
      all.set(key, series);
      if (series.runs.at(-1) === index) continue;
      series.runs.push(index);
      series.values.push(value);
    }
  }
  return [...all.values()].toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}
