import { factorSentences, factorsTitle, factorWords } from "./factor-words.ts";
import { cell, escapeMarkdown, row } from "./markdown-cells.ts";
import type { Result } from "./model.ts";
import { runsTitle, runWords } from "./run-words.ts";
import { capital } from "./words.ts";

/** What the effect depends on: sentences, and a row for each effect of a factor; nothing without any. */
export function factorsMarkdown(result: Result): string[] {
  const rows = factorWords(result);
  if (rows.length === 0) return [];
  return [
    "### What the effect depends on",
    "",
    ...factorSentences(result).map((text) => `- ${escapeMarkdown(text)}`),
    "",
    escapeMarkdown(`${factorsTitle(result)}:`),
    "",
    row(["Effect", "On", "At each level", "Low to high", "Interval", "Adjusted p", "Same as"]),
    "| --- | --- | --- | ---: | :---: | ---: | --- |",
    ...rows.map(({ adjustedP, aliases, change, interval, levels, metric, name, shown }) =>
      row([
        shown ? `**${cell(name)}**` : cell(name),
        cell(metric),
        cell(levels),
        change,
        interval,
        cell(adjustedP),
        cell(aliases),
      ]),
    ),
    "",
  ];
}

/** The runs of an experiment, a row each; nothing for a run alone. */
export function runsMarkdown(result: Result): string[] {
  const rows = runWords(result);
  if (rows.length === 0) return [];
  return [
    `### ${escapeMarkdown(capital(runsTitle(result)))}`,
    "",
    row(["Run", "Started first", "Effect", "Seed", ""]),
    "| ---: | --- | --- | --- | --- |",
    ...rows.map(({ effects, first, levels, note, run, seed }) =>
      row([
        run,
        cell(first),
        cell(effects),
        cell(seed),
        cell([levels, note].filter((text) => text !== "").join("; ")),
      ]),
    ),
    "",
  ];
}
