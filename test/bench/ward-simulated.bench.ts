import { DETECTORS, detectAll } from "../../src/detect/index.ts";
import { stampedeScenes, thrashScenes } from "../detect/cache-scenes.ts";
import { isNamed, type Scene } from "../detect/contract.ts";
import {
  breakerScenes,
  inversionScenes,
  metastableScenes,
  noTimeoutScenes,
} from "../detect/failing-scenes.ts";
import { herdScenes, rateLimitScenes, unusedScenes, wasteScenes } from "../detect/limit-scenes.ts";
import { backpressureScenes, bulkheadScenes, capScenes } from "../detect/overload-scenes.ts";
import { acquireScenes, leakScenes, pileScenes, poolScenes } from "../detect/pool-scenes.ts";
import { retryScenes } from "../detect/retry-scenes.ts";
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
 * test/bench/ward-simulated.bench.ts [name …]`. Rows are what was simulated, at 1, 3 and 10 × the
 * profile's rate; columns what was said: in how many runs the row's own detector names it with its
 * cause and size, in how many it fails the variant, and which others do.
 */
const RATES = [1, 3, 10] as const;
const SEEDS = { 1: 20, 3: 10, 10: 5 } as const;
const WARD: readonly (readonly [detector: string, scenes: Scenes])[] = [
  ["pool-exhaustion", poolScenes],
  ["acquire-timeout", acquireScenes],
  ["pool-leak", pileScenes],
  ["pool-leak", leakScenes],
  ["cache-thrash", thrashScenes],
  ["stampede", stampedeScenes],
  ["retry-storm", retryScenes],
  ["no-timeout", noTimeoutScenes],
  ["timeout-inversion", inversionScenes],
  ["breaker", breakerScenes],
  ["rate-limit", rateLimitScenes],
  ["rate-limit", herdScenes],
  ["rate-limit", wasteScenes],
  ["rate-limit", unusedScenes],
  ["metastable", metastableScenes],
  ["no-keep-alive", keepAliveScenes],
  ["port-exhaustion", portScenes],
  ["no-backpressure", backpressureScenes],
  ["no-bulkhead", bulkheadScenes],
  ["slow-dependency", capScenes],
  ["saturation", saturationScenes],
  ["serial-calls", serialScenes],
];

interface Row {
  readonly runs: number;
  named: number;
  readonly spoke: Map<string, number>;
}

function rowOf(scenes: Scenes, scene: Scene, detector: string, rate: (typeof RATES)[number]): Row {
  const row: Row = { runs: SEEDS[rate], named: 0, spoke: new Map() };
  const own = DETECTORS.find(({ name }) => name === detector)!;
  for (const seed of seedsOf(row.runs)) {
    const world = { seed, rate, identity: true };
    const findings = detectAll(scene(world)).filter(({ status }) => status === "fail");
    const ofOwn = findings.filter((each) => each.detector === detector);
    if (ofOwn.some((each) => isNamed(each, { detector: own, ...scenes }, world))) row.named++;
    for (const name of new Set(findings.map((each) => each.detector))) {
      row.spoke.set(name, (row.spoke.get(name) ?? 0) + 1);
    }
  }
  return row;
}

function words({ named, runs, spoke }: Row, detector: string): string {
  const others = [...spoke].filter(([name]) => name !== detector);
  const said = others.map(([name, count]) => `${name} ${count}`).join(", ");
  return `named ${named}, fails ${spoke.get(detector) ?? 0} of ${runs}${said === "" ? "" : `; others: ${said}`}`;
}

const asked = process.argv.slice(2);
for (const [detector, scenes] of WARD) {
  if (asked.length > 0 && !asked.includes(detector)) continue;
  console.log(detector);
  for (const rate of scenes.rates ?? RATES) {
    console.log(
      `  sick, ${rate} ×: ${words(rowOf(scenes, scenes.sick, detector, rate), detector)}`,
    );
  }
  const well = { healthy: scenes.healthy, "both sick": scenes.both, ...scenes.lookAlikes };
  for (const [what, scene] of Object.entries(well)) {
    console.log(`  ${what}: ${words(rowOf(scenes, scene, detector, 1), detector)}`);
  }
}
