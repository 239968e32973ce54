import { type ArmMeta, ArmTable } from "./arm-table.ts";
import { CallBatch } from "./call-batch.ts";
import { blankCall, CALL_COLUMNS, fillCall, putCall } from "./call-row.ts";
import type { EmulatedCall } from "./emulated-call.ts";
import type { Filled, Rows } from "./rows.ts";
import { eachKept, SpoolBatch } from "./spool-batch.ts";
import type { Columns } from "./spool-layout.ts";
import { Spool } from "./spool-reader.ts";
import { SpoolWriter } from "./spool-writer.ts";

export class CallWriter {
  readonly spool: SpoolWriter<typeof CALL_COLUMNS>;

  private constructor(spool: SpoolWriter<typeof CALL_COLUMNS>) {
    this.spool = spool;
  }

  static async create(path: string, meta: ArmMeta): Promise<CallWriter> {
    return new CallWriter(await SpoolWriter.create(path, CALL_COLUMNS, { ...meta }));
  }

  write(call: EmulatedCall): void {
    putCall(this.spool.columns, this.spool.row, call);
    this.spool.commit();
  }
}

/** Emulated calls, in the order in which they ended. */
export class CallTable extends ArmTable<typeof CALL_COLUMNS, EmulatedCall> {
  /** Batch after batch, as they were written: one that is filled anew. */
  *batches(): Generator<CallBatch, void, undefined> {
    yield* this.spool.batches(new CallBatch(this.leadNs));
  }

  /**
   * As `batches`, by when calls arrived: `untilNs` of each says up to when none that comes later has
   * arrived (Infinity of the last).
   */
  *inTime(): Generator<CallBatch, void, undefined> {
    for (const batch of this.spool.ascending("arriveNs", new CallBatch(this.leadNs))) {
      batch.untilNs -= this.leadNs;
      yield batch;
    }
  }

  /** Calls that arrived at a moment that is kept. */
  ofMoments(isKept: (arriveNs: number) => boolean): Rows<EmulatedCall, ArmMeta> {
    return {
      meta: this.meta,
      each: (visit) => this.#eachOf(isKept, visit),
      [Symbol.iterator]: () => this[Symbol.iterator]().filter((call) => isKept(call.arriveNs)),
    };
  }

  #eachOf(isKept: (arriveNs: number) => boolean, visit: (call: EmulatedCall) => void): void {
    const into = this.blank();
    const isKeptInSpool = (atNs: number): boolean => isKept(atNs - this.leadNs);
    for (const batch of this.spool.batches(new SpoolBatch(CALL_COLUMNS))) {
      eachKept(batch, "arriveNs", isKeptInSpool, (columns, row) => {
        this.fill(into, columns, row);
        visit(into);
      });
    }
  }

  protected blank(): Filled<EmulatedCall> {
    return blankCall();
  }

  protected fill(into: Filled<EmulatedCall>, c: Columns<typeof CALL_COLUMNS>, row: number): void {
    fillCall(into, c, row, this.leadNs);
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
