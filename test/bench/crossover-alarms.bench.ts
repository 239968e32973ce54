import { detectAll } from "../../src/detect/index.ts";
import { heardDetectors } from "../../src/run/heard-detectors.ts";
import type { Scene } from "../detect/contract.ts";
import { backpressureScenes, bulkheadScenes, capScenes } from "../detect/overload-scenes.ts";
import { acquireScenes, leakScenes, pileScenes } from "../detect/pool-scenes.ts";
import {
  keepAliveScenes,
  portScenes,
  saturationScenes,
  type Scenes,
  serialScenes,
} from "../detect/scenes.ts";
import { seedsOf } from "../detect/seeds.ts";
import { S } from "../detect/simulate.ts";

/*
 * How often detectors condemn a variant for nothing where arms take turns (a crossover): `node
 * test/bench/crossover-alarms.bench.ts [seeds]`. Pairs of like arms, well and sick, are loaded in turns
 * and shown to the detectors that a crossover hears, each arm in its own time; beside them the same
 * pairs loaded at once. Rows are what was simulated, 10 seeds each unless told, with identity and
 * without; numbers are runs with a finding that fails. Seeded: the same each time.
 */
const PAIRS: readonly (readonly [name: string, scenes: Scenes])[] = [
  ["acquire-timeout", acquireScenes],
  ["connections that pile up", pileScenes],
  ["pool-leak", leakScenes],
  ["no-keep-alive", keepAliveScenes],
  ["ports", portScenes],
  ["no-backpressure", backpressureScenes],
  ["no-bulkhead", bulkheadScenes],
  ["slow-dependency", capScenes],
  ["saturation", saturationScenes],
  ["serial-calls", serialScenes],
];
const HEARD = heardDetectors({
  assignment: { kind: "crossover", periodNs: S, washoutNs: 0.2 * S },
});

const runs = Number(process.argv[2] ?? 10);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Runs in which something fails, and what. */
function alarms(scene: Scene, turnNs: number | undefined): { count: number; who: Set<string> } {
  const who = new Set<string>();
  let count = 0;
  for (const seed of seedsOf(runs)) {
    for (const identity of [true, false]) {
      const turns = turnNs === undefined ? {} : { turnNs };
      const findings = detectAll(scene({ seed, rate: 1, identity, ...turns }), HEARD);
      const failing = findings.filter(({ status }) => status === "fail");
      if (failing.length > 0) count++;
      for (const { detector } of failing) who.add(detector);
    }
  }
  return { count, who };
}

say(`Of ${2 * runs} runs each, with a finding that fails: at once, in turns of 2 s, 1 s and 0.5 s`);
const sums = [0, 0, 0, 0];
for (const [name, scenes] of PAIRS) {
  for (const [state, scene] of [
    ["well", scenes.healthy],
    ["sick alike", scenes.both],
  ] as const) {
    const found = [undefined, 2 * S, S, 0.5 * S].map((turnNs) => alarms(scene, turnNs));
    const who = new Set(found.flatMap((each) => [...each.who]));
    for (const [place, { count }] of found.entries()) sums[place]! += count;
    const said = who.size === 0 ? "" : `  (${[...who].join(", ")})`;
    say(`${name}, ${state}: ${found.map(({ count }) => count).join(", ")}${said}`);
  }
}
say(`in all, of ${PAIRS.length * 2 * 2 * runs}: ${sums.join(", ")}`);
