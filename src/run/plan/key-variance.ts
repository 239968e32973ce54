import {
  type ArmPair,
  type BlockLists,
  cutIntoKeyGroups,
  type KeyGroups,
  type MeasuredVariance,
  metricEffect,
  type MetricSpec,
  pairedBlocks,
  type Plan,
  type PlannedStage,
  splitsByKey,
  toldByKeys,
} from "../../experiment/index.ts";
import { compared } from "../exposures.ts";
import type { Gathered } from "../gather.ts";

/** A pilot's judged stages in groups of keys, for a plan that splits by key; null where it was no such split. */
export function keyGroupsOf(
  plan: Plan,
  { calls, exposures, observations, registered }: Gathered,
  given: { readonly dependencies: readonly string[]; readonly stages: readonly PlannedStage[] },
): KeyGroups | null {
  if (!splitsByKey(plan) || !splitsByKey(registered.plan)) return null;
  const rows = compared(registered.plan, { observations, calls }, exposures);
  const { dependencies, stages } = given;
  // What is told of good requests goes by the plan's targets, whatever the pilot's were.
  const cut = { ...plan, timeoutNs: registered.plan.timeoutNs };
  return rows.buckets.size === 0 ? null : cutIntoKeyGroups(cut, { ...rows, dependencies }, stages);
}

/** The larger of what blocks of time and keys leave open of a metric; a doubt where keys are not known. */
export function withKeys(
  spec: MetricSpec,
  byTime: MeasuredVariance,
  keys: {
    readonly plan: Plan;
    readonly groups: KeyGroups | null;
    readonly stage: string;
    readonly lists: BlockLists;
    readonly pair: ArmPair;
  },
): MeasuredVariance {
  const { groups, lists, pair, plan } = keys;
  if (!splitsByKey(plan)) return byTime;
  const stage = groups?.stages.find((each) => each.stage.name === keys.stage);
  if (groups === null || stage === undefined) {
    const doubt = "the pilot was no split by key, and does not tell how much users differ";
    return { ...byTime, doubt: byTime.doubt ?? doubt };
  }
  if (toldByKeys(spec, groups) !== "groups") return byTime;
  const arms = { ...pairedBlocks(stage, pair), confidence: 0.95, betweenRunSd: null };
  const { judged, theta } = metricEffect(spec, arms, lists);
  if (judged) return { ...byTime, se: Math.max(byTime.se, theta.se) };
  const doubt = "the pilot has too few keys to say how much users differ";
  return { ...byTime, doubt: byTime.doubt ?? doubt };
}
