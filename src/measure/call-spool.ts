import { type ArmMeta, ArmTable } from "./arm-table.ts";
import { CALL_FAULTS, CALL_OUTCOMES, type EmulatedCall } from "./emulated-call.ts";
import type { Filled, Rows } from "./rows.ts";
import type { Columns } from "./spool-layout.ts";
import { Spool } from "./spool-reader.ts";
import { SpoolWriter } from "./spool-writer.ts";

/** 86 bytes a call. `seqPlusOne` is 0 when the target passed no identity on. */
export const CALL_COLUMNS = {
  arriveNs: "f64",
  endNs: "f64",
  key: "f64",
  meantDelayUs: "f64",
  givenDelayUs: "f64",
  queuedUs: "f64",
  requestBytes: "u32",
  responseBytes: "u32",
  seqPlusOne: "u32",
  retryAfterMs: "u32",
  connection: "u32",
  inFlight: "u16",
  connections: "u16",
  status: "u16",
  attempt: "u16",
  arm: "u8",
  dependency: "u8",
  outcome: "u8",
  safe: "u8",
  fault: "u8",
  early: "u8",
} as const;

const U16_MAX = 2 ** 16 - 1;
const U32_MAX = 2 ** 32 - 1;

export class CallWriter {
  readonly spool: SpoolWriter<typeof CALL_COLUMNS>;

  private constructor(spool: SpoolWriter<typeof CALL_COLUMNS>) {
    this.spool = spool;
  }

  static async create(path: string, meta: ArmMeta): Promise<CallWriter> {
    return new CallWriter(await SpoolWriter.create(path, CALL_COLUMNS, { ...meta }));
  }

  write(call: EmulatedCall): void {
    const { columns: c, row } = this.spool;
    c.arriveNs[row] = call.arriveNs;
    c.endNs[row] = call.endNs;
    c.key[row] = call.key;
    c.meantDelayUs[row] = call.meantDelayUs;
    c.givenDelayUs[row] = call.givenDelayUs;
    c.queuedUs[row] = call.queuedUs;
    c.requestBytes[row] = Math.min(call.requestBytes, U32_MAX);
    c.responseBytes[row] = Math.min(call.responseBytes, U32_MAX);
    c.seqPlusOne[row] = call.seq + 1;
    c.retryAfterMs[row] = call.retryAfterMs;
    c.connection[row] = call.connection;
    c.inFlight[row] = Math.min(call.inFlight, U16_MAX);
    c.connections[row] = Math.min(call.connections, U16_MAX);
    c.status[row] = call.status;
    c.attempt[row] = Math.min(call.attempt, U16_MAX);
    c.arm[row] = call.arm;
    c.dependency[row] = call.dependency;
    c.outcome[row] = CALL_OUTCOMES.indexOf(call.outcome);
    c.safe[row] = call.safe ? 1 : 0;
    c.fault[row] = CALL_FAULTS.indexOf(call.fault);
    c.early[row] = call.early ? 1 : 0;
    this.spool.commit();
  }
}

/** Emulated calls, in the order in which they ended. */
export class CallTable extends ArmTable<typeof CALL_COLUMNS, EmulatedCall> {
  /**
   * As `each`, by when calls arrived, block by block: after each block it yields up to when none that
   * comes has arrived (Infinity after the last).
   */
  *inTime(visit: (call: EmulatedCall) => void): Generator<number> {
    const into = this.blank();
    for (const { columns, rows, until } of this.spool.ascending("arriveNs")) {
      for (let row = 0; row < rows; row++) {
        this.fill(into, columns, row);
        visit(into);
      }
      yield until - this.leadNs;
    }
  }

  /** Calls that arrived at a moment that is kept. */
  ofMoments(isKept: (arriveNs: number) => boolean): Rows<EmulatedCall, ArmMeta> {
    return {
      meta: this.meta,
      each: (visit) =>
        this.eachOf(({ arriveNs }, row) => isKept(arriveNs[row]! - this.leadNs), visit),
      [Symbol.iterator]: () => this[Symbol.iterator]().filter((call) => isKept(call.arriveNs)),
    };
  }

  protected blank(): Filled<EmulatedCall> {
    return {
      arm: 0,
      dependency: 0,
      seq: 0,
      attempt: 0,
      key: NaN,
      safe: false,
      arriveNs: NaN,
      endNs: NaN,
      meantDelayUs: NaN,
      givenDelayUs: NaN,
      queuedUs: NaN,
      requestBytes: 0,
      responseBytes: 0,
      fault: "none",
      status: 0,
      outcome: "ok",
      retryAfterMs: 0,
      early: false,
      inFlight: 0,
      connections: 0,
      connection: 0,
    };
  }

  protected fill(into: Filled<EmulatedCall>, c: Columns<typeof CALL_COLUMNS>, row: number): void {
    into.arm = c.arm[row]!;
    into.dependency = c.dependency[row]!;
    into.seq = c.seqPlusOne[row]! - 1;
    into.attempt = c.attempt[row]!;
    into.key = c.key[row]!;
    into.safe = c.safe[row] === 1;
    into.arriveNs = c.arriveNs[row]! - this.leadNs;
    into.endNs = c.endNs[row]! - this.leadNs;
    into.meantDelayUs = c.meantDelayUs[row]!;
    into.givenDelayUs = c.givenDelayUs[row]!;
    into.queuedUs = c.queuedUs[row]!;
    into.requestBytes = c.requestBytes[row]!;
    into.responseBytes = c.responseBytes[row]!;
    into.fault = CALL_FAULTS[c.fault[row]!] ?? "none";
    into.status = c.status[row]!;
    into.outcome = CALL_OUTCOMES[c.outcome[row]!] ?? "aborted";
    into.retryAfterMs = c.retryAfterMs[row]!;
    into.early = c.early[row] === 1;
    into.inFlight = c.inFlight[row]!;
    into.connections = c.connections[row]!;
    into.connection = c.connection[row]!;
  }
}

/**
 * Reads a call spool, or those of several emulators. `leadNs` is how long the emulator's clock had run
 * when the run's own began; it is taken off all times.
 * @throws RUN_INVALID, SPOOL_INVALID as `Spool` does.
 */
export function readCalls(path: string | readonly string[], leadNs = 0): CallTable {
  const paths = typeof path === "string" ? [path] : path;
  return new CallTable(new Spool(paths, CALL_COLUMNS), leadNs);
}
