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

export const scene =
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

export const keepAliveScenes: Scenes = {
  healthy: scene({}, {}),
  sick: scene({}, { keepAlive: false }),
  both: scene({ keepAlive: false }, { keepAlive: false }),
  lookAlikes: {
    "more calls at once, each with a connection of its own": scene({}, { calls: 8 }),
    "a dependency whose slowness needs more connections": scene(
      {},
      {},
      {
        dependencies: [{ ...PAYMENTS, slowness: (atNs) => (atNs > 5 * S ? 8 : 1) }],
      },
    ),
    "a pool that makes calls wait": scene({}, { pool: 1 }),
  },
  cause: /^no keep-alive to payments/,
  // Nothing is reused.
  size: { value: 0, within: 0 },
  byRates: true,
};

const BUSY = { ratePerSec: 600 };

export const portScenes: Scenes = {
  healthy: scene({}, {}, { ...BUSY, lengthNs: 5 * S }),
  sick: (world) =>
    served(
      around(world, { ratePerSec: 600 * world.rate, lengthNs: 5 * S }),
      [{}, { keepAlive: false }],
      world,
    ),
  both: scene({ keepAlive: false }, { keepAlive: false }, BUSY),
  lookAlikes: {
    "no keep-alive, and calls so few that ports come back": scene({}, { keepAlive: false }),
    "many connections at once, all kept": scene({}, { calls: 4 }, BUSY),
  },
  cause: /^ports to payments run out/,
  size: { value: (world) => 600 * world.rate, within: 0.1 },
  byRates: true,
  rates: [1, 3],
};

/** A loop that is busy for 0.9 of the time, whatever the rate. */
const computing = (arms: readonly [number, number]) => (world: World) =>
  served(
    around(world),
    arms.map((cpuNs) => ({ cpuNs: cpuNs / world.rate })),
    world,
  );

/** A loop that stands for 30 ms about twelve times a second. */
export const collectingScene = scene({}, { collecting: { everyNs: 80 * MS, forNs: 30 * MS } });

export const saturationScenes: Scenes = {
  healthy: scene({}, {}),
  sick: computing([0.2 * MS, 11 * MS]),
  both: (world) => served(around(world), [{ cpuNs: 13 * MS }, { cpuNs: 13 * MS }], world),
  lookAlikes: {
    "a pool that makes calls wait": scene({}, { pool: 1 }),
    "a pause before the call": scene({}, { waitNs: [30 * MS, 0] }),
    "a pause before and after": scene({}, { waitNs: [20 * MS, 20 * MS] }),
    "pauses of three lengths, one a route": scene(
      {},
      { routeWaitsNs: [10, 35, 70].map((ms) => [ms * MS, ms * MS] as const) },
      { routes: [[0], [0], [0]] },
    ),
    "a pause of some requests": scene({}, { waitNs: [20 * MS, 20 * MS], waiting: 0.3 }),
    "a pause of most requests": scene({}, { waitNs: [20 * MS, 20 * MS], waiting: 0.7 }),
    "a dependency that is slow": scene(
      {},
      {},
      { dependencies: [{ ...PAYMENTS, holdMedianNs: 200 * MS }] },
    ),
  },
  cause: /^the target itself is saturated/,
  size: null,
  byRates: false,
  rates: [1],
};
