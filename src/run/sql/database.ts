import type * as DuckDb from "@duckdb/node-api";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, ShakedownError } from "../../core/index.ts";
import { TableFiller } from "./fill.ts";
import { askedRuns, type AskedRun, type SqlTable, tablesNamedIn } from "./tables.ts";

/** What a query gives: names and DuckDB's types of its columns, and rows, so many as come together. */
export interface SqlAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly batches: AsyncIterable<readonly (readonly SqlValue[])[]>;
  /** Runs of which nothing, or not all, is in the tables that were asked, and why. */
  readonly unread: readonly { readonly run: string; readonly why: string }[];
}

/**
 * A value as JSON has it. Whole numbers beyond 2^53 and what JSON has no number for (`NaN`) are text,
 * as are dates and times.
 */
export type SqlValue =
  | string
  | number
  | boolean
  | null
  | readonly SqlValue[]
  | { readonly [key: string]: SqlValue };

export interface SqlQuestion {
  /** A run directory, or a folder of them. */
  readonly folder: string;
  readonly query: string;
  readonly signal: AbortSignal;
}

async function loadDuckDb(): Promise<typeof DuckDb> {
  try {
    return await import("@duckdb/node-api");
  } catch (cause) {
    throw new ShakedownError("TOOL_MISSING", `DuckDB cannot be loaded: ${messageOf(cause)}`, {
      hint: "it is an optional dependency: npm install @duckdb/node-api, or export and use a tool of your own",
      cause,
    });
  }
}

/** What DuckDB says of a query, unless it was interrupted. */
function refused(cause: unknown, signal: AbortSignal): Error {
  if (signal.aborted) return signal.reason as Error;
  const said = messageOf(cause).replace("Failed to extract statements: ", "").trimEnd();
  return new ShakedownError("QUERY_INVALID", said, {
    hint: "tables and their columns: shakedown sql <folder>, without a query",
    cause,
  });
}

type Note = (run: string, why: string) => void;

/** A table of all runs, run after run. */
function* rowsOf(table: SqlTable, runs: readonly AskedRun[], note: Note) {
  for (const asked of runs) yield* table.rowsOf(asked, (why) => note(asked.run, why));
}

/** From here on a query sees the views and what they read, and can change nothing of this machine. */
const LOCKED = [
  "set timezone = 'UTC'",
  "set enable_external_access = false",
  "set lock_configuration = true",
];

async function prepare(
  { connection, duckDb }: Opened,
  { query, signal }: SqlQuestion,
  read: { readonly runs: readonly AskedRun[]; readonly note: Note },
): Promise<void> {
  for (const table of tablesNamedIn(query)) {
    const filler = new TableFiller(duckDb, connection, table);
    // oxlint-disable-next-line no-await-in-loop -- making rows takes the whole thread
    await filler.fill(rowsOf(table, read.runs, read.note), signal);
  }
  for (const statement of LOCKED) {
    // oxlint-disable-next-line no-await-in-loop -- the order matters
    await connection.run(statement);
  }
}

const WIDE = /^(?:U?BIGINT|U?HUGEINT)$/;

/** Whole numbers that a double holds exactly, and decimals, as numbers: DuckDB gives them as text. */
function plain(type: string, value: SqlValue): SqlValue {
  if (typeof value !== "string") return value;
  if (type.startsWith("DECIMAL(")) return Number(value);
  return WIDE.test(type) && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

async function answer(
  connection: DuckDb.DuckDBConnection,
  { query, signal }: SqlQuestion,
  unread: SqlAnswer["unread"],
): Promise<SqlAnswer> {
  try {
    const result = await connection.stream(query);
    const columns = result
      .deduplicatedColumnNames()
      .map((name, at) => ({ name, type: String(result.columnType(at)) }));
    const batches = async function* batches() {
      try {
        for await (const rows of result.yieldRowsJson()) {
          yield rows.map((row) => row.map((value, at) => plain(columns[at]!.type, value)));
        }
        signal.throwIfAborted();
      } catch (cause) {
        throw refused(cause, signal);
      }
    };
    return { columns, batches: batches(), unread };
  } catch (cause) {
    throw refused(cause, signal);
  }
}

interface Opened {
  readonly duckDb: typeof DuckDb;
  readonly connection: DuckDb.DuckDBConnection;
}

/** Opens a database in a folder, from which nothing is fetched that DuckDB does not have. */
async function withDatabase(
  folder: string,
  signal: AbortSignal,
  use: (opened: Opened) => Promise<void>,
): Promise<void> {
  const duckDb = await loadDuckDb();
  const instance = await duckDb.DuckDBInstance.create(join(folder, "runs.duckdb"), {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  const interrupt = (): void => connection.interrupt();
  signal.addEventListener("abort", interrupt);
  try {
    await use({ connection, duckDb });
  } finally {
    signal.removeEventListener("abort", interrupt);
    connection.closeSync();
    instance.closeSync();
  }
}

/**
 * Asks runs in SQL, DuckDB's. Tables that the query names are made of the runs' files, in a
 * temporary folder, and are gone when `use` has returned; the query sees nothing else of the machine,
 * and can write nothing to it.
 * @throws QUERY_INVALID with DuckDB's own message, RUN_INVALID, TOOL_MISSING
 */
export async function querySql(
  question: SqlQuestion,
  use: (answer: SqlAnswer) => Promise<void>,
): Promise<void> {
  const unread: { run: string; why: string }[] = [];
  const note: Note = (run, why) => {
    if (!unread.some((known) => known.run === run)) unread.push({ run, why });
  };
  const runs = askedRuns(question.folder, note);
  const scratch = mkdtempSync(join(tmpdir(), "shakedown-sql-"));
  try {
    await withDatabase(scratch, question.signal, async (opened) => {
      await prepare(opened, question, { runs, note });
      await use(await answer(opened.connection, question, unread));
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
