import { formatCount } from "../../core/index.ts";
import { escapeMarkdown } from "../markdown.ts";
import type { PlaybookRun } from "./model.ts";

/** Counts what recurs, the commonest first, then by name. */
function counted(names: readonly string[]): (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

/** A cause without its size: `pool exhaustion (64 of 64)` and `(32 of 32)` are one. */
const kindOf = (cause: string): string => cause.replaceAll(/[\d.,]+/g, "#").replace(/ ?\(.*$/, "");

/** The causes that a run's failing findings name, each once. */
const causesOf = ({ result }: PlaybookRun): string[] => [
  ...new Set(
    result.findings
      .filter(({ status }) => status === "fail")
      .flatMap(({ cause }) => (cause === undefined ? [] : [kindOf(cause)])),
  ),
];

/** Why a run was held, without its particulars. */
const holdOf = ({ result }: PlaybookRun): string[] =>
  result.decision === "hold" ? [result.reason.split(":")[0] ?? ""] : [];

function listed(title: string, counts: readonly (readonly [string, number])[]): string[] {
  if (counts.length === 0) return [];
  const items = counts.map(
    ([name, count]) => `${escapeMarkdown(name, 120)} × ${formatCount(count)}`,
  );
  return [`- ${title}: ${items.join(", ")}`];
}

function undecided(runs: readonly PlaybookRun[]): string[] {
  const compared = runs.filter(({ result }) => result.hypothesis !== null);
  const decided = compared.filter(({ result }) => result.decision !== "hold");
  const settled = new Set(decided.map(({ result }) => result.run.scenario));
  const never = compared.filter(({ result }) => !settled.has(result.run.scenario));
  return listed("Never decided, by runs", counted(never.map(({ result }) => result.run.scenario)));
}

/** What shows only over all runs, as Markdown. */
export function patternLines(runs: readonly PlaybookRun[]): string[] {
  const lines = [
    ...listed("Causes, by runs", counted(runs.flatMap(causesOf))),
    ...listed("Why runs were held", counted(runs.flatMap(holdOf))),
    ...undecided(runs),
  ];
  return lines.length === 0 ? ["Nothing recurs.", ""] : [...lines, ""];
}
