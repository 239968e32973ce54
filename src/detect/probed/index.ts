/** What probes show of how an arm calls its dependencies: one file a reading. */
export { type BreakerReading, callWindows, transitionsOf } from "./breaker.ts";
export type { BulkheadReading } from "./bulkhead.ts";
export { type Resilience, type ResilienceCard, resilienceOf } from "./card.ts";
export type { ColdReading } from "./cold.ts";
export { type ErrorSweep, readErrorSweep } from "./error-sweep.ts";
export { type HangReading, modeOf, readHang } from "./hang.ts";
export {
  type HysteresisReading,
  type HysteresisStep,
  rampsOf,
  readHysteresis,
} from "./hysteresis.ts";
export type { LatencySweep } from "./latency-sweep.ts";
export { type Protocol, protocolsOf, readRecovery, type Recovery } from "./recovery.ts";
export { callsIn, requestsIn, stagesThat, usualStage } from "./stages.ts";
