import { styleText } from "node:util";
import { Footnotes } from "../footnotes.ts";
import { type Paint, wrapped } from "../text-lines.ts";
import { OUTCOME_WORDS, plainText } from "../words.ts";
import type { ApartReport } from "./model.ts";
import { type ApartLine, apartTables, differenceWords, noiseWords, sideWords } from "./words.ts";
import { STATUS_MARKS } from "../marks.ts";

const DECIDED = { ship: "green", hold: "yellow", "roll-back": "red" } as const;
const DIFFERENCES_MAX = 12;

function cellsOf(line: ApartLine): readonly string[] {
  const { after, before, change, interval, margin, metric, notes, row, stage, status } = line;
  const mark = row.status === null ? " " : STATUS_MARKS[row.status];
  const range = row.effect === null ? "" : `(${interval})`;
  const said = `${status} ${notes}`.trim();
  const name = `${mark} ${plainText(metric, 48)}`;
  return [name, plainText(stage, 24), before, after, change, range, margin, said];
}

const LEFT = new Set([0, 1, 5, 7]);

/** Aligned columns; where the terminal is too narrow, two lines for each row. */
function tableLines(head: readonly string[], body: readonly (readonly string[])[], width: number) {
  const widths = head.map((text, column) =>
    Math.max(text.length, ...body.map((cells) => cells[column]?.length ?? 0)),
  );
  const align = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        LEFT.has(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .filter((_, column) => widths[column]! > 0)
      .join("  ")
      .trimEnd();
  const wide = [head, ...body].map(align);
  if (wide.every((line) => line.length <= width)) return wide;
  return body.flatMap(([name = "", stage, before, after, change, range, margin, said]) => [
    ...wrapped(name.slice(0, 2), `${name.slice(2)}, ${stage}: ${said}`.replace(/: $/, ""), width),
    ...wrapped(
      "  ",
      [`${before} → ${after} `, change, range, margin === "" ? "" : ` margin ${margin}`].join(" "),
      width,
    ),
  ]);
}

/**
 * What a terminal shows of runs that were done apart: the verdict where there is one, what they are and
 * in what they differ, then metric by metric, with notes. Ends with a line feed.
 */
export function apartText(
  report: ApartReport,
  options: { readonly color: boolean; readonly width: number },
): string {
  const width = Math.max(40, options.width);
  const paint: Paint = (format, text) =>
    options.color ? styleText(format, text, { validateStream: false }) : text;
  const { after, before, differences, verdict, warnings } = report;
  const notes = new Footnotes();
  const lines: string[] = [];
  if (verdict !== null) {
    const word = OUTCOME_WORDS[verdict.decision].toUpperCase();
    const [first = "", ...rest] = wrapped(`${word}  `, verdict.reason, width);
    lines.push(
      paint(["bold", DECIDED[verdict.decision]], word) + first.slice(word.length),
      ...rest,
    );
    if (verdict.needs !== undefined) lines.push(...wrapped("Needs: ", verdict.needs, width));
    lines.push("");
  }
  for (const side of before) {
    lines.push(...wrapped("before  ", `${side.name} (${sideWords(side)})`, width));
  }
  lines.push(...wrapped("after   ", `${after.name} (${sideWords(after)})`, width));
  lines.push("", paint("dim", differences.length === 0 ? "Nothing else differs" : "What differs"));
  for (const difference of differences.slice(0, DIFFERENCES_MAX)) {
    lines.push(...wrapped(difference.measures ? "! " : "  ", differenceWords(difference), width));
  }
  const left = differences.length - DIFFERENCES_MAX;
  if (left > 0) lines.push(`  and ${left} more, in the JSON`);
  if (noiseWords(report) !== "") lines.push(...wrapped("", noiseWords(report), width));
  for (const { interval, lines: rows, title } of apartTables(report, notes)) {
    lines.push("", paint("bold", plainText(title)));
    const margin = rows.some((row) => row.margin !== "") ? "margin" : "";
    const head = ["  metric", "stage", "before", "after", "change", `(${interval})`, margin, ""];
    const [first = "", ...others] = tableLines(head, rows.map(cellsOf), width);
    lines.push(paint("dim", first), ...others);
  }
  for (const warning of warnings) notes.mark(warning);
  if (notes.texts.length > 0) lines.push("");
  for (const [index, text] of notes.texts.entries()) {
    const marked = wrapped(`${Footnotes.superscript(index + 1)} `, text, width);
    lines.push(...marked.map((line) => paint("dim", line)));
  }
  return `${lines.join("\n")}\n`;
}
