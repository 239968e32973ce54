import { createWriteStream, lstatSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { formatCount, messageOf, ShakedownError } from "../core/index.ts";
import {
  csvPieces,
  EXPORTS,
  type ExportSubject,
  openExport,
  parquetPieces,
  RunDirectory,
} from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { oneByOne, type Pieces, piecesToStdout } from "./pieces.ts";

interface ExportArguments {
  readonly run: string;
  readonly what: ExportSubject;
  readonly csv?: boolean;
  readonly parquet?: boolean;
  readonly out?: string;
  readonly force: boolean;
}

/** The file appears whole or not at all: it is written beside its place and renamed. */
async function toFile(out: string, io: CliIo, pieces: Pieces): Promise<void> {
  const unfinished = `${out}.${process.pid}.part`;
  try {
    await pipeline(
      Readable.from(oneByOne(pieces, io.signal)),
      createWriteStream(unfinished, { flush: true }),
      { signal: io.signal },
    );
    await rename(unfinished, out);
  } catch (cause) {
    await rm(unfinished, { force: true });
    io.signal.throwIfAborted();
    throw new ShakedownError("OUTPUT_UNWRITABLE", `cannot write ${out}: ${messageOf(cause)}`, {
      hint: "check that the folder exists and can be written to, or choose another place",
      cause,
    });
  }
}

function checkOutput(out: string, force: boolean): void {
  const there = lstatSync(out, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isFile()) {
    throw new ShakedownError("OUTPUT_UNWRITABLE", `${out} is not a file`, {
      hint: "name a file with --out",
    });
  }
  if (force) return;
  throw new ShakedownError("OUTPUT_UNWRITABLE", `${out} exists already`, {
    hint: "name another file with --out, or replace it with --force",
  });
}

async function exportRun(io: CliIo, given: ExportArguments): Promise<void> {
  const { out } = given;
  const parquet = given.parquet ?? (given.csv !== true && out?.endsWith(".parquet") === true);
  if (parquet && out === undefined) {
    throw new ShakedownError("USAGE", "Parquet is not written to standard output", {
      hint: "name a file: --parquet -o run.parquet",
    });
  }
  if (out !== undefined) checkOutput(out, given.force);
  const table = openExport(new RunDirectory(given.run), given.what);
  const pieces = parquet ? parquetPieces(table) : csvPieces(table);
  if (out === undefined) await piecesToStdout(io, pieces);
  else {
    await toFile(out, io, pieces);
    io.stdout.write(`wrote ${out}: ${formatCount(table.rowCount)} rows\n`);
  }
  if (table.truncated) {
    io.stderr.write(`! the file of ${given.what} is cut or damaged: what stands before is here\n`);
  }
}

export const exportCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("run", { type: "string", demandOption: true, describe: "a run directory" })
      .option("what", {
        choices: EXPORTS,
        default: "observations",
        describe:
          "a row for each start in each arm, for each call to an emulated dependency, or, of TCP " +
          "ones, for each connection or for each stretch for which one was busy",
      })
      .option("csv", {
        type: "boolean",
        describe: "comma-separated values (unless --out names a .parquet file)",
      })
      .option("parquet", { type: "boolean", describe: "Parquet, into a file" })
      .conflicts("csv", "parquet")
      .option("out", {
        alias: "o",
        type: "string",
        describe: "the file to write (standard output unless given)",
      })
      .option("force", { type: "boolean", default: false, describe: "replace the file" })
      .example("$0 export runs/20260101T120000Z-shop-1a2b3c | head", "CSV, columns with units")
      .example(
        "$0 export runs/20260101T120000Z-shop-1a2b3c -o run.parquet",
        "for DuckDB, pandas, …",
      ),
  handler: (given) => exportRun(io, given as unknown as ExportArguments),
});
