import { around, scene, type Scenes } from "./scenes.ts";
import { served, type Service, type World } from "./service.ts";
import { MS } from "./simulate.ts";

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
