/** What targets tell of themselves by OpenTelemetry: received, kept, and read again. */
import { deferred } from "../core/index.ts";

export { Distribution } from "./buckets.ts";
export { type InsideBusy, insideBusy } from "./busy.ts";
export { type Exporting, type ExportOptions, startExport } from "./export/index.ts";
export { InsideSignals } from "./inside.ts";
export { InsideSeries, type Level, type TimeWindow } from "./inside-series.ts";
export { INTAKE_LIMITS } from "./limits.ts";
export { cpuByGroup, GrowingUse, parseProcStat, TICKS_PER_S } from "./processes/proc-stat.ts";
export {
  cgroupCpuOf,
  countSockets,
  parseProcStatus,
  type SocketCounts,
} from "./processes/proc-files.ts";
export { processLine, PROCESSES_FILE } from "./processes/process-line.ts";
export {
  type ProcessSample,
  processUse,
  type ProcessUse,
  readProcesses,
} from "./processes/process-log.ts";
export { type SampledArm } from "./processes/sampler.ts";
export { startProcessSampler } from "./processes/thread.ts";
export { type InsidePool, insidePool } from "./pool.ts";
export type { ReceiverOptions, Receivers } from "./receivers.ts";
export {
  type InsideSpan,
  type IntakeAccount,
  readTelemetry,
  TELEMETRY_FILE,
  telemetryLine,
  type TelemetryLine,
} from "./telemetry-log.ts";
export { startReceiversThread, telemetryEnv } from "./thread.ts";
export const startReceivers = deferred(async () => (await import("./receivers.ts")).startReceivers);
