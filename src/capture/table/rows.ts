import type { parse } from "csv-parse/sync";
import { lazily, parseExactJson, ShakedownError } from "../../core/index.ts";
import { Unusable } from "../http-message.ts";
import { jsonElements } from "../json-scan.ts";
import { type Piece, splitPieces } from "../split.ts";

/** One row of a table; an `Unusable` stands where a row could not be read. */
export interface Row {
  readonly line: number;
  /** The text in a column; undefined: the row has none. */
  readonly cells: ((column: string) => string | undefined) | Unusable;
}

const csv = lazily("csv-parse/sync") as () => { readonly parse: typeof parse };

type Delimiter = "," | ";" | "\t" | "|";

/** How the rows of a table are written. */
export type TableShape =
  | { readonly kind: "csv"; readonly delimiter: Delimiter }
  | { readonly kind: "json-lines" }
  | { readonly kind: "json-array" };

const ROW_MAX_BYTES = 2 ** 20;
/** A quoted text that has not ended after so many lines is one whose end was lost. */
const QUOTED_LINES_MAX = 100;
const NEW_LINE = Buffer.from("\n");
const DELIMITERS: readonly Delimiter[] = [",", ";", "\t", "|"];
/** What tables write where they have nothing. */
const NOTHING = new Set(["", "-", "null", "NULL", "NaN", "nan"]);

const present = (text: string | undefined): string | undefined =>
  text === undefined || NOTHING.has(text.trim()) ? undefined : text.trim();

/** From a file's first bytes: JSON by its first bracket, else CSV with its most usual delimiter. */
export function tableShape(head: Buffer): TableShape {
  const text = head
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .trimStart();
  if (text.startsWith("{")) return { kind: "json-lines" };
  if (/^\[\s*[{\]]/.test(text)) return { kind: "json-array" };
  const [line = ""] = text.split("\n", 1);
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length);
  return { kind: "csv", delimiter: DELIMITERS[counts.indexOf(Math.max(...counts))]! };
}

const isOpen = (text: string): boolean => (text.match(/"/g) ?? []).length % 2 === 1;

/** The cells of one record, quotes undone. @throws Unusable */
function cellsOf(text: string, delimiter: Delimiter): string[] {
  if (!text.includes('"')) return text.split(delimiter);
  try {
    return csv().parse(text, { delimiter, relax_column_count: true })[0] ?? [];
  } catch {
    throw new Unusable("the quotes are not those of CSV");
  }
}

interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[] | Unusable;
}

/** Joins lines to records: a quoted text may hold line ends. */
class CsvRecords {
  readonly #delimiter: Delimiter;
  #held: { readonly line: number; readonly text: string }[] = [];
  #open = false;
  #heldChars = 0;

  constructor(delimiter: Delimiter) {
    this.#delimiter = delimiter;
  }

  *take({ bytes, line, oversize }: Piece): Generator<CsvRecord> {
    if (oversize) {
      yield* this.end();
      yield { line, cells: new Unusable("the row is over 1 MiB") };
      return;
    }
    yield* this.#line({ line, text: bytes.toString("utf8").replace(/\r$/, "") });
  }

  *#line(piece: { readonly line: number; readonly text: string }): Generator<CsvRecord> {
    this.#held.push(piece);
    this.#heldChars += piece.text.length;
    if (isOpen(piece.text)) this.#open = !this.#open;
    if (!this.#open) {
      const { line } = this.#held[0]!;
      const text = this.#held.map((one) => one.text).join("\n");
      this.#clear();
      if (text.trim() !== "") yield this.#record(line, text);
    } else if (this.#held.length >= QUOTED_LINES_MAX || this.#heldChars > ROW_MAX_BYTES) {
      yield* this.#giveUp();
    }
  }

  /** The quote on the first of the held lines does not end: that line is lost, not the others. */
  *#giveUp(): Generator<CsvRecord> {
    const [first, ...others] = this.#held;
    this.#clear();
    if (first !== undefined) yield { line: first.line, cells: new Unusable("unterminated quote") };
    for (const piece of others) yield* this.#line(piece);
  }

  *end(): Generator<CsvRecord> {
    while (this.#held.length > 0) yield* this.#giveUp();
  }

  #clear(): void {
    [this.#held, this.#open, this.#heldChars] = [[], false, 0];
  }

  #record(line: number, text: string): CsvRecord {
    try {
      return { line, cells: cellsOf(text, this.#delimiter) };
    } catch (thrown) {
      if (!(thrown instanceof Unusable)) throw thrown;
      return { line, cells: thrown };
    }
  }
}

async function* csvRecords(
  chunks: AsyncIterable<Buffer>,
  delimiter: Delimiter,
): AsyncGenerator<CsvRecord> {
  const records = new CsvRecords(delimiter);
  for await (const piece of splitPieces(chunks, NEW_LINE, ROW_MAX_BYTES)) {
    yield* records.take(piece);
  }
  yield* records.end();
}

const isNumbered = (column: string): boolean => /^#[1-9]\d*$/.test(column);

/**
 * Where each wanted column stands.
 * @throws CAPTURE_INVALID when the table has no such column
 */
function positionsOf(
  header: readonly string[],
  columns: readonly string[],
  fileName: string,
): Map<string, number> {
  const names = header.map((name) => name.replace(/^\ufeff/, "").trim());
  return new Map(
    columns.map((column) => {
      const at = isNumbered(column) ? Number(column.slice(1)) - 1 : names.indexOf(column);
      if (at !== -1) return [column, at];
      const known = names.slice(0, 40).join(", ");
      throw new ShakedownError("CAPTURE_INVALID", `${fileName} has no column ${column}`, {
        hint: `its first row names: ${known}. A table without such a row has columns #1, #2, …`,
      });
    }),
  );
}

async function* csvRows(
  chunks: AsyncIterable<Buffer>,
  {
    columns,
    delimiter,
    fileName,
  }: { columns: readonly string[]; delimiter: Delimiter; fileName: string },
): AsyncGenerator<Row> {
  let positions = columns.every(isNumbered) ? positionsOf([], columns, fileName) : undefined;
  for await (const { line, cells } of csvRecords(chunks, delimiter)) {
    if (cells instanceof Unusable) {
      yield { line, cells };
    } else if (positions === undefined) {
      positions = positionsOf(cells, columns, fileName);
    } else {
      const places = positions;
      yield { line, cells: (column) => present(cells[places.get(column) ?? -1]) };
    }
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A key's value as text: of the key of that name, else of the path that it spells with dots. */
function jsonCell(object: Readonly<Record<string, unknown>>, column: string): string | undefined {
  const value = Object.hasOwn(object, column)
    ? object[column]
    : column
        .split(".")
        .reduce<unknown>(
          (at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined),
          object,
        );
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return present(value);
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

function jsonRow(line: number, bytes: Buffer): Row {
  let value: unknown;
  try {
    value = parseExactJson(bytes.toString("utf8").replace(/^\ufeff/, ""));
  } catch {
    return { line, cells: new Unusable("the row is not JSON") };
  }
  if (!isObject(value)) return { line, cells: new Unusable("the row is not a JSON object") };
  const object = value;
  return { line, cells: (column) => jsonCell(object, column) };
}

async function* jsonLineRows(chunks: AsyncIterable<Buffer>): AsyncGenerator<Row> {
  for await (const { bytes, line, oversize } of splitPieces(chunks, NEW_LINE, ROW_MAX_BYTES)) {
    if (oversize) yield { line, cells: new Unusable("the row is over 1 MiB") };
    else if (bytes.toString("latin1").trim() !== "") yield jsonRow(line, bytes);
  }
}

const ARRAY_REASONS = {
  oversize: "the row is over 1 MiB",
  cut: "the file ends inside the row",
  "not-object": "the row is not a JSON object",
} as const;

async function* jsonArrayRows(chunks: AsyncIterable<Buffer>): AsyncGenerator<Row> {
  for await (const { bytes, line, kind } of jsonElements(chunks, [], ROW_MAX_BYTES)) {
    yield kind === "object"
      ? jsonRow(line, bytes)
      : { line, cells: new Unusable(ARRAY_REASONS[kind]) };
  }
}

/**
 * The rows of a table, streamed: CSV (quoted texts may hold line ends), JSON lines, or one JSON
 * array of objects. A row that cannot be read costs no other.
 * @throws CAPTURE_INVALID when a CSV has no such column
 */
export function tableRows(
  chunks: AsyncIterable<Buffer>,
  shape: TableShape,
  wanted: { readonly columns: readonly string[]; readonly fileName: string },
): AsyncGenerator<Row> {
  switch (shape.kind) {
    case "csv":
      return csvRows(chunks, { ...wanted, delimiter: shape.delimiter });
    case "json-lines":
      return jsonLineRows(chunks);
    case "json-array":
      return jsonArrayRows(chunks);
  }
}
