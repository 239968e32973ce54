import { around, scene, type Scenes } from "./scenes.ts";
import { served, type Service, type World } from "./service.ts";
import { MS, S } from "./simulate.ts";

/* What goes wrong with pools of connections, for each detector of it: its test and the bench share them. */

/** Two dependencies, one after the other: 40 requests a second need about 0.9 connections of each. */
const TWO = {
  dependencies: [
    { name: "payments", holdMedianNs: 20 * MS },
    { name: "stock", holdMedianNs: 20 * MS },
  ],
  routes: [[0, 1], [1]],
};

/** Connections are few at every rate; who waits for 300 ms gives up. */
const HURRIED = { acquireTimeoutNs: 300 * MS };
const SLOW = { dependencies: [{ name: "payments", holdMedianNs: 100 * MS }] };
const tight = (rate: World["rate"]): Service => ({ ...HURRIED, pool: 3 * rate });
const roomy: Service = { ...HURRIED, pool: 500 };

export const acquireScenes: Scenes = {
  healthy: scene(roomy, roomy, TWO),
  sick: (world) => served(around(world, SLOW), [roomy, tight(world.rate)], world),
  both: (world) => served(around(world, SLOW), [tight(world.rate), tight(world.rate)], world),
  lookAlikes: {
    "a service that refuses at once": scene({}, { limit: 1 }, SLOW),
    "a pool that makes calls wait, and nobody gives up": scene({}, { pool: 4 }, SLOW),
    "calls that fail": scene(
      {},
      {},
      { dependencies: [{ ...SLOW.dependencies[0]!, failing: () => 0.5 }] },
    ),
    "a dependency that fails, and another that is then not called": scene(roomy, roomy, {
      ...TWO,
      dependencies: [{ ...TWO.dependencies[0]!, failing: () => 0.5 }, TWO.dependencies[1]!],
    }),
  },
  cause: /^payments acquire timeout/,
  size: { value: 300, within: 0.05 },
  byRates: false,
};

/** One call in five leaves its connection open behind it. */
const ABANDONING: Service = { abandoning: 0.2 };

export const pileScenes: Scenes = {
  healthy: scene({}, {}),
  sick: scene({}, ABANDONING),
  both: scene(ABANDONING, ABANDONING),
  lookAlikes: {
    "a dependency whose slowness needs more connections": scene(
      {},
      {},
      { dependencies: [{ ...TWO.dependencies[0]!, slowness: (atNs) => 1 + atNs / S }] },
    ),
    "more calls at once": scene({}, { calls: 8 }),
    "no keep-alive": scene({}, { keepAlive: false }),
  },
  cause: /^payments connection leak/,
  size: { value: ({ rate }) => 40 * rate * 0.2 * 60, within: 0.35 },
  byRates: true,
};

/** All calls of 0.45 s fail, of a pool that is large enough, just so. */
const BURST = {
  lengthNs: 12 * S,
  dependencies: [
    {
      name: "payments",
      holdMedianNs: 500 * MS,
      failing: (atNs: number) => (atNs > 4 * S && atNs < 4.45 * S ? 1 : 0),
    },
  ],
};
const pooled = (rate: World["rate"], leaking: number): Service => ({ pool: 30 * rate, leaking });
const burst = (arms: readonly [number, number]) => (world: World) =>
  served(
    around(world, BURST),
    arms.map((leaking) => pooled(world.rate, leaking)),
    world,
  );

export const leakScenes: Scenes = {
  healthy: burst([0, 0]),
  sick: burst([0, 1]),
  both: burst([1, 1]),
  lookAlikes: {
    "a pool that is too small, before and after": scene({}, { pool: 12 }, BURST),
    "a dependency that is faster since it failed": scene(
      {},
      {},
      {
        ...BURST,
        dependencies: [
          { ...BURST.dependencies[0]!, slowness: (atNs) => (atNs > 4.45 * S ? 0.3 : 1) },
        ],
      },
    ),
  },
  cause: /^payments pool leak/,
  size: null,
  byRates: true,
};

/** Pools of 3 times the rate that carry four fifths of what comes, and such that carry all. */
const WANTING = { lengthNs: 20 * S, dependencies: SLOW.dependencies };
const wanting = (rate: World["rate"]): Service => ({ pool: 3 * rate });

export const poolScenes: Scenes = {
  healthy: scene({ pool: 12 }, { pool: 12 }, WANTING),
  sick: (world) => served(around(world, WANTING), [{}, wanting(world.rate)], world),
  both: (world) =>
    served(around(world, WANTING), [wanting(world.rate), wanting(world.rate)], world),
  lookAlikes: {
    "a service that computes for long": scene({}, { cpuNs: 8 * MS }, WANTING),
    "a service that refuses beyond a limit": scene({}, { limit: 6 }, WANTING),
  },
  cause: /^payments pool exhaustion/,
  size: { value: ({ rate }) => 3 * rate, within: 0 },
  byRates: true,
};
