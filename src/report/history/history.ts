import { hostOf, isAa, noiseOf } from "../playbook/noise.ts";
import { changesOf, significancesOf } from "./changes.ts";
import { eventsOf } from "./events.ts";
import { flakyScenarios } from "./flaky.ts";
import { type History, HISTORY_VERSION, type HistoryRun } from "./model.ts";
import { placeOf, seriesOf } from "./series.ts";

function aaRunsOf(runs: readonly HistoryRun[]): History["aaRuns"] {
  const byHost = Map.groupBy(runs.filter(isAa), ({ result }) => hostOf(result));
  return [...byHost]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([host, of]) => ({
      host,
      runs: of.length,
      rolledBack: of.filter(({ result }) => result.decision === "roll-back").length,
    }));
}

const counted = (count: number, one: string, several: string): string =>
  count === 1 ? `1 run ${one}` : `${count.toLocaleString("en-US")} runs ${several}`;

function warningsOf(runs: readonly HistoryRun[]): string[] {
  const incomplete = runs.filter(({ result }) => !result.run.complete).length;
  const nameless = runs.filter(({ result }) => result.run.git === undefined).length;
  const dirty = runs.filter(({ result }) => result.run.git?.dirty === true).length;
  return [
    ...(incomplete === 0
      ? []
      : [`${counted(incomplete, "is", "are")} incomplete and in no series`]),
    ...(nameless === 0
      ? []
      : [
          `${counted(nameless, "does", "do")} not tell a revision: ` +
            "the scenario was in no git repository, or shakedown was older",
        ]),
    ...(dirty === 0
      ? []
      : [`${counted(dirty, "was", "were")} of files that no commit holds: no revision names them`]),
  ];
}

/**
 * What many runs tell together: trends with their changes, scenarios whose verdicts change by themselves,
 * and the hosts' noise. The order in which the runs are given does not matter. `unread` is passed on.
 */
export function historyOf(
  given: readonly HistoryRun[],
  {
    unread,
    version,
  }: { readonly unread: readonly History["unread"][number][]; readonly version: string },
): History {
  const orderOf = ({ directory, result }: HistoryRun): string => result.run.startedAt + directory;
  const runs = given.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  const places = runs.map(placeOf);
  const raw = seriesOf(runs, places);
  const significances = significancesOf(raw);
  const looked = raw.map((each, index) =>
    changesOf(each, index, significances.get(each.scenario)!),
  );
  const series = looked.map((each) => each.series);
  const changes = looked.flatMap((each) => each.changes);
  return {
    historyVersion: HISTORY_VERSION,
    tool: { name: "shakedown", version },
    runs: places,
    series,
    events: eventsOf(changes, series, { runs, places }),
    flaky: flakyScenarios(runs, places),
    noise: noiseOf(runs),
    aaRuns: aaRunsOf(runs),
    unread: unread.toSorted((a, b) => (a.directory < b.directory ? -1 : 1)),
    warnings: warningsOf(runs),
  };
}
