import { ShakedownError } from "../../core/index.ts";
import type { ProfileManifest } from "../record.ts";
import type { WrittenModel } from "./schema.ts";

/**
 * The latency for a route and a status class (null: any), as a scenario writes it: of both where
 * there is a fit of both, else of the route, else of the class, else of all calls.
 */
export type LatencyLookup = (route: string | null, statusClass: string | null) => WrittenModel;

/** A route whatever its parameters are called, and however they are written: `:id` or `{id}`. */
const shapeOf = (route: string): string => route.replaceAll(/:\w+|\{\w+\}/g, "{}");

const HINT =
  "name the dependency as the capture does, give its latency another kind, " +
  "or make the profile from a capture that holds dependency calls, such as traces";

/**
 * How a dependency was seen to behave, and its latencies by route and status class.
 * @throws SCENARIO_INVALID when the profile knows nothing of a dependency of this name
 */
export function dependencyLatency(manifest: ProfileManifest, dependency: string): LatencyLookup {
  const known = manifest.dependencies ?? {};
  const found = Object.hasOwn(known, dependency) ? known[dependency] : undefined;
  if (found === undefined) {
    const names = Object.keys(known).join(", ");
    const told = names === "" ? "of no dependency's calls" : `only of ${names}`;
    throw new ShakedownError(
      "SCENARIO_INVALID",
      `dependency ${dependency}: its latency is to be fitted from profile ${manifest.name}, which knows ${told}`,
      { hint: HINT },
    );
  }
  const keyOf = (route: string | null, statusClass: string | null): string =>
    JSON.stringify([route === null ? null : shapeOf(route), statusClass]);
  const fits = new Map(
    found.fits.toReversed().map((fit) => [keyOf(fit.route, fit.statusClass), fit.latency]),
  );
  const all = found.fits[0]!.latency;
  return (route, statusClass) =>
    fits.get(keyOf(route, statusClass)) ??
    fits.get(keyOf(route, null)) ??
    fits.get(keyOf(null, statusClass)) ??
    all;
}
