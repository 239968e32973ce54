/** When things go wrong around the calls: see `Timeline` in model.ts. */
import { z } from "zod";
import { ShakedownError } from "../../core/index.ts";
import type { Timeline, World } from "../model.ts";
import { everySchema, everyTimeline } from "./every.ts";
import { markovSchema, markovTimeline } from "./markov.ts";
import { windowsSchema, windowsTimeline } from "./windows.ts";

const OWN = [windowsSchema, everySchema, markovSchema] as const;

/** A timeline that a scenario's `incidents` describe; several dependencies may share it. */
export const incidentSchema = z.discriminatedUnion("kind", OWN);
export type IncidentSpec = z.output<typeof incidentSchema>;

/**
 * The timelines, by `kind`: `windows`, `every` and `markov` are a dependency's own; `incident`
 * (`{ kind: incident, incident: brown-out }`) is one of the scenario's.
 */
export const timelineSchema = z.discriminatedUnion("kind", [
  ...OWN,
  z.strictObject({ kind: z.literal("incident"), incident: z.string() }),
]);
export type TimelineSpec = z.output<typeof timelineSchema>;

/**
 * `name` keeps the luck of a dependency's timelines apart.
 * @throws SCENARIO_INVALID when it names an incident that there is not
 */
export function createTimeline(spec: TimelineSpec, world: World, name: string): Timeline {
  if (spec.kind !== "incident") {
    const own = ownTimeline(spec, world, name);
    return { stateAt: (nowNs) => own.stateAt(nowNs - world.leadNs) };
  }
  const shared = world.incident(spec.incident);
  if (shared !== undefined) return shared;
  throw new ShakedownError("SCENARIO_INVALID", `no incident is called "${spec.incident}"`, {
    hint: "describe it under `incidents`, beside `dependencies`",
  });
}

/** Counts from when traffic began. */
function ownTimeline(spec: IncidentSpec, world: World, name: string): Timeline {
  switch (spec.kind) {
    case "windows":
      return windowsTimeline(spec);
    case "every":
      return everyTimeline(spec);
    case "markov":
      return markovTimeline(spec, world, name);
  }
}
