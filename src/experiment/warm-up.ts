import { MIN_BLOCKS, warmUpLength } from "../stats/index.ts";
import type { StageBlocks } from "./blocks.ts";
import { blockLevel } from "./levels.ts";
import type { Plan, PlannedStage } from "./plan.ts";

/** The beginning of a judged stage at which the arms together were not yet at their level. */
export interface WarmUp {
  readonly stage: string;
  readonly blocks: number;
  /** Where judgement begins instead, in ns of the run. */
  readonly untilNs: number;
}

/** The mean of the arms' levels in each block; null when a block cannot be told. */
function levelsOf(plan: Plan, stage: StageBlocks): number[] | null {
  const { of } = blockLevel(plan, [stage]);
  const levels = (stage.blocks[0] ?? []).map((_, b) => {
    const arms = stage.blocks.map((own) => of(own[b]));
    return arms.reduce((sum, level) => sum + level, 0) / arms.length;
  });
  return levels.every(Number.isFinite) ? levels : null;
}

function warmUpOf(plan: Plan, stage: StageBlocks): number {
  const { warmUpMax = 0 } = plan;
  const { fromPerSec, ratePerSec } = stage.stage;
  // The level of a ramp moves because its rate does.
  if (warmUpMax === 0 || fromPerSec !== ratePerSec) return 0;
  const length = warmUpLength(levelsOf(plan, stage) ?? [], warmUpMax);
  const left = (stage.blocks[0]?.length ?? 0) - length;
  return left < MIN_BLOCKS ? 0 : length;
}

/**
 * What of each judged stage is still warm-up: both arms' blocks up to where the mean of their levels
 * is found to be what it is later (`warmUpLength`), at most the plan's `warmUpMax` of the stage, and
 * never so much that too few blocks were left. It is decided by the arms together and cut from both
 * alike: of arms that are alike it says nothing of their difference, so that no cut favours one
 * (`test/experiment/warm-up.test.ts` simulates it).
 */
export function findWarmUps(plan: Plan, stages: readonly StageBlocks[]): WarmUp[] {
  if (plan.primary === null) return [];
  return stages.flatMap((each): WarmUp[] => {
    const blocks = warmUpOf(plan, each);
    const { blockNs, judgedFromNs, name } = each.stage;
    return blocks === 0 ? [] : [{ stage: name, blocks, untilNs: judgedFromNs! + blocks * blockNs }];
  });
}

/** The same stages, judged only after their warm-up. */
export function stagesAfter(
  warmUps: readonly WarmUp[],
  stages: readonly PlannedStage[],
): PlannedStage[] {
  return stages.map((stage) => {
    const found = warmUps.find((each) => each.stage === stage.name);
    return found === undefined ? stage : { ...stage, judgedFromNs: found.untilNs };
  });
}

/** The same blocks without their warm-up. */
export function blocksAfter(
  warmUps: readonly WarmUp[],
  stages: readonly StageBlocks[],
): StageBlocks[] {
  const after = stagesAfter(
    warmUps,
    stages.map(({ stage }) => stage),
  );
  return stages.map(({ blocks, stage }, index) => {
    const cut = warmUps.find((each) => each.stage === stage.name)?.blocks ?? 0;
    return { stage: after[index]!, blocks: blocks.map((own) => own.slice(cut)) };
  });
}
