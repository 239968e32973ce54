import { MIN_BLOCKS, normalCdf, normalQuantile } from "../../stats/index.ts";
import type { Block } from "../blocks.ts";
import { metricEffect } from "../metric-effect.ts";
import { type BlockLists, familyOf, type MetricSpec } from "../metrics/index.ts";

/** Below this chance the rest of a stage can hardly show what is claimed. */
export const FUTILE_BELOW = 0.1;

/**
 * The chance that a stage will end with its interval within the margin (or below the claimed gain),
 * should the effect go on as it was: `Φ((m − z·SE − θ̂)/(SE·√(1−t)))`, with t the share of its
 * blocks that are done and SE the standard error to be expected at its end. 1 before it can be told.
 * Source: Lan & Wittes 1988 (the B-value); Jennison & Turnbull 2000 ch. 10, under the current trend.
 */
export function conditionalPower(
  spec: MetricSpec,
  arms: { readonly control: readonly Block[]; readonly variant: readonly Block[] },
  planned: { readonly blocks: number; readonly alpha: number; readonly lists: BlockLists },
): number {
  const done = arms.control.length / planned.blocks;
  if (arms.control.length < MIN_BLOCKS || done >= 1) return 1;
  const given = { ...arms, confidence: 1 - planned.alpha, betweenRunSd: null };
  const { judged, theta } = metricEffect(spec, given, planned.lists);
  if (!judged || !(theta.se > 0)) return 1;
  const { better, effect } = familyOf(spec);
  const harm = better === "higher" ? -theta.estimate : theta.estimate;
  const limit = spec.minimumEffect === undefined ? spec.margin : 0;
  const bound = effect === "relative" ? Math.log1p(limit) : limit;
  const endSe = theta.se * Math.sqrt(done);
  const reach = bound - normalQuantile(1 - planned.alpha / 2) * endSe - harm;
  return normalCdf(reach / (endSe * Math.sqrt(1 - done)));
}
