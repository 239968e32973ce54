import { DROP_REASONS, ERROR_KINDS, type Observation } from "./observation.ts";
import { type Columns, readSpool, type Spool, SpoolWriter } from "./spool.ts";

/** 40 bytes an observation. Deltas are in units of 100 ns, which reach 429 s. */
export const OBSERVATION_COLUMNS = {
  intendedNs: "f64",
  seq: "u32",
  startLag100ns: "u32",
  firstByte100ns: "u32",
  service100ns: "u32",
  bytesIn: "u32",
  bytesOut: "u32",
  route: "u16",
  status: "u16",
  kind: "u8",
  code: "u8",
  arm: "u8",
  stage: "u8",
} as const;

/** What the header of an observation spool names, so that rows can index into it. */
export interface ObservationMeta {
  readonly arms: readonly string[];
  readonly stages: readonly string[];
  readonly routes: readonly string[];
}

const KINDS = ["response", "error", "dropped"] as const;
const UNIT_NS = 100;
const U32_MAX = 2 ** 32 - 1;
const units = (durationNs: number): number =>
  durationNs <= 0 ? 0 : Math.min(Math.round(durationNs / UNIT_NS), U32_MAX);

export class ObservationWriter {
  readonly spool: SpoolWriter<typeof OBSERVATION_COLUMNS>;

  private constructor(spool: SpoolWriter<typeof OBSERVATION_COLUMNS>) {
    this.spool = spool;
  }

  static async create(path: string, meta: ObservationMeta): Promise<ObservationWriter> {
    return new ObservationWriter(await SpoolWriter.create(path, OBSERVATION_COLUMNS, { ...meta }));
  }

  write(observation: Observation): void {
    const { columns, row } = this.spool;
    columns.intendedNs[row] = observation.intendedNs;
    columns.seq[row] = observation.seq;
    columns.route[row] = observation.route;
    columns.arm[row] = observation.arm;
    columns.stage[row] = observation.stage;
    columns.kind[row] = KINDS.indexOf(observation.kind);
    const started = observation.kind !== "dropped";
    columns.startLag100ns[row] = started ? units(observation.startNs - observation.intendedNs) : 0;
    columns.service100ns[row] = started ? units(observation.endNs - observation.startNs) : 0;
    const response = observation.kind === "response";
    columns.firstByte100ns[row] = response
      ? units(observation.firstByteNs - observation.startNs)
      : 0;
    columns.status[row] = response ? observation.status : 0;
    columns.bytesIn[row] = response ? Math.min(observation.bytesIn, U32_MAX) : 0;
    columns.bytesOut[row] = response ? Math.min(observation.bytesOut, U32_MAX) : 0;
    columns.code[row] =
      observation.kind === "error"
        ? ERROR_KINDS.indexOf(observation.error)
        : observation.kind === "dropped"
          ? DROP_REASONS.indexOf(observation.reason)
          : 0;
    this.spool.commit();
  }
}

/** Observations in memory, column by column; `at` gives one as an object. */
export class ObservationTable {
  readonly meta: ObservationMeta;
  readonly rows: number;
  readonly truncated: boolean;
  readonly #columns: Columns<typeof OBSERVATION_COLUMNS>;

  constructor(spool: Spool<typeof OBSERVATION_COLUMNS>) {
    this.meta = spool.meta as unknown as ObservationMeta;
    this.rows = spool.rows;
    this.truncated = spool.truncated;
    this.#columns = spool.columns;
  }

  at(row: number): Observation {
    const c = this.#columns;
    const intendedNs = c.intendedNs[row]!;
    const planned = {
      arm: c.arm[row]!,
      stage: c.stage[row]!,
      seq: c.seq[row]!,
      route: c.route[row]!,
      intendedNs,
    };
    const kind = KINDS[c.kind[row]!] ?? "dropped";
    if (kind === "dropped") return { kind, ...planned, reason: DROP_REASONS[c.code[row]!]! };
    const startNs = intendedNs + c.startLag100ns[row]! * UNIT_NS;
    const endNs = startNs + c.service100ns[row]! * UNIT_NS;
    if (kind === "error") {
      return { kind, ...planned, startNs, endNs, error: ERROR_KINDS[c.code[row]!]! };
    }
    return {
      kind,
      ...planned,
      startNs,
      firstByteNs: startNs + c.firstByte100ns[row]! * UNIT_NS,
      endNs,
      status: c.status[row]!,
      bytesIn: c.bytesIn[row]!,
      bytesOut: c.bytesOut[row]!,
    };
  }

  *[Symbol.iterator](): Generator<Observation> {
    for (let row = 0; row < this.rows; row++) yield this.at(row);
  }
}

/** @throws RUN_INVALID, SPOOL_INVALID as `readSpool` does. */
export function readObservations(path: string): ObservationTable {
  return new ObservationTable(readSpool(path, OBSERVATION_COLUMNS));
}
