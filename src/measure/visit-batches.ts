import { CallBatch } from "./call-batch.ts";
import { CallTable } from "./call-spool.ts";
import type { EmulatedCall } from "./emulated-call.ts";
import type { Observation } from "./observation.ts";
import { ObservationBatch } from "./observation-batch.ts";
import { ObservationTable } from "./observation-spool.ts";
import { type Rows, visitRows } from "./rows.ts";

/** A batch that rows can be put into one by one. */
interface Filling<Row> {
  readonly rows: number;
  hasRoom(rows: number): boolean;
  push(row: Row): void;
  clear(): void;
}

/**
 * Goes through observations batch by batch, always the same one, of which nothing is kept: those of a
 * table as its files have them, any others put together of the rows.
 */
export function visitBatches(
  rows: Rows<Observation, unknown>,
  visit: (batch: ObservationBatch) => void,
): void {
  if (rows instanceof ObservationTable) for (const batch of rows.batches()) visit(batch);
  else visitPushed(rows, new ObservationBatch(), visit);
}

/** As `visitBatches`, of calls. */
export function visitCallBatches(
  calls: Rows<EmulatedCall, unknown>,
  visit: (batch: CallBatch) => void,
): void {
  if (calls instanceof CallTable) for (const batch of calls.batches()) visit(batch);
  else visitPushed(calls, new CallBatch(0), visit);
}

function visitPushed<Row, Batch extends Filling<Row>>(
  rows: Rows<Row, unknown>,
  batch: Batch,
  visit: (batch: Batch) => void,
): void {
  visitRows(rows, (row) => {
    if (!batch.hasRoom(1)) {
      visit(batch);
      batch.clear();
    }
    batch.push(row);
  });
  if (batch.rows > 0) visit(batch);
}
