import { cell, escapeMarkdown } from "./markdown-cells.ts";
import type { CheckRow, Result } from "./model.ts";
import { plainText } from "./words.ts";

/* The instrument's own checks. */

/** An instrument check's name, with the variant that it is about where it is about one alone. */
export function checkWords(
  { arm, name }: Pick<CheckRow, "arm" | "name">,
  lengthMax?: number,
): string {
  const shown = plainText(name, lengthMax);
  return arm === undefined ? shown : `${shown}, ${arm}`;
}

/** Those that the verdict suffers from: not those that pass, nor what nobody measured. */
export const troubledChecks = ({ checks }: Pick<Result, "checks">): CheckRow[] =>
  checks.filter(({ status }) => status === "doubt" || status === "fail");

/** `fail` or `doubt`, as one character. */
export const checkMark = ({ status }: Pick<CheckRow, "status">): string =>
  status === "fail" ? "✗" : "?";

export const CHECKS_HEADING = "Instrument checks that did not pass";

/** A list of those that the verdict suffers from; nothing where there is none. */
export function checksMarkdown(result: Result): string[] {
  const rows = troubledChecks(result).map(
    (check) =>
      `- ${checkMark(check)} **${cell(checkWords(check))}**: ${escapeMarkdown(check.summary)}`,
  );
  return rows.length === 0 ? [] : [`### ${CHECKS_HEADING}`, "", ...rows, ""];
}
