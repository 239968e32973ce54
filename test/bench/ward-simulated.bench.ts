import { detectAll } from "../../src/detect/index.ts";
import type { Scene } from "../detect/contract.ts";
import {
  keepAliveScenes,
  portScenes,
  saturationScenes,
  type Scenes,
  serialScenes,
} from "../detect/scenes.ts";
import { seedsOf } from "../detect/seeds.ts";

/*
 * Which detector speaks up at which sickness, on simulated evidence: `node
 * test/bench/ward-simulated.bench.ts`. Rows are what was simulated, columns the detectors that fail
 * the variant, cells in how many of twenty runs.
 */
const SEEDS = 20;
const WARD: Readonly<Record<string, Scenes>> = {
  "serial-calls": serialScenes,
  "no-keep-alive": keepAliveScenes,
  "port-exhaustion": portScenes,
  saturation: saturationScenes,
};

function spoke(scene: Scene): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const seed of seedsOf(SEEDS)) {
    const failing = detectAll(scene({ seed, rate: 1, identity: true })).filter(
      ({ status }) => status === "fail",
    );
    for (const name of new Set(failing.map(({ detector }) => detector))) {
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  return counts;
}

for (const [name, { both, healthy, lookAlikes, sick }] of Object.entries(WARD)) {
  console.log(`${name}: of ${SEEDS} runs`);
  const scenes = { sick, healthy, both, ...lookAlikes };
  for (const [what, scene] of Object.entries(scenes)) console.log(`  ${what}:`, spoke(scene));
}
