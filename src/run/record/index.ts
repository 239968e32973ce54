/** Recording: proxies → redaction → a recording on the disk → a profile. */
export {
  parseListenAt,
  parseRecordedDependency,
  parseUpstream,
  type RecordedPlace,
} from "./addresses.ts";
export { type Finished, finishRecording, type FinishOptions } from "./finish.ts";
export { record, type RecordOptions, type RecordOutcome } from "./record.ts";
