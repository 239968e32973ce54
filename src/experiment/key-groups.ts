import {
  answeredStarts,
  type Observation,
  type ObservationMeta,
  type Rows,
} from "../measure/index.ts";
import {
  type Block,
  countObservation,
  emptyBlock,
  emptyCut,
  refusalsFail,
  type StageBlocks,
  targetsOf,
} from "./blocks.ts";
import type { RawComparison } from "./compare.ts";
import type { Plan, PlannedStage } from "./plan.ts";

/** Enough for a variance, few enough that each holds many keys. */
const GROUPS = 60;
/** What the assignment reads of a bucket decides the arm; the group goes by digits far behind. */
const DIGITS = 2 ** 24;

/** The group of a key, by its bucket in (0, 1): it has nothing to do with the arm that it falls to. */
export const groupOf = (bucket: number): number => Math.floor(((bucket * DIGITS) % 1) * GROUPS);

/**
 * The judged stages of a split cut into groups of keys, in the place of blocks of time: all that a key
 * asks for is in one group, so that groups differ by what keys differ by, however long each stays.
 * `buckets`: of each start, by its number. Calls to dependencies are not told apart.
 * Source: Deng, Lu & Litz 2017 (the randomisation unit is the unit of the variance); Chamandy et al. 2012.
 */
export function cutIntoKeyGroups(
  plan: Plan,
  observations: Rows<Observation, ObservationMeta>,
  buckets: ReadonlyMap<number, number>,
  stages: readonly PlannedStage[] = plan.stages,
): readonly StageBlocks[] {
  const targets = targetsOf(plan);
  const lists = { dependencies: 0, targets: targets.length };
  const arms = observations.meta.arms.length;
  const byTime = emptyCut(stages, arms, lists);
  const grouped = byTime.stages.map(({ stage }): StageBlocks => {
    const groups = (): Block[] =>
      Array.from({ length: GROUPS }, () => emptyBlock(stage.blockNs, lists));
    return { stage, blocks: Array.from({ length: arms }, groups) };
  });
  const context = {
    capNs: plan.timeoutNs,
    answered: answeredStarts(observations),
    targets,
    refusalsFail: refusalsFail(plan),
  };
  let group = 0;
  const at = (arm: number, atNs: number): Block | undefined => {
    if (byTime.at(arm, atNs) === undefined) return undefined;
    const place = grouped.findIndex(
      ({ stage }) => atNs >= stage.judgedFromNs! && atNs < stage.endNs,
    );
    return grouped[place]?.blocks[arm]?.[group];
  };
  for (const observation of observations) {
    const bucket = buckets.get(observation.seq);
    if (bucket === undefined) continue;
    group = groupOf(bucket);
    countObservation({ stages: grouped, at }, observation, context);
  }
  return grouped;
}

/** The less certain of two views of one comparison: by blocks of time, and by groups of keys. */
export function lessCertain(byTime: RawComparison, byKeys: RawComparison): RawComparison {
  if (byTime.theta === null) return byTime;
  if (byKeys.theta === null) {
    const why =
      "keys are too few to say how much they differ: more of them would do, or a split by request";
    const warnings = [...byTime.warnings, why];
    return { ...byTime, effect: null, theta: null, pHarm: null, mde: null, warnings };
  }
  const pHarm = Math.max(byTime.pHarm ?? 1, byKeys.pHarm ?? 1);
  return { ...(byKeys.theta.se > byTime.theta.se ? byKeys : byTime), pHarm };
}
