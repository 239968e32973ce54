import { type BlockEffect, type RatioBlock, unjudged } from "../stats/index.ts";

/** NaN where there is none. */
function largest(blocks: readonly RatioBlock[]): number {
  const seen = blocks.filter(({ denominator }) => denominator > 0);
  const values = seen.map(({ denominator, numerator }) => numerator / denominator);
  return values.length === 0 ? Number.NaN : Math.max(...values);
}

/**
 * The log-ratio of the arms' largest blocks, of what a run has one value of. Never judged: blocks of
 * one run say nothing of how much two runs of a build differ in it, so several runs have to.
 */
export function largestBlockRatio(arms: {
  readonly control: readonly RatioBlock[];
  readonly variant: readonly RatioBlock[];
  readonly confidence: number;
}): BlockEffect {
  const [control, variant] = [largest(arms.control), largest(arms.variant)];
  const message =
    "a run has one peak, and how much that differs by itself is shown by several runs only: " +
    "write runs: 3, or more, under `design`";
  return unjudged({
    estimate: Math.log(variant / control),
    confidence: arms.confidence,
    control,
    variant,
    blocks: arms.control.length,
    exceedances: { control: 0, variant: 0 },
    warnings: [{ code: "one-per-run", message }],
  });
}
