import {
  type ArmBlocks,
  normalQuantile,
  pairedBlockQuantile,
  tQuantile,
} from "../../../src/stats/index.ts";
import { armBlocks, gaussians, simulateArms } from "../simulate.ts";
import type { Runners } from "./runner.ts";

const REPS = 300;
const DESIGN = { blocks: 60, perBlock: 200, sharedSd: 0.2, armSd: 0.05, requestSd: 0.5 };

/** Variances of ln Q of one arm: every request independent; and every block. */
function variancesOf(arm: ArmBlocks, p: number): { iid: number; clusters: number } {
  const { count } = arm.pooled;
  const value = arm.pooled.quantile(p);
  const h = normalQuantile(0.975) * Math.sqrt((p * (1 - p)) / count);
  const density = (2 * h) / (arm.pooled.quantile(p + h) - arm.pooled.quantile(p - h));
  const scale = count * density * value;
  const squares = arm.blocks.reduce(
    (sum, block) => sum + (p * block.count - block.countAtOrBelow(value)) ** 2,
    0,
  );
  const blocks = arm.blocks.length;
  return {
    iid: (p * (1 - p) * count) / scale ** 2,
    clusters: ((blocks / (blocks - 1)) * squares) / scale ** 2,
  };
}

export const pairedCoverage: Runners = {
  "sim-paired-coverage": ({ p: quantiles }) => {
    const normal = gaussians("sim-paired-coverage");
    const places = quantiles as number[];
    const sums = places.map(() => ({ iid: 0, clusters: 0, paired: 0, wide: 0, narrow: 0 }));
    for (let rep = 0; rep < REPS; rep++) {
      const arms = simulateArms(DESIGN, normal);
      const [control, variant] = [armBlocks(arms.control), armBlocks(arms.variant)];
      for (const [i, p] of places.entries()) {
        const of = sums[i]!;
        const { estimate, high, low } = pairedBlockQuantile({
          p,
          confidence: 0.95,
          control,
          variant,
        });
        const [a, b] = [variancesOf(control, p), variancesOf(variant, p)];
        const wide = tQuantile(0.975, DESIGN.blocks - 1) * Math.sqrt(a.clusters + b.clusters);
        const iid = normalQuantile(0.975) * Math.sqrt(a.iid + b.iid);
        of.iid += Math.abs(estimate) <= iid ? 1 / REPS : 0;
        of.clusters += Math.abs(estimate) <= wide ? 1 / REPS : 0;
        of.paired += low <= 0 && high >= 0 ? 1 / REPS : 0;
        of.wide += wide / REPS;
        of.narrow += (high - low) / 2 / REPS;
      }
    }
    return {
      coverage_iid: sums.map(({ iid }) => iid),
      coverage_unpaired_cluster: sums.map(({ clusters }) => clusters),
      coverage_paired_linearised: sums.map(({ paired }) => paired),
      half_width_unpaired: sums.map(({ wide }) => wide),
      half_width_paired: sums.map(({ narrow }) => narrow),
    };
  },
};
