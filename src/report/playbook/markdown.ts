import { formatCount } from "../../core/index.ts";
import { escapeMarkdown } from "../markdown.ts";
import { outcomeOf } from "../words.ts";
import type { PlaybookModel, PlaybookRun } from "./model.ts";
import { noiseLines } from "./noise.ts";
import { patternLines } from "./patterns.ts";
import { scenarioLines } from "./scenario.ts";

const plural = (count: number, word: string): string =>
  `${formatCount(count)} ${word}${count === 1 ? "" : "s"}`;

function summary(runs: readonly PlaybookRun[], scenarios: number): string {
  const count = (outcome: string): string =>
    formatCount(runs.filter(({ result }) => outcomeOf(result) === outcome).length);
  const days = runs.map(({ result }) => escapeMarkdown(result.run.startedAt.slice(0, 10)));
  const span = days[0] === days.at(-1) ? `on ${days[0]}` : `from ${days[0]} to ${days.at(-1)}`;
  const decided = `${count("ship")} ship, ${count("hold")} hold, ${count("roll-back")} roll back`;
  const measured = runs.some(({ result }) => outcomeOf(result) === "measured")
    ? `, ${count("measured")} only measured`
    : "";
  return `${plural(runs.length, "run")} of ${plural(scenarios, "scenario")}, ${span}: ${decided}${measured}.`;
}

/**
 * What a folder of runs has taught, as Markdown: what shows over all runs, then each scenario with
 * what was tried, decided and seen. The order of the runs does not matter. Text that was captured or
 * configured shows as text.
 */
export function playbookMarkdown({ runs: given, unread }: PlaybookModel): string {
  const runs = given.toSorted((a, b) => {
    const [left, right] = [a, b].map((run) => run.result.run.startedAt + run.directory);
    return left! < right! ? -1 : 1;
  });
  const names = [...new Set(runs.map(({ result }) => result.run.scenario))].toSorted();
  const scenarios = names.flatMap((name) =>
    scenarioLines(
      name,
      runs.filter(({ result }) => result.run.scenario === name),
    ),
  );
  const missing = unread
    .toSorted((a, b) => (a.directory < b.directory ? -1 : 1))
    .map(
      ({ directory, why }) => `- ${escapeMarkdown(directory, 200)}: ${escapeMarkdown(why, 300)}`,
    );
  const lines = [
    "# Playbook",
    "",
    runs.length === 0 ? "No run could be read." : summary(runs, names.length),
    "",
    ...(runs.length === 0 ? [] : ["## Patterns", "", ...patternLines(runs)]),
    ...(runs.length === 0 ? [] : ["## Noise by host", "", ...noiseLines(runs)]),
    ...scenarios,
    ...(missing.length === 0 ? [] : ["## Not read", "", ...missing, ""]),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}
