import { MIN_BLOCKS, settling } from "../../stats/index.ts";
import { type ArmEnds, armPairs } from "../arm-pairs.ts";
import type { StageBlocks } from "../blocks.ts";
import type { Plan } from "../plan.ts";
import type { WarmUp } from "../warm-up.ts";
import { cutsOf, effectSlices } from "./slices.ts";

/** The beginning of a soak at which a variant's effect was not yet what it is later. */
export interface Settled extends WarmUp {
  /** Whose effect took longest, and its means before and after, on the scale of inference. */
  readonly arm: string;
  readonly early: number;
  readonly late: number;
}

/**
 * What of each soak comes before the effect's late level, in all arms alike: the verdict rests on what
 * comes after, since that is what is lived with. It is looked for in soaks alone, which ask for it, and
 * says something of the effect itself; of arms that are alike it is found in less than one soak of a
 * hundred (`settling`), which adds as little to false alarms.
 */
export function findSettled(
  plan: Plan,
  stages: readonly StageBlocks[],
  context: { readonly dependencies: readonly string[]; readonly ends: ArmEnds },
): Settled[] {
  const { dependencies, ends } = context;
  return stages.flatMap((each): Settled[] => {
    if (each.stage.soak === undefined) return [];
    const found = armPairs(plan, ends).flatMap((pair): Settled[] => {
      const settled = settling(effectSlices(plan, each, { dependencies, pair }));
      if (settled === null) return [];
      const { early, late } = settled;
      const blocks = cutsOf(each.blocks[0]?.length ?? 0)[settled.from]!;
      const { blockNs, judgedFromNs, name } = each.stage;
      const untilNs = judgedFromNs! + blocks * blockNs;
      return [{ stage: name, blocks, untilNs, arm: pair.arm, early, late }];
    });
    const [longest] = found.toSorted((a, b) => b.blocks - a.blocks);
    const left = (each.blocks[0]?.length ?? 0) - (longest?.blocks ?? 0);
    return longest === undefined || left < MIN_BLOCKS ? [] : [longest];
  });
}
