import { DROP_REASONS, ERROR_KINDS, type Observation } from "./observation.ts";
import type { Columns } from "./spool-layout.ts";
import { joinSpools, readSpool, type Spool } from "./spool-reader.ts";
import { SpoolWriter } from "./spool-writer.ts";

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
  outcome: "u8",
  /** Of the start lag, in 255ths: what was spent waiting for a connection. */
  connectionWait255: "u8",
  arm: "u8",
  stage: "u8",
} as const;

/** What the header of an observation spool names, so that rows can index into it. */
export interface ObservationMeta {
  readonly arms: readonly string[];
  readonly stages: readonly string[];
  readonly routes: readonly string[];
}

/** An outcome is 0 for a response, else where a list begins plus the place in it. */
const ERRORS_FROM = 1;
const DROPS_FROM = 128;
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
    if (observation.kind === "dropped") this.#writeDropped(observation, row);
    else this.#writeStarted(observation, row);
    this.spool.commit();
  }

  #writeStarted(observation: Exclude<Observation, { kind: "dropped" }>, row: number): void {
    const { columns } = this.spool;
    const { connectionWaitNs, endNs, intendedNs, startNs } = observation;
    const lagNs = startNs - intendedNs;
    columns.startLag100ns[row] = units(lagNs);
    columns.service100ns[row] = units(endNs - startNs);
    columns.connectionWait255[row] =
      lagNs > 0 ? Math.min(Math.round((connectionWaitNs / lagNs) * 255), 255) : 0;
    if (observation.kind === "response") {
      columns.outcome[row] = 0;
      columns.firstByte100ns[row] = units(observation.firstByteNs - startNs);
      columns.status[row] = observation.status;
      columns.bytesIn[row] = Math.min(observation.bytesIn, U32_MAX);
      columns.bytesOut[row] = Math.min(observation.bytesOut, U32_MAX);
    } else {
      columns.outcome[row] = ERRORS_FROM + ERROR_KINDS.indexOf(observation.error);
      this.#clear(row);
    }
  }

  #writeDropped(observation: Extract<Observation, { kind: "dropped" }>, row: number): void {
    const { columns } = this.spool;
    columns.outcome[row] = DROPS_FROM + DROP_REASONS.indexOf(observation.reason);
    columns.startLag100ns[row] = 0;
    columns.connectionWait255[row] = 0;
    this.#clear(row);
    columns.service100ns[row] = observation.count;
  }

  /** Columns are used again: what only responses have must not stay from an earlier row. */
  #clear(row: number): void {
    const { columns } = this.spool;
    columns.firstByte100ns[row] = 0;
    columns.status[row] = 0;
    columns.bytesIn[row] = 0;
    columns.bytesOut[row] = 0;
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
    const outcome = c.outcome[row]!;
    if (outcome >= DROPS_FROM) {
      const reason = DROP_REASONS[outcome - DROPS_FROM]!;
      return { kind: "dropped", ...planned, reason, count: c.service100ns[row]! };
    }
    const lagNs = c.startLag100ns[row]! * UNIT_NS;
    const startNs = intendedNs + lagNs;
    const endNs = startNs + c.service100ns[row]! * UNIT_NS;
    const connectionWaitNs = (lagNs * c.connectionWait255[row]!) / 255;
    if (outcome >= ERRORS_FROM) {
      const error = ERROR_KINDS[outcome - ERRORS_FROM]!;
      return { kind: "error", ...planned, startNs, endNs, connectionWaitNs, error };
    }
    return {
      kind: "response",
      ...planned,
      startNs,
      connectionWaitNs,
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

/**
 * Reads the observations of one run, which each of its workers wrote into a spool of its own: one
 * table, spool after spool.
 * @throws RUN_INVALID, SPOOL_INVALID as `readSpool` does.
 */
export function readObservations(...paths: readonly string[]): ObservationTable {
  return new ObservationTable(
    joinSpools(paths.map((path) => readSpool(path, OBSERVATION_COLUMNS))),
  );
}
