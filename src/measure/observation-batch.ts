import { NS_PER_US } from "../core/index.ts";
import { bucketOf } from "./hdr-layout.ts";
import {
  DROP_REASONS,
  type DropReason,
  ERROR_KINDS,
  type ErrorKind,
  type Observation,
} from "./observation.ts";
import {
  connectionWaitNsOf,
  DROPS_FROM,
  endNsOf,
  ERRORS_FROM,
  OBSERVATION_COLUMNS,
  putPlanned,
  startNsOf,
} from "./observation-row.ts";
import { allocate, type Columns } from "./spool-layout.ts";

/**
 * So many rows a batch may have: what a pass fills by turns, such as the histograms of a hundred routes,
 * should each get many values at once, since to come back to one for a few takes several times as long.
 */
export const BATCH_ROWS = 1 << 13;

type ObservationColumns = Columns<typeof OBSERVATION_COLUMNS>;

/** In which histogram buckets a batch's start lags are, and the parts of them; of a dropped start, any. */
export interface LagBuckets {
  readonly startLag: Uint16Array;
  readonly connectionWait: Uint16Array;
  /** As `generatorLagUs` gives it. */
  readonly generatorLag: Uint16Array;
}

/** A column of buckets, filled when it is first asked for; `with`: what it was filled with, null: not. */
class TimeBuckets {
  readonly column = new Uint16Array(BATCH_ROWS);
  with: number | null = null;
}

/**
 * Observations column by column, up to `BATCH_ROWS` of them: what a pass over millions goes through,
 * since an object for each is what takes longest. A row is a place from 0 to `rows`; its columns say
 * what an `Observation` of it would, in the same units. All of it is filled anew for the next batch.
 */
export class ObservationBatch {
  /** How many there are; what stands behind them in a column means nothing. */
  rows = 0;
  /** No later batch has a start that was intended before this, where they come in time; else −Infinity. */
  untilNs = -Infinity;
  /** As the spool has them: what responses and dropped starts alone have means nothing of others. */
  readonly columns: ObservationColumns = allocate(OBSERVATION_COLUMNS, BATCH_ROWS);
  /** Of rows that were started; of others, any number. */
  readonly startNs = new Float64Array(BATCH_ROWS);
  readonly endNs = new Float64Array(BATCH_ROWS);
  readonly connectionWaitNs = new Float64Array(BATCH_ROWS);
  readonly #response = new TimeBuckets();
  readonly #service = new TimeBuckets();
  readonly #lags: LagBuckets = {
    startLag: new Uint16Array(BATCH_ROWS),
    connectionWait: new Uint16Array(BATCH_ROWS),
    generatorLag: new Uint16Array(BATCH_ROWS),
  };
  #hasLags = false;

  /** Whether so many more rows have room. */
  hasRoom(rows: number): boolean {
    return this.rows + rows <= BATCH_ROWS;
  }

  /** Takes rows as they stand in a spool. */
  append(columns: ObservationColumns, rows: number): void {
    for (const [name, values] of Object.entries(columns)) {
      this.columns[name as keyof ObservationColumns].set(values, this.rows);
    }
    const end = this.rows + rows;
    for (let row = this.rows; row < end; row++) {
      this.startNs[row] = startNsOf(this.columns, row);
      this.endNs[row] = endNsOf(this.columns, row);
      this.connectionWaitNs[row] = connectionWaitNsOf(this.columns, row);
    }
    this.rows = end;
    this.#forgetBuckets();
  }

  /** Takes another row. */
  push(observation: Observation): void {
    const { columns: c, rows: row } = this;
    this.rows++;
    this.#forgetBuckets();
    putPlanned(c, row, observation);
    if (observation.kind === "dropped") {
      c.service100ns[row] = observation.count;
      return;
    }
    this.startNs[row] = observation.startNs;
    this.endNs[row] = observation.endNs;
    this.connectionWaitNs[row] = observation.connectionWaitNs;
    if (observation.kind === "error") return;
    c.status[row] = observation.status;
    c.bytesOut[row] = observation.bytesOut;
  }

  clear(): void {
    this.rows = 0;
    this.#forgetBuckets();
  }

  isResponse(row: number): boolean {
    return this.columns.outcome[row]! < ERRORS_FROM;
  }

  isDropped(row: number): boolean {
    return this.columns.outcome[row]! >= DROPS_FROM;
  }

  /** As `isFailure`, of a row that was started. */
  isFailure(row: number): boolean {
    return !this.isResponse(row) || this.columns.status[row]! >= 500;
  }

  /** How many starts a row stands for. */
  countAt(row: number): number {
    return this.isDropped(row) ? this.columns.service100ns[row]! : 1;
  }

  /** Why nothing was answered, or started: of a row that is no response. */
  reasonAt(row: number): DropReason | ErrorKind {
    const outcome = this.columns.outcome[row]!;
    if (outcome >= DROPS_FROM) return DROP_REASONS[outcome - DROPS_FROM]!;
    return ERROR_KINDS[outcome - ERRORS_FROM]!;
  }

  /** In which buckets response times are, as `responseTimeUs` gives them with this cap. */
  responseBuckets(capNs: number): Uint16Array {
    return this.#fillTimes(this.#response, this.columns.intendedNs, capNs);
  }

  /** In which buckets service times are, as `serviceTimeUs` gives them with this cap. */
  serviceBuckets(capNs: number): Uint16Array {
    return this.#fillTimes(this.#service, this.startNs, capNs);
  }

  /** In which buckets start lags and their parts are. */
  lagBuckets(): LagBuckets {
    if (!this.#hasLags) this.#fillLags();
    return this.#lags;
  }

  #fillTimes(buckets: TimeBuckets, fromNs: Float64Array, capNs: number): Uint16Array {
    const { column } = buckets;
    if (buckets.with === capNs) return column;
    const { endNs } = this;
    for (let row = 0; row < this.rows; row++) {
      const tookNs = endNs[row]! - fromNs[row]!;
      column[row] = bucketOf((this.isResponse(row) ? tookNs : Math.max(tookNs, capNs)) / NS_PER_US);
    }
    buckets.with = capNs;
    return column;
  }

  #fillLags(): void {
    const { connectionWait, generatorLag, startLag } = this.#lags;
    const { connectionWaitNs, startNs } = this;
    const { intendedNs } = this.columns;
    for (let row = 0; row < this.rows; row++) {
      const lagNs = startNs[row]! - intendedNs[row]!;
      const waitNs = connectionWaitNs[row]!;
      const lag = bucketOf(lagNs / NS_PER_US);
      startLag[row] = lag;
      // Few starts wait for a connection.
      connectionWait[row] = waitNs === 0 ? 0 : bucketOf(waitNs / NS_PER_US);
      generatorLag[row] = waitNs === 0 ? lag : bucketOf((lagNs - waitNs) / NS_PER_US);
    }
    this.#hasLags = true;
  }

  #forgetBuckets(): void {
    this.#response.with = null;
    this.#service.with = null;
    this.#hasLags = false;
  }
}
