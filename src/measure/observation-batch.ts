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
  connectionWaits,
  DROPS_FROM,
  endTimes,
  ERRORS_FROM,
  OBSERVATION_COLUMNS,
  putPlanned,
  startTimes,
} from "./observation-row.ts";
import { BATCH_ROWS, SpoolBatch, type UnreadBlock } from "./spool-batch.ts";

/** In which histogram buckets a batch's start lags are, and the parts of them; of a dropped start, any. */
export interface LagBuckets {
  readonly startLag: Uint16Array;
  /** Null where none of them waited. */
  readonly connectionWait: Uint16Array | null;
  /** As `generatorLagUs` gives it. */
  readonly generatorLag: Uint16Array;
}

/** A column of buckets, filled when it is first asked for; `with`: what it was filled with, null: not. */
class TimeBuckets {
  readonly column = new Uint16Array(BATCH_ROWS);
  with: number | null = null;
}

/** Times that are made of columns, when they are first asked for; `upTo`: so many rows have theirs. */
class Times {
  readonly column = new Float64Array(BATCH_ROWS);
  upTo = 0;
}

/**
 * Observations column by column. A row's columns say what an `Observation` of it would, in the same
 * units.
 */
export class ObservationBatch extends SpoolBatch<typeof OBSERVATION_COLUMNS> {
  readonly #starts = new Times();
  readonly #ends = new Times();
  readonly #waits = new Times();
  readonly #response = new TimeBuckets();
  readonly #service = new TimeBuckets();
  readonly #startLag = new Uint16Array(BATCH_ROWS);
  readonly #connectionWait = new Uint16Array(BATCH_ROWS);
  readonly #generatorLag = new Uint16Array(BATCH_ROWS);
  #lags: LagBuckets | null = null;
  readonly #outcome: Uint8Array;
  readonly #status: Uint16Array;

  constructor() {
    super(OBSERVATION_COLUMNS, ["intendedNs", "outcome", "status"]);
    this.#outcome = this.memory.outcome;
    this.#status = this.memory.status;
  }

  /** Of rows that were started, when; of others, any number. */
  get startNs(): Float64Array {
    return this.#timesOf(this.#starts, startTimes);
  }

  get endNs(): Float64Array {
    return this.#timesOf(this.#ends, endTimes);
  }

  get connectionWaitNs(): Float64Array {
    return this.#timesOf(this.#waits, connectionWaits);
  }

  /** Takes another row. */
  push(observation: Observation): void {
    const { memory: c, rows: row } = this;
    this.rows++;
    this.#forgetBuckets();
    for (const times of [this.#starts, this.#ends, this.#waits]) times.upTo = this.rows;
    putPlanned(c, row, observation);
    if (observation.kind === "dropped") {
      c.service100ns[row] = observation.count;
      return;
    }
    this.#starts.column[row] = observation.startNs;
    this.#ends.column[row] = observation.endNs;
    this.#waits.column[row] = observation.connectionWaitNs;
    if (observation.kind === "error") return;
    c.status[row] = observation.status;
    c.bytesOut[row] = observation.bytesOut;
  }

  override append(block: UnreadBlock): void {
    super.append(block);
    this.#forgetBuckets();
  }

  override clear(): void {
    super.clear();
    for (const times of [this.#starts, this.#ends, this.#waits]) times.upTo = 0;
    this.#forgetBuckets();
  }

  isResponse(row: number): boolean {
    return this.#outcome[row]! < ERRORS_FROM;
  }

  isDropped(row: number): boolean {
    return this.#outcome[row]! >= DROPS_FROM;
  }

  /** As `isFailure`, of a row that was started. */
  isFailure(row: number): boolean {
    return !this.isResponse(row) || this.#status[row]! >= 500;
  }

  /** Of a response. */
  statusAt(row: number): number {
    return this.#status[row]!;
  }

  /** How long after its intended start a request ended. */
  tookNsAt(row: number): number {
    return this.endNs[row]! - this.memory.intendedNs[row]!;
  }

  /** How many starts a row stands for. */
  countAt(row: number): number {
    return this.isDropped(row) ? this.columns.service100ns[row]! : 1;
  }

  /** Why nothing was answered, or started: of a row that is no response. */
  reasonAt(row: number): DropReason | ErrorKind {
    const outcome = this.#outcome[row]!;
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
    return (this.#lags ??= this.#fillLags());
  }

  #timesOf(times: Times, fillIn: typeof startTimes): Float64Array {
    if (times.upTo < this.rows) fillIn(this.columns, times.column, times.upTo, this.rows);
    times.upTo = this.rows;
    return times.column;
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

  #fillLags(): LagBuckets {
    const { connectionWaitNs, startNs } = this;
    const { intendedNs } = this.columns;
    const startLag = this.#startLag;
    let waited = false;
    for (let row = 0; row < this.rows; row++) {
      startLag[row] = bucketOf((startNs[row]! - intendedNs[row]!) / NS_PER_US);
      if (connectionWaitNs[row] !== 0) waited = true;
    }
    // Few batches have a start that waited for a connection.
    return waited
      ? this.#lagsInParts()
      : { startLag, connectionWait: null, generatorLag: startLag };
  }

  #lagsInParts(): LagBuckets {
    const { connectionWaitNs, startNs } = this;
    const { intendedNs } = this.columns;
    const [connectionWait, generatorLag] = [this.#connectionWait, this.#generatorLag];
    for (let row = 0; row < this.rows; row++) {
      const waitNs = connectionWaitNs[row]!;
      const lagNs = startNs[row]! - intendedNs[row]!;
      connectionWait[row] = bucketOf(waitNs / NS_PER_US);
      generatorLag[row] = bucketOf((lagNs - waitNs) / NS_PER_US);
    }
    return { startLag: this.#startLag, connectionWait, generatorLag };
  }

  #forgetBuckets(): void {
    this.#response.with = null;
    this.#service.with = null;
    this.#lags = null;
  }
}
