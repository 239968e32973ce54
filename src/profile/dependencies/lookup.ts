import { ShakedownError } from "../../core/index.ts";
import type { ProfileManifest } from "../record.ts";
import type { WrittenModel } from "./schema.ts";

/**
 * The latency for a route and a status class (null: any), as a scenario writes it: of both where
 * there is a fit of both, else of the route, else of the class, else of all calls.
 */
export type LatencyLookup = (route: string | null, statusClass: string | null) => WrittenModel;

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
  const fits = new Map(
    found.fits.map((fit) => [JSON.stringify([fit.route, fit.statusClass]), fit.latency]),
  );
  const all = found.fits[0]!.latency;
  return (route, statusClass) =>
    fits.get(JSON.stringify([route, statusClass])) ??
    fits.get(JSON.stringify([route, null])) ??
    fits.get(JSON.stringify([null, statusClass])) ??
    all;
}
