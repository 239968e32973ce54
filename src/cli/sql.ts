import { ShakedownError } from "../core/index.ts";
import { querySql, SQL_TABLES, type SqlAnswer } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { piecesToStdout } from "./pieces.ts";
import { csvAnswer, jsonPieces, tablePieces } from "./sql-output.ts";
import { wrapped } from "./text-layout.ts";

interface SqlArguments {
  readonly folder: string;
  readonly query?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** What a line of column names takes, beside the name of its table. */
const COLUMNS_WIDTH = 80;

/** How many runs are named of which something is missing; more are counted. */
const NAMED = 10;

function tellUnread(io: CliIo, { unread }: SqlAnswer): void {
  for (const { run, why } of unread.slice(0, NAMED)) io.stderr.write(`! ${run}: ${why}\n`);
  const more = unread.length - NAMED;
  if (more > 0) io.stderr.write(`! and ${more} more, of which not everything is there either\n`);
}

/** Tables and columns, for who does not know them yet. */
function tablesText(folder: string): string {
  const wide = Math.max(...SQL_TABLES.map(({ name }) => name.length));
  const tables = SQL_TABLES.flatMap(({ about, columns, name }) => [
    `${name.padEnd(wide)}  ${about}`,
    ...wrapped(columns.map((column) => column.name).join(", "), COLUMNS_WIDTH).map(
      (line) => `${" ".repeat(wide)}  ${line}`,
    ),
  ]);
  return [
    ...tables,
    "",
    `ask: shakedown sql ${folder} "select scenario, decision, count(*) from runs group by all"`,
    "",
  ].join("\n");
}

async function sql(io: CliIo, { csv, folder, json, query }: SqlArguments): Promise<void> {
  if (query === undefined) {
    io.stdout.write(tablesText(folder));
    return;
  }
  if (query.trim() === "") {
    throw new ShakedownError("USAGE", "the query is empty", {
      hint: "without one, tables and their columns are shown",
    });
  }
  await querySql({ folder, query, signal: io.signal }, async (answer) => {
    tellUnread(io, answer);
    const pieces = json === true ? jsonPieces : csv === true ? csvAnswer : tablePieces;
    await piecesToStdout(io, pieces(answer));
  });
}

export const sqlCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("folder", {
        type: "string",
        demandOption: true,
        describe: "a folder of runs, or a run directory",
      })
      .positional("query", {
        type: "string",
        describe: "SQL as DuckDB has it; without it, tables and their columns are shown",
      })
      .option("json", { type: "boolean", describe: "an array, a row a line" })
      .option("csv", { type: "boolean", describe: "comma-separated values" })
      .conflicts("json", "csv")
      .example('$0 sql runs "from runs"', "every run that was judged")
      .example('$0 sql runs "describe calls"', "what the columns of a table are"),
  handler: (given) => sql(io, given as unknown as SqlArguments),
});
