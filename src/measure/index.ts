/** What happened: observations, emulated calls, histograms, and the spool that keeps them. */
export type { ArmMeta } from "./arm-table.ts";
export { CallBatch } from "./call-batch.ts";
export { CALL_COLUMNS } from "./call-row.ts";
export * from "./call-spool.ts";
export * from "./connection-spool.ts";
export * from "./emulated-call.ts";
export * from "./exchange-spool.ts";
export * from "./exposure-spool.ts";
export * from "./failure.ts";
export { BUCKETS, highestOf } from "./hdr-layout.ts";
export { decodeCounts, encodeCounts } from "./hdr-v2.ts";
export * from "./histogram.ts";
export * from "./interval-log.ts";
export * from "./observation.ts";
export { ObservationBatch } from "./observation-batch.ts";
export * from "./observation-spool.ts";
export * from "./response-log.ts";
export { RowGroups, type RowList } from "./row-groups.ts";
export { mapRows, type Rows, rowsAt, visitRows, withoutStarts } from "./rows.ts";
export { StartNumbers, StartSet } from "./start-set.ts";
export { BATCH_ROWS } from "./spool-batch.ts";
export type { ColumnKind, Columns, ColumnSet } from "./spool-layout.ts";
export { Spool, type SpoolBlock, trimSpool } from "./spool-reader.ts";
export { SpoolWriter } from "./spool-writer.ts";
export * from "./usage-log.ts";
export { visitBatches, visitCallBatches } from "./visit-batches.ts";
export {
  generatorLagUs,
  LAG_CAUSES,
  type LagCause,
  lagCause,
  type QuantilesUs,
  quantilesUs,
  responseTimeUs,
  serviceTimeUs,
  Tally,
} from "./tally.ts";
