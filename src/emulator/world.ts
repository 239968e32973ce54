import { keyedDraw } from "../core/index.ts";
import type { Timeline, World } from "./model.ts";
import { createTimeline, type IncidentSpec } from "./timeline/index.ts";

/**
 * What surrounds each dependency: chance of its own, and the incidents of the scenario. `origin`
 * may be moved later, when it is known when traffic begins; until then the emulator's own counts.
 */
export function createWorlds(
  seed: string,
  incidents: Readonly<Record<string, IncidentSpec>>,
  origin: { readonly leadNs: number } = { leadNs: 0 },
): (dependency: string) => World {
  const around = (key: string, shared: ReadonlyMap<string, Timeline>): World => ({
    get leadNs() {
      return origin.leadNs;
    },
    draw: (...parts) => keyedDraw(seed, key, ...parts),
    incident: (name) => shared.get(name),
  });
  const outside = around("incidents", new Map());
  const shared = new Map(
    Object.entries(incidents).map(([name, spec]) => [name, createTimeline(spec, outside, name)]),
  );
  return (dependency) => around(dependency, shared);
}
