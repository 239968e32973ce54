import type { ComparisonRow, ReportFormat, Result } from "./model.ts";
import { Footnotes } from "./footnotes.ts";
import {
  confidenceWords,
  differenceShown,
  formatEffect,
  formatValue,
  intervalWords,
  metricWords,
  NOTHING,
  OUTCOME_WORDS,
  outcomeOf,
  plainText,
  rankedComparisons,
} from "./words.ts";

const STATUS_NOTES: Partial<Record<ComparisonRow["status"], string>> = {
  harm: "harm is shown, and is at least the margin",
  "small-harm": "harm is shown, and is within the margin",
  inconclusive: "not shown to be within the margin",
  "no-gain": "the gain that was claimed is excluded",
};

/** Whose rows stand together, as benchstat has a table for each unit. */
const armsOf = (rows: readonly ComparisonRow[]): readonly string[] => [
  ...new Set(rows.map(({ arm }) => arm)),
];

function cellsOf(row: ComparisonRow, notes: Footnotes): readonly string[] {
  const { control, effect, status, stage, unit, variant, warnings } = row;
  const said = STATUS_NOTES[status];
  const texts = [...(said === undefined ? [] : [said]), ...warnings];
  const change = differenceShown(row) ? formatEffect(row, effect?.estimate ?? 0) : "~";
  return [
    plainText(`${metricWords(row.metric)}/${stage}`, 60),
    formatValue(unit, control),
    formatValue(unit, variant),
    effect === null ? NOTHING : change,
    effect === null ? "" : `(${intervalWords(row)})`,
    texts.map((text) => notes.mark(plainText(text))).join(" "),
  ];
}

/** The first column and the last two to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const columns = rows[0]!.map((_, column) =>
    Math.max(...rows.map((row) => Array.from(row[column] ?? "").length)),
  );
  return rows.map((row) =>
    row
      .map((text, column) => {
        const space = " ".repeat(columns[column]! - Array.from(text).length);
        return column === 0 || column > 3 ? text + space : space + text;
      })
      .join("  ")
      .trimEnd(),
  );
}

function table(result: Result, arm: string, notes: Footnotes): string[] {
  const rows = rankedComparisons(result).filter((row) => row.arm === arm);
  const confidence = rows.find(({ effect }) => effect !== null)?.effect?.confidence;
  const interval = confidence === undefined ? "" : `(${confidenceWords(confidence)})`;
  const head = ["", "control", plainText(arm, 24), "vs control", interval, ""];
  return aligned([head, ...rows.map((row) => cellsOf(row, notes))]);
}

/**
 * `benchstat.txt`: as Go's benchstat lays it out: a table for each variant, `~` where no difference
 * is shown, what keeps a row from being sure as footnotes, and no colours.
 * Source: golang.org/x/perf/cmd/benchstat.
 */
export const benchstatFormat: ReportFormat = {
  name: "benchstat",
  file: "benchstat.txt",
  render({ result }) {
    const { run } = result;
    const notes = new Footnotes();
    const tables = armsOf(result.comparisons).flatMap((arm) => ["", ...table(result, arm, notes)]);
    const lines = [
      `scenario: ${plainText(run.scenario)}`,
      `profile: ${plainText(run.profile)}`,
      `run: ${run.id}`,
      `cpus: ${run.host.cpus}`,
      `verdict: ${OUTCOME_WORDS[outcomeOf(result)].toLowerCase()}: ${plainText(result.reason)}`,
      ...(tables.length === 0 ? ["", "Nothing was compared."] : tables),
      ...(notes.texts.length === 0 ? [] : [""]),
      ...notes.texts.map((text, index) => `${Footnotes.superscript(index + 1)} ${text}`),
    ];
    return `${lines.join("\n")}\n`;
  },
};
