import { ShakedownError } from "../../core/index.ts";
import type { ProfileManifest } from "../record.ts";
import type { DependencyFit, ProfileDependency, WrittenModel } from "./schema.ts";

/**
 * The latency for a route and a status class (null: any), as a scenario writes it: of both where
 * there is a fit of both, else of the route, else of the class, else of all calls.
 */
export type LatencyLookup = (route: string | null, statusClass: string | null) => WrittenModel;

/** What a profile says where a scenario asks: a model as it is written, or null and why there is none. */
export type FittedModel =
  | { readonly model: Readonly<Record<string, unknown>>; readonly because: null }
  | { readonly model: null; readonly because: string };

/** A route whatever its parameters are called, and however they are written: `:id` or `{id}`. */
const shapeOf = (route: string): string => route.replaceAll(/:\w+|\{\w+\}/g, "{}");

const HINT =
  "name the dependency as the capture does, write out what is to be fitted, " +
  "or make the profile from a capture that holds dependency calls, such as traces";

function knownTo(manifest: ProfileManifest, dependency: string): ProfileDependency {
  const known = manifest.dependencies ?? {};
  const found = Object.hasOwn(known, dependency) ? known[dependency] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(known).join(", ");
  const told = names === "" ? "of no dependency's calls" : `only of ${names}`;
  throw new ShakedownError(
    "SCENARIO_INVALID",
    `dependency ${dependency}: it is to be fitted from profile ${manifest.name}, which knows ${told}`,
    { hint: HINT },
  );
}

function lookupIn(all: readonly DependencyFit[]): LatencyLookup {
  const keyOf = (route: string | null, statusClass: string | null): string =>
    JSON.stringify([route === null ? null : shapeOf(route), statusClass]);
  const fits = new Map(
    all.toReversed().map((fit) => [keyOf(fit.route, fit.statusClass), fit.latency]),
  );
  const ofAll = all[0]!.latency;
  return (route, statusClass) =>
    fits.get(keyOf(route, statusClass)) ??
    fits.get(keyOf(route, null)) ??
    fits.get(keyOf(null, statusClass)) ??
    ofAll;
}

/**
 * A dependency's latencies by route and status class.
 * @param behind `servers`: what a call takes of a server, for an emulator that makes it wait for one
 * @throws SCENARIO_INVALID when the profile knows nothing of a dependency of this name
 */
export function dependencyLatency(
  manifest: ProfileManifest,
  dependency: string,
  behind: "servers" | "nothing" = "nothing",
): LatencyLookup {
  const { capacity, fits } = knownTo(manifest, dependency);
  const own = capacity?.fits ?? [];
  return lookupIn(behind === "servers" && own.length > 0 ? own : fits);
}

const NOTHING_SEEN: Readonly<Record<"errors" | "limit" | "capacity", string>> = {
  errors: "the capture saw no error",
  limit: "the capture saw no call refused",
  capacity: "the capture never saw it saturated",
};

/**
 * How a dependency fails, limits or queues calls, as a scenario writes it.
 * @throws SCENARIO_INVALID when the profile knows nothing of a dependency of this name, or was made
 * before that was looked for, or saw refusals that no limit explains
 */
export function dependencyModel(
  manifest: ProfileManifest,
  dependency: string,
  what: "errors" | "limit" | "capacity",
): FittedModel {
  const known = knownTo(manifest, dependency);
  const none: FittedModel = { model: null, because: NOTHING_SEEN[what] };
  if (known[what] === undefined) {
    throw new ShakedownError(
      "SCENARIO_INVALID",
      `dependency ${dependency}: profile ${manifest.name} was made before its ${what} was looked for`,
      { hint: `make the profile anew, or write the ${what} out` },
    );
  }
  if (known[what] === null) return none;
  if (what === "errors") return { model: known.errors!, because: null };
  if (what === "capacity") {
    const capacity = known.capacity!.capacity;
    return capacity === null ? none : { model: capacity, because: null };
  }
  const { because, limit } = known.limit!;
  if (limit !== null) return { model: limit, because: null };
  throw new ShakedownError(
    "SCENARIO_INVALID",
    `dependency ${dependency}: its limit cannot be told from profile ${manifest.name}: ${because}`,
    { hint: "write the limit out" },
  );
}
