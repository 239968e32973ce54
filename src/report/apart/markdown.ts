import { Footnotes } from "../footnotes.ts";
import { cell, escapeMarkdown, row } from "../markdown-cells.ts";
import { OUTCOME_WORDS } from "../words.ts";
import type { ApartReport, ApartSide } from "./model.ts";
import { type ApartTable, apartTables, differenceWords, noiseWords, sideWords } from "./words.ts";

const MARKS = { ship: "✅", hold: "⏸️", "roll-back": "⛔" } as const;

const sideLine = (what: string, side: ApartSide): string =>
  `- ${what}: ${escapeMarkdown(side.name)} (${escapeMarkdown(sideWords(side))})`;

function tableLines({ interval, lines, title }: ApartTable): string[] {
  const judged = lines.some(({ status }) => status !== "");
  const more = judged ? ["Margin", "Status"] : [""];
  const body = lines.map((line) => {
    const change = line.change === "~" ? String.raw`\~` : line.change;
    const last = judged ? [line.margin, `${line.status} ${line.notes}`.trim()] : [line.notes];
    const cells = [cell(line.metric), cell(line.stage), line.before, line.after];
    return row([...cells, change, line.interval, ...last]);
  });
  return [
    `### ${escapeMarkdown(title)}`,
    "",
    row(["Metric", "Stage", "Before", "After", "Change", interval, ...more]),
    row(["---", "---", "---:", "---:", "---:", ":---:", ...(judged ? ["---:", "---"] : ["---"])]),
    ...body,
    "",
  ];
}

/** The same as `apartText`, for a pull request. Ends with a line feed. */
export function apartMarkdown(report: ApartReport): string {
  const { after, before, differences, verdict, warnings } = report;
  const notes = new Footnotes();
  const tables = apartTables(report, notes).flatMap(tableLines);
  for (const warning of warnings) notes.mark(warning);
  const head =
    verdict === null
      ? ["## Two runs compared", ""]
      : [
          `## ${MARKS[verdict.decision]} ${OUTCOME_WORDS[verdict.decision]}: ${escapeMarkdown(verdict.reason)}`,
          "",
          ...(verdict.needs === undefined
            ? []
            : [`**Next step:** ${escapeMarkdown(verdict.needs)}`, ""]),
        ];
  const told = differences.map((each) => {
    const words = escapeMarkdown(differenceWords(each), 300);
    return each.measures ? `- **${words}**` : `- ${words}`;
  });
  const lines = [
    ...head,
    ...before.map((side) => sideLine("Before", side)),
    sideLine("After", after),
    "",
    ...(told.length === 0 ? ["Nothing else differs.", ""] : ["What differs:", "", ...told, ""]),
    ...(noiseWords(report) === "" ? [] : [escapeMarkdown(noiseWords(report)), ""]),
    ...tables,
    ...notes.texts.map(
      (text, index) => `${Footnotes.superscript(index + 1)} ${escapeMarkdown(text)}  `,
    ),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}
