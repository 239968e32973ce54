/** What a profile knows of the dependencies that the captured requests called. */
export {
  type DependencyFitters,
  describeDependencies,
  FIT_CALLS_MIN,
  statusClassOf,
} from "./describe.ts";
export { dependencyLatency, type LatencyLookup } from "./lookup.ts";
export * from "./schema.ts";
