import type * as DuckDb from "@duckdb/node-api";
import { setImmediate } from "node:timers/promises";
import type { ExportColumn, ExportValue } from "../export-fields.ts";
import type { SqlTable } from "./tables.ts";

/** As many as DuckDB takes at once. */
const ROWS_PER_CHUNK = 2_048;

/** Texts as numbers, from 1, in the order in which they were first seen: there are few, many times. */
class Texts {
  readonly #codes = new Map<string, number>();

  codeOf(text: string): number {
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    this.#codes.set(text, this.#codes.size + 1);
    return this.#codes.size;
  }

  get all(): IterableIterator<string> {
    return this.#codes.keys();
  }
}

/** A value as a number; no value is none. */
function numberOf(value: ExportValue, texts: Texts): number {
  if (typeof value === "number") return value;
  if (value === null) return NaN;
  return typeof value === "string" ? texts.codeOf(value) : Number(value);
}

/** What reads a column again: its kind, from the number that stands for it. */
function readAgain({ kind, name, nullable }: ExportColumn, texts: string): string {
  const value = nullable ? `case when isnan("${name}") then null else "${name}" end` : `"${name}"`;
  if (kind === "number") return `${value} as "${name}"`;
  const cast = kind === "boolean" ? `(${value})::boolean` : `(${value})::bigint`;
  if (kind === "time") return `${texts}[${cast}]::timestamptz as "${name}"`;
  return `${kind === "text" ? `${texts}[${cast}]` : cast} as "${name}"`;
}

/**
 * Makes a table of rows, which the query then sees as a view. All values go in as doubles, texts by
 * their place in a list: a value by itself takes ten times as long, which tells with millions of rows.
 */
export class TableFiller {
  readonly #duckDb: typeof DuckDb;
  readonly #connection: DuckDb.DuckDBConnection;
  readonly #table: SqlTable;
  readonly #texts = new Texts();
  readonly #raw: string;
  readonly #columns: readonly number[][];
  #count = 0;

  constructor(duckDb: typeof DuckDb, connection: DuckDb.DuckDBConnection, table: SqlTable) {
    this.#duckDb = duckDb;
    this.#connection = connection;
    this.#table = table;
    this.#raw = `raw_${table.name}`;
    this.#columns = table.columns.map(() => Array.from({ length: ROWS_PER_CHUNK }, () => NaN));
  }

  /** Fills the table and makes its view. An interrupt is heard between chunks. */
  async fill(rows: Iterable<readonly ExportValue[]>, signal: AbortSignal): Promise<void> {
    const columns = this.#table.columns.map(({ name }) => `"${name}" double`);
    await this.#connection.run(`create table ${this.#raw} (${columns.join(", ")})`);
    const appender = await this.#connection.createAppender(this.#raw);
    for (const row of rows) {
      for (let at = 0; at < this.#columns.length; at++) {
        this.#columns[at]![this.#count] = numberOf(row[at] ?? null, this.#texts);
      }
      if (++this.#count < ROWS_PER_CHUNK) continue;
      this.#flush(appender);
      // oxlint-disable-next-line no-await-in-loop -- making rows takes the whole thread
      await setImmediate();
      signal.throwIfAborted();
    }
    this.#flush(appender);
    appender.closeSync();
    await this.#makeView();
  }

  #flush(appender: DuckDb.DuckDBAppender): void {
    const count = this.#count;
    if (count === 0) return;
    const { DOUBLE, DuckDBDataChunk } = this.#duckDb;
    const chunk = DuckDBDataChunk.create(
      this.#columns.map(() => DOUBLE),
      count,
    );
    const whole = count === ROWS_PER_CHUNK;
    chunk.setColumns(whole ? this.#columns : this.#columns.map((column) => column.slice(0, count)));
    appender.appendDataChunk(chunk);
    this.#count = 0;
  }

  async #makeView(): Promise<void> {
    const connection = this.#connection;
    const texts = `texts_${this.#table.name}`;
    await connection.run(`create table ${texts} (code integer, text varchar)`);
    const appender = await connection.createAppender(texts);
    let code = 0;
    for (const text of this.#texts.all) {
      appender.appendInteger(++code);
      appender.appendVarchar(text);
      appender.endRow();
    }
    appender.closeSync();
    await connection.run(
      `set variable ${texts} = (select coalesce(list(text order by code), []::varchar[]) from ${texts})`,
    );
    const columns = this.#table.columns.map((column) =>
      readAgain(column, `getvariable('${texts}')`),
    );
    await connection.run(
      `create view ${this.#table.name} as select ${columns.join(", ")} from ${this.#raw}`,
    );
  }
}
