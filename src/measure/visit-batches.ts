import type { Observation } from "./observation.ts";
import { ObservationBatch } from "./observation-batch.ts";
import { ObservationTable } from "./observation-spool.ts";
import { type Rows, visitRows } from "./rows.ts";

/**
 * Goes through observations batch by batch, always the same one, of which nothing is kept: those of a
 * table as its files have them, any others put together of the rows.
 */
export function visitBatches(
  rows: Rows<Observation, unknown>,
  visit: (batch: ObservationBatch) => void,
): void {
  if (rows instanceof ObservationTable) {
    for (const batch of rows.batches()) visit(batch);
    return;
  }
  const batch = new ObservationBatch();
  visitRows(rows, (row) => {
    if (!batch.hasRoom(1)) {
      visit(batch);
      batch.clear();
    }
    batch.push(row);
  });
  if (batch.rows > 0) visit(batch);
}
