import { MIN_BLOCKS, TREND_SLICES } from "../../stats/index.ts";
import { type ArmPair, pairedBlocks } from "../arm-pairs.ts";
import { blockLists, type StageBlocks } from "../blocks.ts";
import { metricEffect } from "../metric-effect.ts";
import type { Plan } from "../plan.ts";

/** Where slices of so many blocks begin and end: as equal as whole blocks can be. */
export const cutsOf = (blocks: number): number[] =>
  Array.from({ length: TREND_SLICES + 1 }, (_, i) => Math.floor((i * blocks) / TREND_SLICES));

/**
 * The primary metric's effect in each of `TREND_SLICES` slices of a stage, on the scale of inference
 * (a log-ratio, or a difference), variant minus control; NaN where nothing is told. None where the
 * stage has too few blocks.
 */
export function effectSlices(
  plan: Plan,
  stage: StageBlocks,
  context: { readonly dependencies: readonly string[]; readonly pair: ArmPair },
): number[] {
  const { primary } = plan;
  const { control, variant } = pairedBlocks(stage, context.pair);
  if (primary === null || control.length < MIN_BLOCKS) return [];
  const cuts = cutsOf(control.length);
  const lists = blockLists(plan, context.dependencies);
  return cuts.slice(1).map((to, index) => {
    const of = <Block>(blocks: readonly Block[]): readonly Block[] => blocks.slice(cuts[index], to);
    const arms = { control: of(control), variant: of(variant), confidence: 1 - plan.alpha };
    return metricEffect(primary, { ...arms, betweenRunSd: null }, lists).theta.estimate;
  });
}
