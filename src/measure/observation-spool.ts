import type { Observation } from "./observation.ts";
import { ObservationBatch } from "./observation-batch.ts";
import { OBSERVATION_COLUMNS, ObservationReader, putPlanned, UNIT_NS } from "./observation-row.ts";
import type { Rows } from "./rows.ts";
import { eachKept, SpoolBatch } from "./spool-batch.ts";
import { Spool } from "./spool-reader.ts";
import { SpoolWriter } from "./spool-writer.ts";

/** What the header of an observation spool names, so that rows can index into it. */
export interface ObservationMeta {
  readonly arms: readonly string[];
  readonly stages: readonly string[];
  readonly routes: readonly string[];
}

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
    putPlanned(columns, row, observation);
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
      columns.firstByte100ns[row] = units(observation.firstByteNs - startNs);
      columns.status[row] = observation.status;
      columns.bytesIn[row] = Math.min(observation.bytesIn, U32_MAX);
      columns.bytesOut[row] = Math.min(observation.bytesOut, U32_MAX);
    } else {
      this.#clear(row);
    }
  }

  #writeDropped(observation: Extract<Observation, { kind: "dropped" }>, row: number): void {
    const { columns } = this.spool;
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

/** Observations, spool after spool. */
export class ObservationTable implements Rows<Observation, ObservationMeta> {
  readonly meta: ObservationMeta;
  readonly rows: number;
  readonly truncated: boolean;
  readonly #spool: Spool<typeof OBSERVATION_COLUMNS>;

  constructor(spool: Spool<typeof OBSERVATION_COLUMNS>) {
    this.meta = spool.meta as unknown as ObservationMeta;
    this.rows = spool.rows;
    this.truncated = spool.truncated;
    this.#spool = spool;
  }

  each(visit: (observation: Observation) => void): void {
    this.#eachOf(() => true, visit);
  }

  /** Rows that were intended at a moment that is kept. */
  ofMoments(isKept: (intendedNs: number) => boolean): Rows<Observation, ObservationMeta> {
    return {
      meta: this.meta,
      each: (visit) => this.#eachOf(isKept, visit),
      [Symbol.iterator]: () => this[Symbol.iterator]().filter((row) => isKept(row.intendedNs)),
    };
  }

  *[Symbol.iterator](): Generator<Observation> {
    const reader = new ObservationReader();
    for (const { columns, rows } of this.#spool.blocks()) {
      for (let row = 0; row < rows; row++) yield { ...reader.read(columns, row) };
    }
  }

  #eachOf(isKept: (intendedNs: number) => boolean, visit: (row: Observation) => void): void {
    const reader = new ObservationReader();
    for (const batch of this.#spool.batches(new SpoolBatch(OBSERVATION_COLUMNS))) {
      eachKept(batch, "intendedNs", isKept, (columns, row) => visit(reader.read(columns, row)));
    }
  }

  /** Batch after batch, as they were written: one that is filled anew. */
  *batches(): Generator<ObservationBatch, void, undefined> {
    yield* this.#spool.batches(new ObservationBatch());
  }

  /**
   * As `batches`, by when starts were intended: `untilNs` of each says up to when nothing more will
   * come (Infinity of the last). What was collected of that time is whole then, and may be let go.
   */
  *inTime(): Generator<ObservationBatch, void, undefined> {
    yield* this.#spool.ascending("intendedNs", new ObservationBatch());
  }
}

/**
 * Reads the observations of one run, which each of its workers wrote into a spool of its own: one
 * table, spool after spool.
 * @throws RUN_INVALID, SPOOL_INVALID as `Spool` does.
 */
export function readObservations(...paths: readonly string[]): ObservationTable {
  return new ObservationTable(new Spool(paths, OBSERVATION_COLUMNS));
}
