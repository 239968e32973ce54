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
}

const widthOf = ({ earliest, latest }: HistoryChange): number => latest - earliest;

/** Whether one place may explain both: their sets have one in common, or miss by less than they are wide. */
function mayBeOne(a: HistoryChange, b: HistoryChange): boolean {
  const apart = Math.max(a.earliest - b.latest, b.earliest - a.latest);
  return apart <= Math.max(widthOf(a), widthOf(b));
}

/** Changes of a scenario that one place may explain, each group around the one that is best known. */
function groupsOf(
  changes: readonly HistoryChange[],
  series: readonly HistorySeries[],
): readonly Group[] {
  const groups: Group[] = [];
  const surest = changes.toSorted((a, b) => widthOf(a) - widthOf(b) || a.run - b.run);
  for (const change of surest) {
    const { scenario } = series[change.series]!;
    const known = groups.find(
      (group) => group.scenario === scenario && mayBeOne(group.changes[0]!, change),
    );
    if (known === undefined) groups.push({ scenario, changes: [change] });
    else known.changes.push(change);
  }
  return groups;
}

/**
 * The places that more than half of the sets hold: with changes that resemble each other in any way it
 * holds the true one nearly as surely as each set does, where what all sets have in common would not.
 * The best known change's set where no place is in so many.
 * Source: Gasparin & Ramdas 2024 (majority vote: at least 1 − 2α).
 */
function majorityOf(changes: readonly HistoryChange[]): Pick<HistoryEvent, "earliest" | "latest"> {
  const [first] = changes;
  const ends = changes.flatMap(({ earliest, latest }) => [earliest, latest]);
  const held = ends.filter((place) => {
    const sets = changes.filter(({ earliest, latest }) => earliest <= place && place <= latest);
    return sets.length > changes.length / 2;
  });
  if (held.length === 0) return { earliest: first!.earliest, latest: first!.latest };
  return { earliest: Math.min(...held), latest: Math.max(...held) };
}

/** The change whose likeliest place most others share, of those within; the best known where several do. */
function likeliestOf(
  changes: readonly HistoryChange[],
  { earliest, latest }: Pick<HistoryEvent, "earliest" | "latest">,
): HistoryChange {
  const within = changes.filter(({ run }) => earliest <= run && run <= latest);
  const votes = (one: HistoryChange): number => within.filter(({ run }) => run === one.run).length;
  return within.toSorted((a, b) => votes(b) - votes(a))[0] ?? changes[0]!;
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
 * Changes, put together where one place may explain them, the newest first. The place is the one that most
 * of them have for the likeliest, and the revision is that of such a change's own arm. What else changed
 * between the last run before and the first one after may be the cause as well.
 */
export function eventsOf(
  changes: readonly HistoryChange[],
  series: readonly HistorySeries[],
  { places, runs }: { runs: readonly HistoryRun[]; places: readonly HistoryPlace[] },
): HistoryEvent[] {
  return groupsOf(changes, series)
    .map(({ changes: of, scenario }): HistoryEvent => {
      const range = majorityOf(of);
      const { last, run, series: at } = likeliestOf(of, range);
      const { arm } = series[at]!;
      return {
        scenario,
        run,
        last,
        earliest: Math.min(range.earliest, run),
        latest: Math.max(range.latest, run),
        revision: revisionOf(runs[run]!.result.run, arm),
        lastRevision: revisionOf(runs[last]!.result.run, arm),
        direction: directionOf(of),
        alsoChanged: alsoChanged([last, run], runs, places),
        changes: of.toSorted((a, b) => a.series - b.series),
      };
    })
    .toSorted((a, b) => b.run - a.run || (a.scenario < b.scenario ? -1 : 1));
}
