import { escapeMarkdown } from "./markdown-cells.ts";
import type { Result } from "./model.ts";
import { SOAK_HEADING, soakParts } from "./soak-words.ts";
import { type Paint, wrapped } from "./text-lines.ts";

/** For a terminal: what soaks showed. */
export function soakLines(result: Result, width: number, paint: Paint): string[] {
  return soakParts(result).flatMap(({ lines, of }) => [
    "",
    paint("dim", `${SOAK_HEADING}: ${of}`),
    ...lines.flatMap(({ mark, text }) => wrapped(`${mark} `, text, width)),
  ]);
}

/** For `report.md`: the same. */
export function soakMarkdown(result: Result): string[] {
  return soakParts(result).flatMap(({ lines, of }) => [
    `### ${escapeMarkdown(`${SOAK_HEADING}: ${of}`)}`,
    "",
    ...lines.map(({ mark, text }) => `- ${mark} ${escapeMarkdown(text, 300)}`),
    "",
  ]);
}
