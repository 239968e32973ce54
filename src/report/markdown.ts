import { formatCount, formatDurationNs, NS_PER_S } from "../core/index.ts";
import { assignmentMarkdown } from "./assignment-words.ts";
import { checksMarkdown } from "./check-words.ts";
import { toldFindings } from "./finding-words.ts";
import { Footnotes } from "./footnotes.ts";
import { ledgerMarkdown, routesMarkdown } from "./ledger-markdown.ts";
import { stageDecisions, stopSentence } from "./look-words.ts";
import { cell, escapeMarkdown, row } from "./markdown-cells.ts";
import type { ReportFormat, ReportModel, Result } from "./model.ts";
import { resilienceSections } from "./resilience-words.ts";
import { RESPONSES_HEADING, responseSentences } from "./responses-words.ts";
import { revisionsLine } from "./revision-words.ts";
import { factorsMarkdown, runsMarkdown } from "./run-markdown.ts";
import { soakMarkdown } from "./soak-lines.ts";
import { sparkMarkdown } from "./spark-lines.ts";
import { rowWords, variantVerdicts } from "./variant-words.ts";
import {
  capital,
  confidenceWords,
  differenceShown,
  FINDING_WORDS,
  formatEffect,
  formatValue,
  intervalWords,
  leadFinding,
  OUTCOME_WORDS,
  outcomeOf,
  PARTS_HEADING,
  partSentences,
  rankedComparisons,
  STATUS_WORDS,
} from "./words.ts";
import { FINDING_MARKS, STATUS_MARKS } from "./marks.ts";

export { escapeMarkdown } from "./markdown-cells.ts";

const OUTCOME_MARKS = { measured: "📏", ship: "✅", hold: "⏸️", "roll-back": "⛔" } as const;
const PARTS_MAX = 10;

function headline(result: Result): string[] {
  const { reason, run } = result;
  const outcome = outcomeOf(result);
  const lines = [
    `## ${OUTCOME_MARKS[outcome]} ${OUTCOME_WORDS[outcome]}: ${escapeMarkdown(reason)}`,
    "",
  ];
  if (!run.complete) {
    const why = run.incompleteBecause ?? "it was stopped early";
    lines.push(`**Incomplete run:** ${escapeMarkdown(why)}`, "");
  }
  const lead = leadFinding(result);
  if (lead !== undefined) {
    const cause = escapeMarkdown(lead.cause ?? "not named");
    lines.push(
      `**Cause: ${cause}** in ${escapeMarkdown(lead.subject)}. ${escapeMarkdown(capital(lead.summary))}`,
      "",
    );
    if (lead.cure !== undefined) lines.push(`**Cure:** ${escapeMarkdown(lead.cure)}`, "");
  }
  if (result.needs !== undefined) lines.push(`**Next step:** ${escapeMarkdown(result.needs)}`, "");
  const revisions = revisionsLine(run);
  if (revisions !== "") lines.push(`**Revisions:** ${escapeMarkdown(revisions)}`, "");
  if (result.hypothesis === null) return lines;
  const { because, if: change, then } = result.hypothesis;
  const ground = because === undefined ? "" : `, because ${escapeMarkdown(because)}`;
  lines.push(
    `**Hypothesis:** if ${escapeMarkdown(change)}, then ${escapeMarkdown(then)}${ground}.`,
    "",
  );
  return lines;
}

function verdicts(result: Result): string[] {
  const rows = variantVerdicts(result);
  if (rows.length === 0) return [];
  const body = rows.map(({ arm, outcome, reason }) =>
    row([
      cell(arm),
      `${OUTCOME_MARKS[outcome]} ${OUTCOME_WORDS[outcome]}`,
      escapeMarkdown(reason, 400),
    ]),
  );
  return [row(["Variant", "Verdict", "Why"]), "| --- | --- | --- |", ...body, ""];
}

function comparisons(result: Result, notes: Footnotes): string[] {
  const rows = rankedComparisons(result);
  if (rows.length === 0) return result.hypothesis === null ? [] : ["Nothing was compared.", ""];
  const confidence = rows.find(({ effect }) => effect !== null)?.effect?.confidence;
  const interval =
    confidence === undefined ? "interval" : `${confidenceWords(confidence)} interval`;
  const body = rows.map((comparison) => {
    const marks = comparison.warnings.map((warning) => notes.mark(warning)).join(" ");
    const { effect, status, unit } = comparison;
    const shown = effect !== null && differenceShown(comparison);
    return row([
      `${cell(rowWords(result, comparison))} (${comparison.role})`,
      cell(comparison.stage),
      formatValue(unit, comparison.control),
      formatValue(unit, comparison.variant),
      shown ? `**${formatEffect(comparison, effect.estimate)}**` : String.raw`\~`,
      intervalWords(comparison),
      formatEffect(comparison, comparison.margin, false),
      `${STATUS_MARKS[status]} ${STATUS_WORDS[status]} ${marks}`.trimEnd(),
    ]);
  });
  if (rows.some((comparison) => !differenceShown(comparison))) {
    notes.mark("~: no difference is shown; the interval says how large one could still be.");
  }
  if (body.join("").includes(" pp")) notes.mark("pp: percentage points.");
  return [
    row(["Metric", "Stage", "Control", "Variant", "Effect", interval, "Margin", "Status"]),
    "| --- | --- | ---: | ---: | ---: | :---: | ---: | --- |",
    ...body,
    "",
  ];
}

function decisions(result: Result): string[] {
  const rows = stageDecisions(result);
  if (rows.length === 0) return [];
  const stop = stopSentence(result);
  return [
    "### Decided while it ran",
    "",
    ...(stop === null ? [] : [escapeMarkdown(stop), ""]),
    row(["Stage", "Decision", "Nearest to harm", "e-value / boundary"]),
    "| --- | --- | --- | ---: |",
    ...rows.map(({ because, evidence, nearest, stage, words }) => {
      const why = because === "" ? "" : ` (${cell(because)})`;
      return row([cell(stage), `${words}${why}`, cell(nearest), evidence]);
    }),
    "",
  ];
}

function findings(result: Result, notes: Footnotes): string[] {
  const { each, folded } = toldFindings(result);
  if (each.length + folded.length === 0) return [];
  const lines = each.map((finding) => {
    const marks = (finding.warnings ?? []).map((warning) => notes.mark(warning)).join(" ");
    const who = `${escapeMarkdown(finding.detector)}, ${escapeMarkdown(finding.subject)}`;
    const status = `${FINDING_MARKS[finding.status]} ${FINDING_WORDS[finding.status]}`;
    return `- ${status}: **${who}**: ${escapeMarkdown(finding.summary)} ${marks}`.trimEnd();
  });
  const others = folded.map(
    ({ line, status }) => `- ${FINDING_MARKS[status]} ${escapeMarkdown(line)}`,
  );
  return ["### Findings", "", ...lines, ...others, ""];
}

function resilience(model: ReportModel): string[] {
  if (model.resilience === undefined) return [];
  return resilienceSections(model.resilience).flatMap(({ lines, title }) => [
    `### Under trouble: ${escapeMarkdown(title)}`,
    "",
    ...lines.map((line) => `- ${escapeMarkdown(line, 300)}`),
    "",
  ]);
}

function parts(result: Result): string[] {
  const shown = partSentences(result);
  if (shown.length === 0) return [];
  const left = shown.length - PARTS_MAX;
  return [
    `<details><summary>${PARTS_HEADING}</summary>`,
    "",
    ...shown.slice(0, PARTS_MAX).map((part) => `- ${escapeMarkdown(part)}`),
    ...(left > 0 ? [`- ${formatCount(left)} more in result.json.`] : []),
    "",
    "</details>",
    "",
  ];
}

function responses(result: Result): string[] {
  const sentences = responseSentences(result);
  if (sentences.length === 0) return [];
  return [
    `<details><summary>${RESPONSES_HEADING}</summary>`,
    "",
    ...sentences.map((sentence) => `- ${escapeMarkdown(sentence, 300)}`),
    "",
    "</details>",
    "",
  ];
}

function tail(result: Result, notes: Footnotes): string[] {
  for (const warning of result.warnings) notes.mark(warning);
  const { run, tool } = result;
  const duration = formatDurationNs(run.durationS * NS_PER_S);
  const made = `${tool.name} ${tool.version}, ${run.scenario}, run ${run.id}, ${duration}, seed ${run.seed}, plan ${run.planSha256.slice(0, 12)}`;
  const small = [
    ...notes.texts.map(
      (text, index) => `${Footnotes.superscript(index + 1)} ${escapeMarkdown(text, 300)}`,
    ),
    escapeMarkdown(made),
  ];
  return [
    ...checksMarkdown(result),
    "---",
    "",
    ...small.flatMap((line) => [`<sub>${line}</sub>`, ""]),
  ];
}

/** `report.md`: short enough for a pull request's comment, or GitHub's job summary. */
export const markdownFormat: ReportFormat = {
  name: "markdown",
  file: "report.md",
  render(model: ReportModel) {
    const { result } = model;
    const notes = new Footnotes();
    const lines = [
      ...headline(result),
      ...verdicts(result),
      ...comparisons(result, notes),
      ...soakMarkdown(result),
      ...assignmentMarkdown(result),
      ...factorsMarkdown(result),
      ...resilience(model),
      ...decisions(result),
      ...parts(result),
      ...responses(result),
      ...runsMarkdown(result),
      ...findings(result, notes),
      ...sparkMarkdown(model),
      ...ledgerMarkdown(result),
      ...routesMarkdown(result),
      ...tail(result, notes),
    ];
    return `${lines.join("\n").trimEnd()}\n`;
  },
};
