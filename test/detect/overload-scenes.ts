import { around, scene, type Scenes } from "./scenes.ts";
import { served, type Service, type World } from "./service.ts";
import { MS, S } from "./simulate.ts";

/* Too much work, and slowness that spreads, for each detector of it: its test and the bench share them. */

const PAYMENTS = { name: "payments", holdMedianNs: 100 * MS };
const SLOW = { dependencies: [PAYMENTS] };
/** So that what came is near to what was to come. */
const LONGER = { ...SLOW, lengthNs: 20 * S };
/** Mean of a hold: what Little's law counts with. */
const HOLD_S = 0.1 * Math.exp(0.3 ** 2 / 2);

/** Half of what comes can be done. */
const drowning = ({ rate }: World): Service => ({ pool: 2 * rate });

export const backpressureScenes: Scenes = {
  healthy: scene({}, {}, SLOW),
  sick: (world) => served(around(world, LONGER), [{}, drowning(world)], world),
  both: (world) => served(around(world, SLOW), [drowning(world), drowning(world)], world),
  lookAlikes: {
    "a service that refuses what it cannot do": scene({}, { pool: 2, limit: 10 }, SLOW),
    "a pool that nobody waits long for": scene({}, { pool: 2, acquireTimeoutNs: 200 * MS }, SLOW),
    "a dependency that is slow for a while": scene(
      {},
      {},
      {
        dependencies: [{ ...PAYMENTS, slowness: (atNs) => (atNs > 4 * S && atNs < 5 * S ? 8 : 1) }],
      },
    ),
    "answers that take a second": scene({}, { waitNs: [S, 0] }, SLOW),
  },
  cause: /^no backpressure/,
  size: { value: ({ rate }) => rate * (40 - 2 / HOLD_S), within: 0.3 },
  byRates: true,
};

/** Two routes with a dependency each, of which one is slow for two seconds. */
const spreading = (slow: readonly number[]) => ({
  dependencies: ["payments", "stock"].map((name, i) => ({
    name,
    holdMedianNs: 20 * MS,
    slowness: (atNs: number) => (slow.includes(i) && atNs > 5 * S && atNs < 7 * S ? 10 : 1),
  })),
  routes: [[0], [1]],
});
const shared = ({ rate }: World): Service => ({ sharedPool: true, pool: 3 * rate });
const apart = ({ rate }: World): Service => ({ pool: 3 * rate });

const bulkhead =
  (arms: readonly ((world: World) => Service)[], slow: readonly number[] = [0]) =>
  (world: World) =>
    served(
      around(world, spreading(slow)),
      arms.map((arm) => arm(world)),
      world,
    );

export const bulkheadScenes: Scenes = {
  healthy: bulkhead([apart, apart]),
  sick: bulkhead([apart, shared]),
  both: bulkhead([shared, shared]),
  lookAlikes: {
    "both dependencies slow at once": bulkhead([apart, () => ({})], [0, 1]),
    "a service that computes for long": bulkhead([apart, () => ({ cpuNs: 5 * MS })]),
    "a pool that all share, and that is large enough": bulkhead([
      apart,
      () => ({ sharedPool: true, pool: 50 }),
    ]),
  },
  cause: /^no bulkhead around payments/,
  size: null,
  byRates: false,
};

/** Slow for two seconds, ten times; one arm holds eight calls, the other what comes. */
const SLUGGISH = {
  lengthNs: 12 * S,
  dependencies: [
    { ...PAYMENTS, slowness: (atNs: number) => (atNs > 5 * S && atNs < 7 * S ? 10 : 1) },
  ],
};
const bounded = ({ rate }: World): Service => ({ pool: 8 * rate });
const free = (): Service => ({});
const sluggish =
  (...arms: readonly ((world: World) => Service)[]) =>
  (world: World) =>
    served(
      around(world, SLUGGISH),
      arms.map((arm) => arm(world)),
      world,
    );

export const capScenes: Scenes = {
  healthy: sluggish(bounded, bounded),
  sick: sluggish(bounded, free),
  both: sluggish(free, free),
  lookAlikes: {
    "twice as many calls": sluggish(free, () => ({ calls: 2 })),
    "a service that computes for long": sluggish(free, () => ({ cpuNs: 5 * MS })),
    "a larger cap": sluggish(bounded, () => ({ pool: 11 })),
  },
  cause: /^no cap on calls to payments/,
  size: null,
  byRates: true,
};
