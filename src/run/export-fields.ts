import { NS_PER_US } from "../core/index.ts";
import type {
  ArmMeta,
  EmulatedCall,
  Observation,
  ObservationTable,
  TcpConnection,
  TcpExchange,
} from "../measure/index.ts";

/** A field of an exported row; null where the row has no such thing. */
export type ExportValue = string | number | boolean | null;

/**
 * A column: its name, its unit last, and what its values are. `integer` is whole, up to 2^53; `time` a
 * text, as ISO 8601 has it.
 */
export interface ExportColumn {
  readonly name: string;
  readonly kind: "text" | "integer" | "number" | "boolean" | "time";
  readonly nullable: boolean;
}

/** A column of a table of such rows: name, kind (`?`: it may be null), and what a row has there. */
export type Field<Row> = readonly [
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

/** A row for each start in each arm. */
export const observationFields = ({ arms, routes, stages }: ObservationTable["meta"]) =>
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

/** A row for each call to an emulated dependency. A call that was sent no status had no first byte. */
export const callFields = ({ arms, dependencies }: ArmMeta) =>
  [
    ["arm", "text", (row) => arms[row.arm] ?? ""],
    ["dependency", "text", (row) => dependencies[row.dependency] ?? ""],
    ["seq", "integer?", (row) => (row.seq < 0 ? null : row.seq)],
    ["attempt", "integer", (row) => row.attempt],
    ["key", "integer", (row) => row.key],
    ["safe", "boolean", (row) => row.safe],
    ["arriveNs", "number", (row) => row.arriveNs],
    [
      "firstByteNs",
      "number?",
      (row) => (row.status === 0 ? null : row.arriveNs + row.givenDelayUs * NS_PER_US),
    ],
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

/** A row for each connection to a TCP dependency. */
export const connectionFields = ({ arms, dependencies }: ArmMeta) =>
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

/** A row for each stretch for which a connection to a TCP dependency was busy. */
export const exchangeFields = ({ arms, dependencies }: ArmMeta) =>
  [
    ["arm", "text", (row) => arms[row.arm] ?? ""],
    ["dependency", "text", (row) => dependencies[row.dependency] ?? ""],
    ["connection", "integer", (row) => row.connection],
    ["upNs", "number", (row) => row.upNs],
    ["downNs", "number?", (row) => row.downNs],
    [
      "busyUs",
      "number?",
      (row) => (row.downNs === null ? null : microseconds(row.downNs - row.upNs)),
    ],
  ] satisfies readonly Field<TcpExchange>[];

/** The columns that such fields make. */
export const columnsOf = (fields: readonly Field<never>[]): readonly ExportColumn[] =>
  fields.map(([name, kind]) => ({
    name,
    kind: kind.replace("?", "") as ExportColumn["kind"],
    nullable: kind.endsWith("?"),
  }));
