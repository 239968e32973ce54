import type {
  HistoryChange,
  HistoryEvent,
  HistoryPlace,
  HistoryRun,
  HistorySeries,
} from "./model.ts";
import { revisionOf } from "./series.ts";

interface Group {
  readonly scenario: string;
  readonly changes: HistoryChange[];
  earliest: number;
  latest: number;
}

/** Changes of a scenario that one place explains: those whose sets of places have one in common. */
function groupsOf(
  changes: readonly HistoryChange[],
  series: readonly HistorySeries[],
): readonly Group[] {
  const groups: Group[] = [];
  const surest = changes.toSorted(
    (a, b) => a.latest - a.earliest - (b.latest - b.earliest) || a.run - b.run,
  );
  for (const change of surest) {
    const { scenario } = series[change.series]!;
    const known = groups.find(
      (group) =>
        group.scenario === scenario &&
        change.earliest <= group.latest &&
        change.latest >= group.earliest,
    );
    if (known === undefined) {
      const { earliest, latest } = change;
      groups.push({ scenario, changes: [change], earliest, latest });
      continue;
    }
    known.changes.push(change);
    known.earliest = Math.max(known.earliest, change.earliest);
    known.latest = Math.min(known.latest, change.latest);
  }
  return groups;
}

function directionOf(changes: readonly HistoryChange[]): HistoryEvent["direction"] {
  const all = new Set(changes.map(({ direction }) => direction));
  if (all.has("worse")) return all.has("better") ? "mixed" : "worse";
  return all.has("better") ? "better" : "spread";
}

/**
 * Plans hold the commits of revisions, so that another commit is another plan: then a plan's hash tells
 * nothing more.
 */
function alsoChanged(
  [before, after]: readonly [number, number],
  runs: readonly HistoryRun[],
  places: readonly HistoryPlace[],
): HistoryEvent["alsoChanged"] {
  const [left, right] = [places[before]!, places[after]!];
  const ofRevisions = [before, after].some((at) => runs[at]!.result.run.revisions !== undefined);
  return [
    ...(left.host.id === right.host.id ? [] : (["host"] as const)),
    ...(ofRevisions || left.plan === right.plan ? [] : (["plan"] as const)),
    ...(left.version === right.version ? [] : (["shakedown"] as const)),
  ];
}

/**
 * Changes, put together where one place explains them, the newest first. The place is that of the
 * change that is best known, and so is the revision: of that change's own arm. What else changed
 * between the last run before and the first one after may be the cause as well.
 */
export function eventsOf(
  changes: readonly HistoryChange[],
  series: readonly HistorySeries[],
  { places, runs }: { runs: readonly HistoryRun[]; places: readonly HistoryPlace[] },
): HistoryEvent[] {
  return groupsOf(changes, series)
    .map(({ changes: of, earliest, latest, scenario }): HistoryEvent => {
      const { last, run, series: at } = of[0]!;
      const { arm } = series[at]!;
      return {
        scenario,
        run,
        last,
        earliest,
        latest,
        revision: revisionOf(runs[run]!.result.run, arm),
        lastRevision: revisionOf(runs[last]!.result.run, arm),
        direction: directionOf(of),
        alsoChanged: alsoChanged([last, run], runs, places),
        changes: of.toSorted((a, b) => a.series - b.series),
      };
    })
    .toSorted((a, b) => b.run - a.run || (a.scenario < b.scenario ? -1 : 1));
}
