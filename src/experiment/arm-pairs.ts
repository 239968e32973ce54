import type { Block, StageBlocks } from "./blocks.ts";
import type { Plan } from "./plan.ts";

/** Two arms that are compared, by their places in the plan's list of arms. */
export interface ArmPair {
  readonly control: number;
  readonly variant: number;
  /** The variant's name: whose comparison it is. */
  readonly arm: string;
  /** Up to when it is judged, in ns of the run: its load was cut then. To the end unless given. */
  readonly untilNs?: number;
}

/** Up to when a variant is judged whose load was cut before the run's end, by name. */
export type ArmEnds = ReadonlyMap<string, number>;

/**
 * The pairs of a plan: each variant with the control, which stands first. None where one arm is
 * alone.
 */
export function armPairs({ arms }: Pick<Plan, "arms">, ends: ArmEnds = new Map()): ArmPair[] {
  return arms.slice(1).map((arm, index): ArmPair => {
    const pair = { control: 0, variant: index + 1, arm };
    const untilNs = ends.get(arm);
    return untilNs === undefined ? pair : { ...pair, untilNs };
  });
}

/** The blocks of both arms of a pair, up to where its variant is judged. */
export function pairedBlocks(
  { blocks, stage }: StageBlocks,
  { control, untilNs, variant }: ArmPair,
): { readonly control: readonly Block[]; readonly variant: readonly Block[] } {
  const fromNs = stage.judgedFromNs ?? stage.startNs;
  const left = untilNs === undefined ? Infinity : Math.floor((untilNs - fromNs) / stage.blockNs);
  const of = (arm: number): readonly Block[] => (blocks[arm] ?? []).slice(0, Math.max(left, 0));
  return { control: of(control), variant: of(variant) };
}

/** Whether a stage had begun to be judged when a pair's variant was cut; true where it was not. */
export const reaches = ({ stage }: StageBlocks, { untilNs = Infinity }: ArmPair): boolean =>
  (stage.judgedFromNs ?? stage.startNs) < untilNs;

/**
 * The confidence of each variant's intervals: `1 − alpha/m` with m variants, so that the chance that
 * any of them is wrongly shown to be well stays below alpha/2, however variants that share a control
 * depend on each other. Source: Bonferroni. (Dunnett 1955 is narrower by 2 % with three variants, and exact for
 * normal errors of one variance alone, which blocks of quantiles and ratios do not have.)
 */
export const familyConfidence = ({ alpha, arms }: Pick<Plan, "alpha" | "arms">): number =>
  1 - alpha / Math.max(arms.length - 1, 1);
