/** Fits of what a dependency does: its latency's law, its errors, its capacity. */
export { type CapacityFit, fitCapacity, inFlightOf, type TimedCalls } from "./capacity.ts";
export { type ErrorFit, fitErrors } from "./gilbert-elliott.ts";
export {
  type Closeness,
  fitLatency,
  type FittedLaw,
  KS_DISTANCE_MAX,
  type LatencyFit,
  P999_ERROR_MAX,
} from "./latency.ts";
export { fitLimit, LIMIT_CALLS_MIN, type LimitFit, type LimitLaw } from "./limit.ts";
export type { LimitedCalls } from "./limit-load.ts";
export { type LatencyLaw, lawCdf, lawDensity, lawQuantile, type LognormalPart } from "./laws.ts";
export {
  empiricalQuantiles,
  ksDistance,
  quantileAt,
  type QuantilePoint,
  sampleQuantile,
  shareUpTo,
} from "./quantiles.ts";
export {
  type Written,
  writtenErrors,
  writtenKsDistance,
  writtenLatency,
  writtenLimit,
} from "./written.ts";
