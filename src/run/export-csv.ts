import type { ExportTable } from "./export.ts";
import type { ExportValue } from "./export-fields.ts";

const PIECE_CHARS = 65_536;

/** Quoted when it must be, quotes in it doubled. Source: RFC 4180, section 2. */
function fieldOf(value: ExportValue): string {
  if (value === null) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A row as a line of CSV. */
export const csvLine = (values: readonly ExportValue[]): string =>
  `${values.map(fieldOf).join(",")}\n`;

/**
 * A table as CSV, in pieces of about 64 KiB: a row of names, then the rows. Fields are quoted as RFC
 * 4180 says; lines end with a line feed, as most tools want it; what a row does not have is empty.
 */
export function* csvPieces(table: ExportTable): Generator<string> {
  let piece = csvLine(table.columns.map(({ name }) => name));
  for (const values of table.rows()) {
    piece += csvLine(values);
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
