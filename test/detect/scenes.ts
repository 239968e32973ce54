import type { DetectorContract } from "./contract.ts";
import { MS, S } from "./simulate.ts";
import { served, type Service, type Surroundings, type World } from "./service.ts";

/* The sick, the healthy and those that look alike, for each detector: its test and the bench share them. */

/** A detector's contract without the detector. */
export type Scenes = Omit<DetectorContract, "detector">;

const PAYMENTS = { name: "payments", holdMedianNs: 20 * MS };

/** One route, one dependency, 40 requests a second at the profile's rate, for ten seconds. */
export function around(world: World, more: Partial<Surroundings> = {}): Surroundings {
  return {
    ratePerSec: 40 * world.rate,
    lengthNs: 10 * S,
    dependencies: [PAYMENTS],
    routes: [[0]],
    ...more,
  };
}

const scene =
  (control: Service, variant: Service, more: Partial<Surroundings> = {}) =>
  (world: World) =>
    served(around(world, more), [control, variant], world);

export const serialScenes: Scenes = {
  healthy: scene({ calls: 6 }, { calls: 6 }),
  sick: scene({ calls: 6 }, { calls: 6, serial: true }),
  both: scene({ calls: 6, serial: true }, { calls: 6, serial: true }),
  lookAlikes: {
    "a service that computes for long": scene({ calls: 6 }, { calls: 6, cpuNs: 5 * MS }),
    "twice as many calls, all at once": scene({ calls: 6 }, { calls: 12 }),
    "a pool that makes calls wait": scene({ calls: 6 }, { calls: 6, pool: 8 }),
    "two calls, where one tells what the other asks": scene({}, { calls: 2, serial: true }),
  },
  cause: /^serial calls to payments \(6 one after the other\)$/,
  size: { value: 6, within: 0 },
  byRates: false,
};
