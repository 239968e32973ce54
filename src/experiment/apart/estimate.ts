import { Histogram } from "../../measure/index.ts";
import { type OneArm, oneArmQuantile, oneArmRatio } from "../../stats/index.ts";
import type { Block } from "../blocks.ts";
import { type BlockLists, familyOf, type MetricName } from "../metrics/index.ts";

/** Whether one arm has a value of it, and a run more than one: a peak and compared answers have not. */
export const isOfOneArm = ({ metric }: { readonly metric: string }): boolean =>
  metric !== "response_equality" && familyOf({ metric }).onePerRun !== true;

/** A metric of one arm in one stage, by itself, with what its blocks leave open. */
export function armEstimate(
  name: MetricName,
  arm: { readonly name: string; readonly blocks: readonly Block[] },
  lists: BlockLists,
): OneArm {
  const { effect, ...family } = familyOf(name);
  const evidence = family.evidence(name, lists);
  if (evidence.kind === "sums") {
    const { amounts = false, of } = evidence;
    const scale = effect === "relative" ? "log" : "share";
    return oneArmRatio({ blocks: arm.blocks.map(of), scale, amounts, name: arm.name });
  }
  const pooled = new Histogram();
  for (const block of arm.blocks) pooled.add(evidence.of(block));
  const censoredCount = arm.blocks.reduce((sum, block) => sum + block.censored, 0);
  const values = { pooled, blocks: arm.blocks.map(evidence.of), censoredCount };
  return oneArmQuantile(values, evidence.p, arm.name);
}
