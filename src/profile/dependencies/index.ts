/** What a profile knows of the dependencies that the captured requests called. */
export {
  DependencyCalls,
  type DependencyFitters,
  describeDependencies,
  FIT_CALLS_MIN,
} from "./describe.ts";
export {
  dependencyLatency,
  dependencyModel,
  type FittedModel,
  type LatencyLookup,
} from "./lookup.ts";
export { callKey, numberAttempts, type UnnumberedCall } from "./number-attempts.ts";
export { failedIn, statusClassOf } from "./outcome.ts";
export * from "./schema.ts";
