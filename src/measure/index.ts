/** What happened: observations, emulated calls, histograms, and the spool that keeps them. */
export * from "./call-spool.ts";
export * from "./emulated-call.ts";
export * from "./failure.ts";
export * from "./histogram.ts";
export * from "./observation.ts";
export * from "./observation-spool.ts";
export {
  type ColumnKind,
  type ColumnSet,
  type Columns,
  readSpool,
  type Spool,
  SpoolWriter,
} from "./spool.ts";
export { type QuantilesUs, quantilesUs, responseTimeUs, serviceTimeUs, Tally } from "./tally.ts";
