import { existsSync } from "node:fs";
import { ShakedownError } from "../core/index.ts";
import {
  readCalls,
  readConnections,
  readExchanges,
  readObservations,
  type ArmMeta,
} from "../measure/index.ts";
import { readExperimentFile } from "./experiment-file.ts";
import {
  callFields,
  columnsOf,
  connectionFields,
  exchangeFields,
  type ExportColumn,
  type ExportValue,
  type Field,
  observationFields,
} from "./export-fields.ts";
import { readManifest } from "./manifest.ts";
import type { RunDirectory } from "./run-directory.ts";

/** What can be exported of a run. */
export const EXPORTS = ["observations", "calls", "connections", "exchanges"] as const;
export type ExportSubject = (typeof EXPORTS)[number];

/** A table to write, row by row; the values of a row are in the order of the columns. */
export interface ExportTable {
  readonly columns: readonly ExportColumn[];
  readonly rowCount: number;
  /** Set when what was read is cut or damaged: the rows before that are here. */
  readonly truncated: boolean;
  readonly rows: () => Iterable<readonly ExportValue[]>;
}

interface Source<Row> extends Iterable<Row> {
  readonly rows: number;
  readonly truncated: boolean;
}

function tableOf<Row>(source: Source<Row>, fields: readonly Field<Row>[]): ExportTable {
  return {
    columns: columnsOf(fields),
    rowCount: source.rows,
    truncated: source.truncated,
    rows: function* rows() {
      for (const row of source) yield fields.map(([, , of]) => of(row));
    },
  };
}

const NO_ARMS: ArmMeta = { arms: [], dependencies: [] };

/** The columns of what can be exported, the same for every run. */
export const EXPORT_COLUMNS: Readonly<Record<ExportSubject, readonly ExportColumn[]>> = {
  observations: columnsOf(observationFields({ arms: [], routes: [], stages: [] })),
  calls: columnsOf(callFields(NO_ARMS)),
  connections: columnsOf(connectionFields(NO_ARMS)),
  exchanges: columnsOf(exchangeFields(NO_ARMS)),
};

/** The tables of several runs as one, with the run (from 1) in a column before the others. */
function joined(
  tables: readonly { readonly run: number; readonly table: ExportTable }[],
): ExportTable {
  const [first] = tables;
  const columns = first?.table.columns ?? [];
  return {
    columns: [{ name: "run", kind: "integer", nullable: false }, ...columns],
    rowCount: tables.reduce((sum, { table }) => sum + table.rowCount, 0),
    truncated: tables.some(({ table }) => table.truncated),
    rows: function* rows() {
      for (const { run, table } of tables) {
        for (const row of table.rows()) yield [run, ...row];
      }
    },
  };
}

/**
 * Opens what a run observed, or what its emulator was asked, as a table of named columns; of an
 * experiment of several runs, what all of them did. See `openRun`.
 * @throws RUN_INVALID, SPOOL_INVALID
 */
export function openExport(directory: RunDirectory, subject: ExportSubject): ExportTable {
  if (!directory.holdsRuns) return openRun(directory, subject);
  const planned = Array.from({ length: readExperimentFile(directory).runs }, (_, i) => i + 1);
  const begun = planned.filter((run) => existsSync(directory.run(run).file("manifest.json")));
  return joined(begun.map((run) => ({ run, table: openRun(directory.run(run), subject) })));
}

/** Whether a run has such a table: what its scenario has no dependency for is not there. */
export const holdsExport = (directory: RunDirectory, subject: ExportSubject): boolean =>
  subject === "observations" || existsSync(directory[subject]);

const TCP_HINT = "only a run whose scenario has a dependency with `protocol: tcp` has some";
const NOT_THERE: Readonly<
  Record<Exclude<ExportSubject, "observations">, readonly [string, string]>
> = {
  calls: [
    "emulated calls",
    "only a run whose scenario names dependencies has some; its observations can be exported",
  ],
  connections: ["TCP connections", TCP_HINT],
  exchanges: ["exchanges on TCP connections", TCP_HINT],
};

/**
 * Opens what a run observed, or what its emulator was asked, as a table of named columns. Times are
 * what was measured: an error's too, which a verdict counts with the timeout. The sum of `count` is
 * the number of planned starts.
 * @throws RUN_INVALID, SPOOL_INVALID
 */
function openRun(directory: RunDirectory, subject: ExportSubject): ExportTable {
  const { emulatorLeadNs } = readManifest(directory);
  if (subject === "observations") {
    const table = readObservations(...directory.observationSpools());
    return tableOf(table, observationFields(table.meta));
  }
  if (!holdsExport(directory, subject)) {
    const [what, hint] = NOT_THERE[subject];
    throw new ShakedownError("RUN_INVALID", `${directory.path} holds no ${what}`, { hint });
  }
  if (subject === "calls") {
    const table = readCalls(directory.callSpools(), emulatorLeadNs);
    return tableOf(table, callFields(table.meta));
  }
  if (subject === "connections") {
    const table = readConnections(directory.connections, emulatorLeadNs);
    return tableOf(table, connectionFields(table.meta));
  }
  const table = readExchanges(directory.exchanges, emulatorLeadNs);
  return tableOf(table, exchangeFields(table.meta));
}
