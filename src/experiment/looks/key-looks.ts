import type { ArmPair } from "../arm-pairs.ts";
import { compareStage } from "../compare.ts";
import { type KeyGroups, toldByKeys } from "../key-groups.ts";
import type { MetricSpec } from "../metrics/index.ts";
import type { Plan, PlannedStage } from "../plan.ts";
import type { WholeBlock } from "./live-blocks.ts";

/** A stage up to a moment of the run, in groups of keys: what has been written of it so far. */
export type KeyGroupsUntil = (stage: PlannedStage, untilNs: number) => KeyGroups;

/** So much longer must a stage have gone on for its groups to be read again. */
const GROWTH = 1.125;

/**
 * What groups of keys say while a split by key goes on. Blocks of time do not see that users differ
 * where users stay, so that what they show is asked of the keys, too, before anything is done. Groups
 * are read when they are asked for, and again when the stage is an eighth longer.
 */
export class KeyLooks {
  readonly #plan: Plan;
  readonly #read: KeyGroupsUntil;
  #known: { readonly stage: number; readonly blocks: number; readonly groups: KeyGroups } | null =
    null;

  constructor(plan: Plan, read: KeyGroupsUntil) {
    this.#plan = plan;
    this.#read = read;
  }

  groups({ block, endNs, lastOfStage, stage, stageIndex }: WholeBlock): KeyGroups {
    const blocks = block + 1;
    const known = this.#known;
    const enough = known !== null && known.stage === stageIndex && blocks < GROWTH * known.blocks;
    if (enough && (!lastOfStage || known.blocks === blocks)) return known.groups;
    const groups = this.#read(stage, endNs);
    this.#known = { stage: stageIndex, blocks, groups };
    return groups;
  }

  /** Whether the keys show harm in a metric, too, at this alpha; not where they can tell nothing. */
  bearsOut(
    spec: MetricSpec,
    whole: WholeBlock,
    given: {
      readonly pair: ArmPair;
      readonly alpha: number;
      readonly dependencies: readonly string[];
    },
  ): boolean {
    const { alpha, dependencies, pair } = given;
    const groups = this.groups(whole);
    const stage = groups.stages.find((each) => each.stage.name === whole.stage.name);
    if (stage === undefined || toldByKeys(spec, groups) !== "groups") return false;
    const plan = this.#plan;
    const { pHarm } = compareStage(spec, "guardrail", stage, { plan, dependencies, pair });
    return pHarm !== null && pHarm <= alpha;
  }
}

/** Whether a plan splits by keys that have several starts each. */
export const splitsByKey = ({ assignment }: Pick<Plan, "assignment">): boolean =>
  assignment?.kind === "split" && assignment.by.kind !== "request";
