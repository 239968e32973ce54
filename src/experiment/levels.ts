import type { Histogram } from "../measure/index.ts";
import type { Block, StageBlocks } from "./blocks.ts";
import type { Plan } from "./plan.ts";

/** So many values must lie beyond a quantile in a block, or the block's median is taken. */
const MIN_BEYOND = 5;

/** The level of a block: one of its quantiles. */
export interface BlockLevel {
  /** For people: `p95 of the blocks`, `p50 service time of the blocks`. */
  readonly name: string;
  /** Its logarithm; NaN in a block where nothing was started. */
  readonly of: (block: Block | undefined) => number;
}

/**
 * What tells how slow a block was: the primary metric's quantile where blocks have enough values
 * beyond it, else the median; of the service time where that is the primary.
 */
export function blockLevel({ primary }: Plan, stages: readonly StageBlocks[]): BlockLevel {
  const metric = primary?.metric ?? "";
  const ofService = metric.startsWith("service_time_");
  const times = (block: Block): Histogram => (ofService ? block.serviceTime : block.responseTime);
  const percentile = /_time_p([\d.]+)$/.exec(metric)?.[1];
  const wanted = percentile === undefined ? 0.5 : Number(percentile) / 100;
  const sizes = stages.flatMap(({ blocks }) => blocks.flat().map((block) => times(block).count));
  const typical = sizes.toSorted((a, b) => a - b)[Math.floor(sizes.length / 2)] ?? 0;
  const p = typical * Math.min(wanted, 1 - wanted) >= MIN_BEYOND ? wanted : 0.5;
  const what = ofService ? "service time of the blocks" : "of the blocks";
  return {
    name: `p${Number((100 * p).toFixed(3))} ${what}`,
    of: (block) =>
      block === undefined || times(block).count === 0 ? NaN : Math.log(times(block).quantile(p)),
  };
}
