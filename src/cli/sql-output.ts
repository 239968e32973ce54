import { csvLine, type SqlAnswer, type SqlValue } from "../run/index.ts";

/** JSON as one array with a row a line, which can be read while it is written. */
export async function* jsonPieces({ batches, columns }: SqlAnswer): AsyncGenerator<string> {
  let before = "[\n";
  for await (const rows of batches) {
    let piece = "";
    for (const row of rows) {
      const named = Object.fromEntries(columns.map(({ name }, at) => [name, row[at] ?? null]));
      piece += before + JSON.stringify(named);
      before = ",\n";
    }
    yield piece;
  }
  yield before === "[\n" ? "[]\n" : "\n]\n";
}

const nested = (value: SqlValue): string | number | boolean | null =>
  typeof value === "object" && value !== null ? JSON.stringify(value) : value;

/** CSV as `export` writes it; lists and structures as JSON, no value as nothing. */
export async function* csvAnswer({ batches, columns }: SqlAnswer): AsyncGenerator<string> {
  yield csvLine(columns.map(({ name }) => name));
  for await (const rows of batches) yield rows.map((row) => csvLine(row.map(nested))).join("");
}

const ROUNDED_DIGITS = 6;

/** To six digits, and to a tenth above 100,000; whole numbers as they are. */
function numberText(value: number): string {
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 10 ** (ROUNDED_DIGITS - 1)) return value.toFixed(1);
  return String(Number(value.toPrecision(ROUNDED_DIGITS)));
}

/** A captured route may hold what a terminal would do something about. */
const shown = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (char) =>
    char === "\n" ? "↵" : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );

function cellOf(value: SqlValue): string {
  if (value === null) return "–";
  if (typeof value === "number") return numberText(value);
  return shown(String(nested(value)));
}

const NUMERIC = /INT|DOUBLE|FLOAT|DECIMAL/;
const isNumeric = (type: string): boolean => NUMERIC.test(type) && !/[[(]/.test(type.slice(7));

/**
 * A table in columns as wide as the first rows want them (those that come together, some thousand at
 * most), so that a large answer is shown as it comes. Numbers are rounded to what can be read.
 */
export async function* tablePieces({ batches, columns }: SqlAnswer): AsyncGenerator<string> {
  const names = columns.map(({ name }) => shown(name));
  let widths: number[] | undefined;
  let count = 0;
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, at) => {
        const width = widths?.[at] ?? 0;
        return isNumeric(columns[at]!.type) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd()}\n`;
  const head = (rows: readonly (readonly string[])[]): string => {
    widths = names.map((name, at) =>
      rows.reduce((width, row) => Math.max(width, row[at]!.length), name.length),
    );
    return line(names) + line(widths.map((width) => "─".repeat(width)));
  };
  for await (const batch of batches) {
    const rows = batch.map((row) => row.map(cellOf));
    const before = widths === undefined ? head(rows) : "";
    count += rows.length;
    yield before + rows.map(line).join("");
  }
  if (widths === undefined) yield head([]);
  yield count === 1 ? "1 row\n" : `${count.toLocaleString("en-US")} rows\n`;
}
