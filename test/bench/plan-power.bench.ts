/**
 * Whether a plan keeps its word: the power that `shakedown plan` tells for a margin, against how often
 * the judge shows no harm in simulated paired blocks that have none. Exits 1 where they are more than
 * 3 points apart. `node test/bench/plan-power.bench.ts [experiments of each]`
 */
import { runsMde, runsPower } from "../../src/stats/index.ts";
import { gaussians } from "../stats/simulate.ts";
import { isShown, planned, type SimulatedClaim } from "../stats/simulate-power.ts";

const EXPERIMENTS = Number(process.argv[2] ?? 4_000);
const POINTS_MAX = 0.03;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`.padStart(8);

/** The margin that the same design shows with about the power wanted. */
const marginFor = (design: Omit<SimulatedClaim, "margin">, power: number): number =>
  Math.expm1(runsMde(planned({ ...design, margin: 0 }), power));

console.log(" runs  blocks  block SD  between   margin   planned  achieved     apart");
let worst = 0;
for (const runs of [1, 2, 4]) {
  for (const [blockSd, betweenRunSd] of [
    [0.05, null],
    [0.2, null],
    [0.05, 0.01],
    [0.2, 0.03],
  ] as const) {
    for (const [blocks, power] of [
      [20, 0.8],
      [40, 0.5],
      [40, 0.8],
      [80, 0.95],
    ] as const) {
      const design = { runs, blocks, blockSd, betweenRunSd };
      const claim = { ...design, margin: marginFor(design, power) };
      const normal = gaussians(JSON.stringify(claim));
      let shown = 0;
      for (let i = 0; i < EXPERIMENTS; i++) if (isShown(claim, normal)) shown++;
      const told = runsPower(planned(claim), Math.log1p(claim.margin));
      const apart = shown / EXPERIMENTS - told;
      worst = Math.max(worst, Math.abs(apart));
      console.log(
        `${String(runs).padStart(5)}${String(blocks).padStart(8)}${percent(blockSd).padStart(10)}` +
          `${percent(betweenRunSd ?? 0).padStart(9)} ${percent(claim.margin)}  ${percent(told)}  ` +
          `${percent(shown / EXPERIMENTS)}  ${percent(apart)}`,
      );
    }
  }
}
console.log(
  `at most ${percent(worst).trim()} apart (${EXPERIMENTS} experiments each; bar 3 points)`,
);
process.exitCode = worst <= POINTS_MAX ? 0 : 1;
