import type { StageBlocks } from "../experiment/index.ts";
import { Histogram } from "../measure/index.ts";
import type { PercentileCurve } from "../report/index.ts";
import { quantileOrderInterval } from "../stats/index.ts";

const CURVE_QUANTILES = [
  0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9975, 0.999, 0.9995, 0.9999,
];

/** Response-time quantiles over the judged blocks, with order-statistic intervals. */
export function curvesOf(
  arms: readonly string[],
  stages: readonly StageBlocks[],
  confidence: number,
): PercentileCurve[] {
  return arms.map((arm, index) => {
    const pooled = new Histogram();
    for (const { blocks } of stages)
      for (const block of blocks[index] ?? []) pooled.add(block.responseTime);
    const n = pooled.count;
    const wanted = CURVE_QUANTILES.filter((p) => p === 0 || n * (1 - p) >= 1);
    const points = wanted.map((p) => {
      const valueUs = p === 0 ? pooled.minUs : pooled.quantile(p);
      if (p === 0 || n < 10) return { quantile: p, valueUs, lowUs: valueUs, highUs: valueUs };
      const { lowRank, highRank } = quantileOrderInterval(n, p, confidence);
      const at = (rank: number, none: number): number =>
        rank < 1 || rank > n ? none : pooled.quantile(rank / n);
      return {
        quantile: p,
        valueUs,
        lowUs: at(lowRank, pooled.minUs),
        highUs: at(highRank, pooled.maxUs),
      };
    });
    return { arm, points: n === 0 ? [] : points };
  });
}
