import { styleText } from "node:util";
import { assignmentLines } from "./assignment-words.ts";
import { CHECKS_HEADING, checkMark, checkWords, troubledChecks } from "./check-words.ts";
import { toldFindings } from "./finding-words.ts";
import { Footnotes } from "./footnotes.ts";
import type { ComparisonRow, ReportFormat, ReportModel, Result } from "./model.ts";
import { resilienceSections } from "./resilience-words.ts";
import { RESPONSES_HEADING, responseSentences } from "./responses-words.ts";
import { revisionsLine } from "./revision-words.ts";
import { factorLines, runLines } from "./run-lines.ts";
import { soakLines } from "./soak-lines.ts";
import { type Paint, wrapped } from "./text-lines.ts";
import { rowWords, variantVerdicts } from "./variant-words.ts";
import {
  confidenceWords,
  countsWords,
  differenceShown,
  FINDING_WORDS,
  formatArmUs,
  formatEffect,
  formatValue,
  hasVariants,
  intervalWords,
  leadFinding,
  ledgerOf,
  PARTS_HEADING,
  partSentences,
  NOTHING,
  orderedArms,
  OUTCOME_WORDS,
  outcomeOf,
  plainText,
  punctualityWords,
  rankedComparisons,
  STATUS_WORDS,
} from "./words.ts";
import { FINDING_MARKS, STATUS_MARKS } from "./marks.ts";

export interface TextOptions {
  readonly color: boolean;
  /** Columns of the terminal; lines are wrapped to it, no narrower than 40. */
  readonly width: number;
}

const COLORS = {
  measured: "cyan",
  ship: "green",
  hold: "yellow",
  "roll-back": "red",
  "within-margin": "green",
  harm: "red",
  "small-harm": "yellow",
  improved: "green",
  "no-gain": "yellow",
  inconclusive: "yellow",
  fail: "red",
  shared: "yellow",
  pass: "green",
} as const;

function notesOf(row: ComparisonRow, notes: Footnotes): string {
  return row.warnings.map((warning) => notes.mark(warning)).join(" ");
}

function cells(result: Result, row: ComparisonRow, notes: Footnotes): readonly string[] {
  const effect = differenceShown(row) ? formatEffect(row, row.effect?.estimate ?? 0) : "~";
  return [
    `${STATUS_MARKS[row.status]} ${plainText(rowWords(result, row), hasVariants(result) ? 80 : 48)}`,
    plainText(row.stage, 24),
    formatValue(row.unit, row.control),
    formatValue(row.unit, row.variant),
    effect,
    row.effect === null ? "" : `(${intervalWords(row)})`,
    formatEffect(row, row.margin, false),
    `${STATUS_WORDS[row.status]} ${notesOf(row, notes)}`.trimEnd(),
  ];
}

/** One line for each comparison in aligned columns; where the terminal is too narrow, two. */
function comparisonLines(result: Result, notes: Footnotes, width: number, paint: Paint): string[] {
  const rows = rankedComparisons(result);
  if (rows.length === 0)
    return result.hypothesis === null ? timesLines(result, width) : ["Nothing was compared."];
  const confidence = rows.find((row) => row.effect !== null)?.effect?.confidence;
  const interval = confidence === undefined ? "" : `(${confidenceWords(confidence)} interval)`;
  const head = ["  metric", "stage", "control", "variant", "effect", interval, "margin", ""];
  const body = rows.map((row) => cells(result, row, notes));
  const widths = head.map((text, column) =>
    Math.max(text.length, ...body.map((line) => line[column]?.length ?? 0)),
  );
  const align = (line: readonly string[]): string =>
    line
      .map((cell, column) =>
        column < 2 || column === 5 || column === 7
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  if (align(head).length <= width && body.every((line) => align(line).length <= width)) {
    const painted = body.map((line, index) => paint(COLORS[rows[index]!.status], align(line)));
    return [paint("dim", align(head)), ...painted];
  }
  return body.flatMap((line, index) => {
    const [name, stage, control, variant, effect, range, margin, status] = line;
    return [
      ...wrapped(
        `${STATUS_MARKS[rows[index]!.status]} `,
        `${name?.slice(2)}, ${stage}: ${status}`,
        width,
      ).map((text) => paint(COLORS[rows[index]!.status], text)),
      ...wrapped(
        "  ",
        [`${control} → ${variant} `, effect, range, ` margin ${margin}`].filter(Boolean).join(" "),
        width,
      ),
    ];
  });
}

const TIMES_HEAD = ["p50", "p90", "p99", "p99.9", "max"] as const;
const TIMES = ["p50", "p90", "p99", "p999", "max"] as const;

/** A row of times where the terminal is too narrow for a table. */
function narrow([what = "", ...times]: readonly string[], width: number): string[] {
  const named = times.map((time, column) => `${TIMES_HEAD[column]} ${time}`).join(", ");
  return wrapped("  ", `${what}: ${named}`, width);
}

/** What is shown where nothing is compared: the times of each arm, and what was answered. */
function timesLines(result: Result, width: number): string[] {
  return orderedArms(result).flatMap(([name, arm]) => {
    const rows = [
      ["response time", arm.responseTimeUs],
      ["service time", arm.serviceTimeUs],
      ["start lag", arm.startLagUs],
    ] as const;
    const table = rows.map(([what, us]) => [
      what,
      ...TIMES.map((point) => formatArmUs(arm, us[point])),
    ]);
    const head = [name, ...TIMES_HEAD];
    const widths = head.map((text, column) =>
      Math.max(text.length, ...table.map((cells_) => cells_[column]!.length)),
    );
    const line = (cells_: readonly string[]): string =>
      cells_
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
        )
        .join("  ");
    const wide = [head, ...table].map(line);
    const fits = wide.every((text) => text.length <= width);
    const statuses = countsWords(arm.statusCounts);
    const errors = countsWords(arm.errorCounts);
    return [
      ...(fits ? wide : [name, ...table.flatMap((cells_) => narrow(cells_, width))]),
      ...wrapped("status ", statuses, width),
      ...(errors === NOTHING ? [] : wrapped("errors ", errors, width)),
    ];
  });
}

function headline(result: Result, width: number, paint: Paint): string[] {
  const outcome = outcomeOf(result);
  const word = OUTCOME_WORDS[outcome].toUpperCase();
  const [first = "", ...rest] = wrapped(`${word}  `, result.reason, width);
  const lines = [paint(["bold", COLORS[outcome]], word) + first.slice(word.length), ...rest];
  if (!result.run.complete) {
    const why = result.run.incompleteBecause ?? "it was stopped early";
    lines.push(...wrapped("Incomplete: ", why, width));
  }
  const lead = leadFinding(result);
  if (lead !== undefined) {
    lines.push(...wrapped("Cause: ", `${lead.cause ?? "not named"} in ${lead.subject}`, width));
    lines.push(...wrapped("       ", lead.summary, width));
    if (lead.cure !== undefined) lines.push(...wrapped("Cure:  ", lead.cure, width));
  }
  if (result.needs !== undefined) lines.push(...wrapped("Needs: ", result.needs, width));
  const revisions = revisionsLine(result.run);
  if (revisions !== "") lines.push(...wrapped("Revisions: ", revisions, width));
  return lines;
}

/** One for each of several variants. */
function verdictLines(result: Result, width: number, paint: Paint): string[] {
  const rows = variantVerdicts(result);
  const longest = Math.max(0, ...rows.map(({ arm }) => arm.length));
  return rows.flatMap(({ arm, outcome, reason }) => {
    const word = OUTCOME_WORDS[outcome].padEnd("Roll back".length);
    const lead = `  ${arm.padEnd(longest)}  ${word}  `;
    const [first = "", ...rest] = wrapped(lead, reason, width);
    return [first.replace(word, paint(COLORS[outcome], word)), ...rest];
  });
}

function findingLines(result: Result, notes: Footnotes, width: number, paint: Paint): string[] {
  const { each, folded } = toldFindings(result);
  if (each.length + folded.length === 0) return [];
  return [
    "",
    paint("dim", "Findings"),
    ...each.flatMap((finding) => {
      const mark = paint(COLORS[finding.status], FINDING_MARKS[finding.status]);
      const marks = (finding.warnings ?? []).map((warning) => notes.mark(warning)).join(" ");
      const text = `${finding.detector}, ${finding.subject}: ${FINDING_WORDS[finding.status]}. ${finding.summary} ${marks}`;
      const [first = "", ...rest] = wrapped("  ", text.trimEnd(), width);
      return [`${mark} ${first.trimStart()}`, ...rest];
    }),
    ...folded.flatMap(({ line, status }) => wrapped(`${FINDING_MARKS[status]} `, line, width)),
  ];
}

const PARTS_MAX = 5;

/**
 * What a terminal shows at the end of a run: the verdict with its reason, the cause, one line per
 * comparison (`~` where no difference is shown), the findings, the instrument checks that failed,
 * and the warnings as footnotes. Control characters in captured strings are left out. Ends with a
 * line feed.
 */
export function renderText({ resilience, result }: ReportModel, options: TextOptions): string {
  const width = Math.max(40, options.width);
  const paint: Paint = (format, text) =>
    options.color ? styleText(format, text, { validateStream: false }) : text;
  const notes = new Footnotes();
  const lines = [...headline(result, width, paint), ...verdictLines(result, width, paint), ""];
  lines.push(...comparisonLines(result, notes, width, paint));
  lines.push(...soakLines(result, width, paint));
  lines.push(...assignmentLines(result, width, paint));
  lines.push(...factorLines(result, width, paint));
  for (const section of resilience === undefined ? [] : resilienceSections(resilience)) {
    lines.push("", paint("dim", plainText(`Under trouble: ${section.title}`)));
    for (const line of section.lines) lines.push(...wrapped("  ", plainText(line, 300), width));
  }
  const parts = partSentences(result);
  if (parts.length > 0) lines.push("", paint("dim", PARTS_HEADING));
  for (const part of parts.slice(0, PARTS_MAX)) {
    lines.push(...wrapped("  ", plainText(part), width));
  }
  if (parts.length > PARTS_MAX) lines.push(`  and ${parts.length - PARTS_MAX} more in result.json`);
  const responses = responseSentences(result);
  if (responses.length > 0) lines.push("", paint("dim", RESPONSES_HEADING));
  for (const each of responses) lines.push(...wrapped("  ", each, width));
  lines.push(...runLines(result, width, paint));
  lines.push(...findingLines(result, notes, width, paint));
  const failed = troubledChecks(result);
  if (failed.length > 0) lines.push("", paint("dim", CHECKS_HEADING));
  for (const check of failed) {
    lines.push(
      ...wrapped(`${checkMark(check)} `, `${checkWords(check, 32)}: ${check.summary}`, width),
    );
  }
  lines.push("", paint("dim", "Ledger: planned = responses + errors + dropped"));
  for (const [name, arm] of orderedArms(result)) {
    lines.push(`  ${name}: ${ledgerOf(arm).equation}`);
    lines.push(...wrapped("    ", punctualityWords(arm), width));
  }
  for (const warning of result.warnings) notes.mark(warning);
  if (notes.texts.length > 0) lines.push("");
  for (const [index, text] of notes.texts.entries()) {
    lines.push(
      ...wrapped(`${Footnotes.superscript(index + 1)} `, text, width).map((line) =>
        paint("dim", line),
      ),
    );
  }
  return `${lines.join("\n")}\n`;
}

/** `report.txt`: what a terminal shows, 100 columns wide and without colours. */
export const textFormat: ReportFormat = {
  name: "text",
  file: "report.txt",
  render: (model) => renderText(model, { color: false, width: 100 }),
};
