import type { History, HistoryPlace, HistoryRun } from "./model.ts";

type Flaky = History["flaky"][number];

const EXAMPLES_MAX = 10;
const DECISIONS = ["ship", "hold", "roll-back"] as const;

/** What fixes a run's arms: all their revisions; null where that is not known, or files were changed. */
function buildOf({ result: { run } }: HistoryRun): string | null {
  if (run.git === undefined || run.git.dirty) return null;
  const revisions = Object.entries(run.revisions ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([arm, { commit }]) => [arm, commit]);
  return JSON.stringify([run.git.commit, revisions]);
}

const pairs = (count: number): number => (count * (count - 1)) / 2;

function flakyOf(scenario: string, builds: readonly (readonly HistoryPlace[])[]): Flaky {
  const counts = builds.map((places) => {
    const told = DECISIONS.map((each) => {
      const { length } = places.filter(({ decision }) => decision === each);
      return [each, length] as const;
    });
    const decisions = Object.fromEntries(told.filter(([, count]) => count > 0));
    return { commit: places[0]!.revision?.commit ?? "", decisions, runs: places.length };
  });
  const differing = counts.filter(({ decisions }) => Object.keys(decisions).length > 1);
  const all = counts.reduce((sum, { runs }) => sum + pairs(runs), 0);
  const alike = counts
    .flatMap(({ decisions }) => Object.values(decisions))
    .reduce((sum, count) => sum + pairs(count), 0);
  return {
    scenario,
    revisions: builds.length,
    runs: counts.reduce((sum, { runs }) => sum + runs, 0),
    differing: differing.length,
    disagreement: (all - alike) / all,
    examples: differing
      .slice(-EXAMPLES_MAX)
      .map(({ commit, decisions }) => ({ commit, decisions })),
  };
}

/**
 * Scenarios of which one clean revision was decided on more than once, those that disagree most first.
 * A verdict that changes without a change of revision is chance's, or the host's. Incomplete runs, and
 * those of changed files or without a repository, say nothing of that.
 */
export function flakyScenarios(
  runs: readonly HistoryRun[],
  places: readonly HistoryPlace[],
): Flaky[] {
  const builds = new Map<string, HistoryPlace[]>();
  for (const [index, run] of runs.entries()) {
    const place = places[index]!;
    const build = buildOf(run);
    if (build === null || !place.complete || place.decision === null) continue;
    const key = JSON.stringify([place.scenario, build]);
    builds.set(key, [...(builds.get(key) ?? []), place]);
  }
  const repeated = [...builds.values()].filter(({ length }) => length > 1);
  const byScenario = Map.groupBy(repeated, ([first]) => first!.scenario);
  return [...byScenario]
    .map(([scenario, of]) => flakyOf(scenario, of))
    .toSorted((a, b) => b.disagreement - a.disagreement || (a.scenario < b.scenario ? -1 : 1));
}
