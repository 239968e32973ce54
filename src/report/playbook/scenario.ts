import { factorSentences } from "../factor-words.ts";
import { throttleSentences } from "../look-words.ts";
import { escapeMarkdown } from "../markdown.ts";
import type { Result } from "../model.ts";
import { rowWords } from "../variant-words.ts";
import {
  capital,
  formatEffect,
  intervalWords,
  hasVariants,
  NOTHING,
  OUTCOME_WORDS,
  outcomeOf,
  rankedComparisons,
  STATUS_WORDS,
} from "../words.ts";
import type { PlaybookRun } from "./model.ts";

const cell = (text: string, lengthMax = 120): string => escapeMarkdown(text, lengthMax);
const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const REASON_CHARS = 300;

/** As a sentence: with a capital and an end, also where it was cut. */
function sentence(text: string): string {
  const shown = capital(escapeMarkdown(text, REASON_CHARS));
  return /[.…]$/.test(shown) ? shown : `${shown}.`;
}

/** What differs between the arms, in words: `variant: env.POOL 64 → 4`. */
function differWords({ armsDiffer }: PlaybookRun): string {
  if (armsDiffer === null) return "not recorded";
  if (armsDiffer.length === 0) return "nothing (A/A)";
  const value = (text: string | null): string =>
    text === null ? "not set" : escapeMarkdown(text, 80);
  return armsDiffer
    .map(({ arm, control, setting, value: set }) => {
      const names = `${escapeMarkdown(arm, 80)}: ${escapeMarkdown(setting, 80)}`;
      return `${names} ${value(control)} → ${value(set)}`;
    })
    .join("; ");
}

function triedOf(run: PlaybookRun): string {
  const { hypothesis } = run.result;
  if (hypothesis === null) return "**Tried:** one arm was measured; nothing is compared.";
  const { because, if: change, otherwise, then } = hypothesis;
  const ground = because === undefined ? "" : `, because ${escapeMarkdown(because)}`;
  const failing = otherwise === "" ? "" : ` It fails if ${escapeMarkdown(otherwise)}.`;
  const claim = `if ${escapeMarkdown(change)}, then ${escapeMarkdown(then)}${ground}.`;
  return `**Hypothesis:** ${claim}${failing}\n\n**What differs:** ${differWords(run)}.`;
}

/** Runs of one scenario that tried the same are told together: what was tried, and by which runs. */
function triedLines(runs: readonly PlaybookRun[]): string[] {
  const tried = new Map<string, number[]>();
  for (const [index, run] of runs.entries()) {
    const text = triedOf(run);
    tried.set(text, [...(tried.get(text) ?? []), index + 1]);
  }
  return [...tried].flatMap(([text, numbers]) => {
    const whose = numbers.length === 1 ? `Run ${numbers[0]}:` : `Runs ${numbers.join(", ")}:`;
    return tried.size === 1 ? [text, ""] : [whose, "", text, ""];
  });
}

function decisionLines(runs: readonly PlaybookRun[]): string[] {
  const rows = runs.map(({ directory, result }, index) => {
    const next = result.needs === undefined ? "" : ` Next: ${sentence(result.needs)}`;
    const several = result.runs === undefined ? "" : ` of ${result.runs.length} runs`;
    return row([
      String(index + 1),
      cell(result.run.startedAt.slice(0, 16).replace("T", " ")),
      `**${OUTCOME_WORDS[outcomeOf(result)]}**${several}`,
      `${sentence(result.reason)}${next}`,
      cell(directory),
    ]);
  });
  return [
    row(["Run", "Started", "Decision", "Why", "Directory"]),
    "| ---: | --- | --- | --- | --- |",
    ...rows,
    "",
  ];
}

function effectLines(runs: readonly PlaybookRun[]): string[] {
  const rows = runs.flatMap(({ result }, index) =>
    rankedComparisons(result)
      .filter(({ role }) => role !== "secondary")
      .map((comparison) => {
        const { effect, margin, role, stage, status } = comparison;
        return row([
          String(index + 1),
          `${cell(rowWords(result, comparison))} (${role})`,
          cell(stage),
          effect === null ? NOTHING : formatEffect(comparison, effect.estimate),
          intervalWords(comparison),
          formatEffect(comparison, margin, false),
          STATUS_WORDS[status],
        ]);
      }),
  );
  if (rows.length === 0) return [];
  const head = row(["Run", "Metric", "Stage", "Effect", "Interval", "Margin", "Status"]);
  return [head, "| ---: | --- | --- | ---: | :---: | ---: | --- |", ...rows, ""];
}

const GATE_WORDS = { "go-on": "go on", hold: "hold", "roll-back": "roll back" } as const;

/** Gates that did not let a run go on, and rules that stopped it. */
function firedOf(result: Result): string[] {
  const { cuts = [], gates = [], stoppedEarly } = result;
  const fired = gates
    .filter(({ decision }) => decision !== "go-on")
    .map(
      ({ arm, decision, stage }) =>
        `the gate after ${escapeMarkdown(stage)} said ${GATE_WORDS[decision]}` +
        (hasVariants(result) ? ` of ${escapeMarkdown(arm)}` : ""),
    );
  for (const { arm, because, breachToCutMs, rule } of cuts) {
    const after = `${Math.round(breachToCutMs)} ms after`;
    const why = `by the ${rule} rule: ${escapeMarkdown(because)}`;
    fired.push(`${escapeMarkdown(arm)} was cut ${why}; ${after}`);
  }
  if (stoppedEarly === undefined || cuts.length > 0) return fired;
  const { because, breachToCutMs, rule } = stoppedEarly;
  const cut = `the variant was cut ${Math.round(breachToCutMs)} ms after`;
  const whose = rule === "person" ? "a person" : `the ${rule} rule`;
  return [...fired, `stopped by ${whose}: ${escapeMarkdown(because)}; ${cut}`];
}

function eventLines(runs: readonly PlaybookRun[]): string[] {
  const lines = runs.flatMap(({ overrides, result }, index) => {
    const decided = overrides.map(({ at, by, decision, reason }) => {
      const who = by === undefined ? "" : ` by ${escapeMarkdown(by, 80)}`;
      const what = `overridden${who} on ${escapeMarkdown(at.slice(0, 10))}`;
      return `${what}: ${escapeMarkdown(decision, 80)}, because ${escapeMarkdown(reason)}`;
    });
    const told = [...factorSentences(result), ...throttleSentences(result)].map((text) =>
      escapeMarkdown(
        text.replace(/^(?:No|The) /, (word) => word.toLowerCase()).replace(/\.$/, ""),
        400,
      ),
    );
    return [...told, ...firedOf(result), ...decided].map((text) => `- Run ${index + 1}: ${text}`);
  });
  return lines.length === 0 ? [] : [...lines, ""];
}

/** Everything that was tried under one scenario's name, oldest first, as Markdown. */
export function scenarioLines(name: string, runs: readonly PlaybookRun[]): string[] {
  return [
    `## ${escapeMarkdown(name, 200)}`,
    "",
    ...triedLines(runs),
    ...decisionLines(runs),
    ...effectLines(runs),
    ...eventLines(runs),
  ];
}
