import { existsSync } from "node:fs";
import { NS_PER_US, ShakedownError } from "../core/index.ts";
import {
  type CallTable,
  type ConnectionTable,
  type EmulatedCall,
  type Observation,
  type ObservationTable,
  readCalls,
  readConnections,
  readObservations,
  type TcpConnection,
} from "../measure/index.ts";
import { readExperimentFile } from "./experiment-file.ts";
import { readManifest } from "./manifest.ts";
import type { RunDirectory } from "./run-directory.ts";

/** What can be exported of a run. */
export const EXPORTS = ["observations", "calls", "connections"] as const;
export type ExportSubject = (typeof EXPORTS)[number];

/** A field of an exported row; null where the row has no such thing. */
export type ExportValue = string | number | boolean | null;

/** A column: its name, its unit last, and what its values are. `integer` is whole, up to 2^53. */
export interface ExportColumn {
  readonly name: string;
  readonly kind: "text" | "integer" | "number" | "boolean";
  readonly nullable: boolean;
}

/** A table to write, row by row; the values of a row are in the order of the columns. */
export interface ExportTable {
  readonly columns: readonly ExportColumn[];
  readonly rowCount: number;
  /** Set when what was read is cut or damaged: the rows before that are here. */
  readonly truncated: boolean;
  readonly rows: () => Iterable<readonly ExportValue[]>;
}

type Field<Row> = readonly [
  name: string,
  kind: ExportColumn["kind"] | `${ExportColumn["kind"]}?`,
  of: (row: Row) => ExportValue,
];

/** To a nanosecond: the rest is what subtracting two long times left of their last digits. */
const microseconds = (durationNs: number): number => Math.round(durationNs) / NS_PER_US;

type Started = Exclude<Observation, { kind: "dropped" }>;
type Response = Extract<Observation, { kind: "response" }>;
const ofStarted =
  (of: (row: Started) => ExportValue) =>
  (row: Observation): ExportValue =>
    row.kind === "dropped" ? null : of(row);
const ofResponse =
  (of: (row: Response) => ExportValue) =>
  (row: Observation): ExportValue =>
    row.kind === "response" ? of(row) : null;

const observationFields = ({ arms, routes, stages }: ObservationTable["meta"]) =>
  [
    ["arm", "text", (row) => arms[row.arm] ?? ""],
    ["stage", "text", (row) => stages[row.stage] ?? ""],
    ["seq", "integer", (row) => row.seq],
    ["route", "text", (row) => routes[row.route] ?? ""],
    ["kind", "text", (row) => row.kind],
    ["intendedNs", "number", (row) => row.intendedNs],
    ["startNs", "number?", ofStarted((row) => row.startNs)],
    ["firstByteNs", "number?", ofResponse((row) => row.firstByteNs)],
    ["endNs", "number?", ofStarted((row) => row.endNs)],
    ["startLagUs", "number?", ofStarted((row) => microseconds(row.startNs - row.intendedNs))],
    ["connectionWaitUs", "number?", ofStarted((row) => microseconds(row.connectionWaitNs))],
    ["serviceTimeUs", "number?", ofStarted((row) => microseconds(row.endNs - row.startNs))],
    ["responseTimeUs", "number?", ofStarted((row) => microseconds(row.endNs - row.intendedNs))],
    ["status", "integer?", ofResponse((row) => row.status)],
    ["error", "text?", (row) => (row.kind === "error" ? row.error : null)],
    ["dropReason", "text?", (row) => (row.kind === "dropped" ? row.reason : null)],
    ["bytesIn", "integer?", ofResponse((row) => row.bytesIn)],
    ["bytesOut", "integer?", ofResponse((row) => row.bytesOut)],
    ["count", "integer", (row) => (row.kind === "dropped" ? row.count : 1)],
  ] satisfies readonly Field<Observation>[];

const callFields = ({ arms, dependencies }: CallTable["meta"]) =>
  [
    ["arm", "text", (row) => arms[row.arm] ?? ""],
    ["dependency", "text", (row) => dependencies[row.dependency] ?? ""],
    ["seq", "integer?", (row) => (row.seq < 0 ? null : row.seq)],
    ["attempt", "integer", (row) => row.attempt],
    ["key", "integer", (row) => row.key],
    ["safe", "boolean", (row) => row.safe],
    ["arriveNs", "number", (row) => row.arriveNs],
    ["endNs", "number", (row) => row.endNs],
    ["meantDelayUs", "number", (row) => row.meantDelayUs],
    ["givenDelayUs", "number", (row) => row.givenDelayUs],
    ["queuedUs", "number", (row) => row.queuedUs],
    ["requestBytes", "integer", (row) => row.requestBytes],
    ["responseBytes", "integer", (row) => row.responseBytes],
    ["fault", "text?", (row) => (row.fault === "none" ? null : row.fault)],
    ["status", "integer?", (row) => (row.status === 0 ? null : row.status)],
    ["outcome", "text", (row) => row.outcome],
    ["early", "boolean", (row) => row.early],
    ["retryAfterMs", "integer?", (row) => (row.retryAfterMs === 0 ? null : row.retryAfterMs)],
    ["inFlight", "integer", (row) => row.inFlight],
    ["connections", "integer", (row) => row.connections],
    ["connection", "integer", (row) => row.connection],
  ] satisfies readonly Field<EmulatedCall>[];

const connectionFields = ({ arms, dependencies }: ConnectionTable["meta"]) =>
  [
    ["arm", "text", (row) => arms[row.arm] ?? ""],
    ["dependency", "text", (row) => dependencies[row.dependency] ?? ""],
    ["connection", "integer", (row) => row.connection],
    ["outcome", "text", (row) => row.outcome],
    ["closedBy", "text", (row) => row.closedBy],
    ["openNs", "number", (row) => row.openNs],
    ["connectedNs", "number?", (row) => row.connectedNs],
    ["firstUpNs", "number?", (row) => row.firstUpNs],
    ["firstDownNs", "number?", (row) => row.firstDownNs],
    ["lastNs", "number?", (row) => row.lastNs],
    ["closeNs", "number", (row) => row.closeNs],
    ["bytesUp", "integer", (row) => row.bytesUp],
    ["bytesDown", "integer", (row) => row.bytesDown],
  ] satisfies readonly Field<TcpConnection>[];

interface Source<Row> extends Iterable<Row> {
  readonly rows: number;
  readonly truncated: boolean;
}

function tableOf<Row>(source: Source<Row>, fields: readonly Field<Row>[]): ExportTable {
  return {
    columns: fields.map(([name, kind]) => ({
      name,
      kind: kind.replace("?", "") as ExportColumn["kind"],
      nullable: kind.endsWith("?"),
    })),
    rowCount: source.rows,
    truncated: source.truncated,
    rows: function* rows() {
      for (const row of source) yield fields.map(([, , of]) => of(row));
    },
  };
}

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

/**
 * Opens what a run observed, or what its emulator was asked, as a table of named columns. Times are
 * what was measured: an error's too, which a verdict counts with the timeout. The sum of `count` is
 * the number of planned starts.
 * @throws RUN_INVALID, SPOOL_INVALID
 */
function openRun(directory: RunDirectory, subject: ExportSubject): ExportTable {
  const manifest = readManifest(directory);
  if (subject === "observations") {
    const table = readObservations(...directory.observationSpools());
    return tableOf(table, observationFields(table.meta));
  }
  if (subject === "connections") {
    if (!existsSync(directory.connections)) {
      throw new ShakedownError("RUN_INVALID", `${directory.path} holds no TCP connections`, {
        hint: "only a run whose scenario has a dependency with `protocol: tcp` has some",
      });
    }
    const table = readConnections(directory.connections, manifest.emulatorLeadNs);
    return tableOf(table, connectionFields(table.meta));
  }
  if (!existsSync(directory.calls)) {
    throw new ShakedownError("RUN_INVALID", `${directory.path} holds no emulated calls`, {
      hint: "only a run whose scenario names dependencies has some; its observations can be exported",
    });
  }
  const table = readCalls(directory.calls, manifest.emulatorLeadNs);
  return tableOf(table, callFields(table.meta));
}
