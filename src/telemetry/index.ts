/** What targets tell of themselves by OpenTelemetry: received, kept, and read again. */
export { Distribution } from "./buckets.ts";
export { InsideSignals } from "./inside.ts";
export { InsideSeries, type Level, type TimeWindow } from "./inside-series.ts";
export { INTAKE_LIMITS } from "./limits.ts";
export { type InsidePool, insidePool } from "./pool.ts";
export { type ReceiverOptions, type Receivers, startReceivers } from "./receivers.ts";
export {
  type InsideSpan,
  type IntakeAccount,
  readTelemetry,
  TELEMETRY_FILE,
  telemetryLine,
  type TelemetryLine,
} from "./telemetry-log.ts";
export { startReceiversThread, telemetryEnv } from "./thread.ts";
