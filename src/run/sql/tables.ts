import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { ShakedownError } from "../../core/index.ts";
import { resultSchema } from "../../report/index.ts";
import { EXPORT_COLUMNS, EXPORTS, holdsExport, openExport, type ExportTable } from "../export.ts";
import { columnsOf, type ExportColumn, type ExportValue } from "../export-fields.ts";
import { holdsRun, isSearch, NO_RUN, readResult, runPathsIn } from "../read-runs.ts";
import { RunDirectory } from "../run-directory.ts";
import { RESULT_TABLES, type ResultTable } from "./result-tables.ts";

/** A run that can be asked. `run` is what it is called in the column `run`: its path in the folder. */
export interface AskedRun {
  readonly run: string;
  readonly directory: RunDirectory;
}

/** A table that can be asked. The first column is always `run`. */
export interface SqlTable {
  readonly name: string;
  readonly about: string;
  readonly columns: readonly ExportColumn[];
  /** The rows of a run; `note` is told what of it cannot be read, or not all. */
  readonly rowsOf: (
    asked: AskedRun,
    note: (why: string) => void,
  ) => Iterable<readonly ExportValue[]>;
}

const RUN: ExportColumn = { name: "run", kind: "text", nullable: false };

const ABOUT = {
  observations: "each start in each arm",
  calls: "each call to an emulated dependency",
  connections: "each connection to a TCP dependency",
  exchanges: "each stretch for which such a connection was busy",
} as const;

function resultTable([name, table]: readonly [string, ResultTable]): SqlTable {
  return {
    name,
    about: table.about,
    columns: [RUN, ...columnsOf(table.fields)],
    *rowsOf({ directory, run }, note) {
      const read = readResult(directory.path, resultSchema);
      if (typeof read === "string") {
        note(read);
        return;
      }
      for (const row of table.of({ result: read.result, run })) {
        yield [run, ...table.fields.map(([, , of]) => of(row))];
      }
    },
  };
}

function observedTable(name: (typeof EXPORTS)[number]): SqlTable {
  return {
    name,
    about: ABOUT[name],
    columns: [RUN, ...EXPORT_COLUMNS[name]],
    *rowsOf({ directory, run }, note) {
      if (directory.holdsRuns || !holdsExport(directory, name)) return;
      let table: ExportTable;
      try {
        table = openExport(directory, name);
      } catch (thrown) {
        if (!(thrown instanceof ShakedownError)) throw thrown;
        note(thrown.message);
        return;
      }
      if (table.truncated)
        note(`its file of ${name} is cut or damaged: what stands before is here`);
      else if (!existsSync(directory.file("result.json"))) {
        note("not judged: it goes on, or it was ended; what it observed so far is here");
      }
      for (const row of table.rows()) yield [run, ...row];
    },
  };
}

/** All tables: of results first, then what was observed. */
export const SQL_TABLES: readonly SqlTable[] = [
  ...Object.entries(RESULT_TABLES).map(resultTable),
  ...EXPORTS.map(observedTable),
];

/**
 * The tables that a query names, in any case of letters: those whose name stands in it as a word. One
 * that stands there and means something else is made for nothing.
 */
export function tablesNamedIn(query: string): readonly SqlTable[] {
  const words = new Set(query.toLowerCase().match(/\w+/g));
  return SQL_TABLES.filter(({ name }) => words.has(name));
}

/**
 * The runs of a folder of runs, or a run alone; those of an experiment of several come after it.
 * @throws RUN_INVALID as `runPathsIn` does
 */
export function askedRuns(folder: string, note: (run: string, why: string) => void): AskedRun[] {
  const paths = holdsRun(folder) ? [folder] : runPathsIn(folder);
  return paths.flatMap((path): AskedRun[] => {
    const run = basename(resolve(path));
    if (isSearch(path)) {
      note(run, NO_RUN);
      return [];
    }
    const directory = new RunDirectory(path);
    const all = [{ run, directory }];
    for (let n = 1; existsSync(directory.run(n).path); n++) {
      all.push({ run: `${run}/runs/${n}`, directory: directory.run(n) });
    }
    return all;
  });
}
