import type { ArmPair } from "../arm-pairs.ts";
import type { StageBlocks } from "../blocks.ts";
import { adjustHarmTests, compareBoth } from "../compare.ts";
import type { KeyGroups } from "../key-groups.ts";
import type { Plan } from "../plan.ts";
import { type ComparisonStatus, statusOf } from "../comparison-status.ts";
import { isLive } from "./live-metric.ts";

/** The decision on one variant at the end of a judged stage, and what it was made of. */
export interface Gate {
  /** The variant. */
  readonly arm: string;
  readonly stage: string;
  readonly decision: "go-on" | "hold" | "roll-back";
  /** What its harm tests together may spend. */
  readonly alpha: number;
  readonly metrics: readonly {
    readonly metric: string;
    readonly status: ComparisonStatus;
    readonly estimate: number | null;
    readonly low: number | null;
    readonly high: number | null;
    readonly margin: number;
    readonly adjustedPHarm: number | null;
  }[];
}

const WELL = new Set<ComparisonStatus>(["within-margin", "small-harm", "improved"]);

/**
 * Decides on a variant after a stage, from its own blocks: `roll-back` when harm of at least its margin is shown in
 * a binding metric (Holm over them, at the gate's alpha), `go-on` when all are shown to be well, else
 * `hold`.
 */
export function gateOf(
  plan: Plan,
  blocks: StageBlocks,
  given: {
    readonly alpha: number;
    readonly dependencies: readonly string[];
    readonly pair: ArmPair;
    /** Of a split by key, the stage in groups of keys; null of another design. */
    readonly byKeys: KeyGroups | null;
  },
): Gate {
  const { byKeys, dependencies, pair } = given;
  const { primary } = plan;
  const one = (role: "primary" | "guardrail") => (spec: Plan["guardrails"][number]) =>
    compareBoth(spec, role, blocks, { plan, dependencies, pair, byKeys });
  const rows = adjustHarmTests([
    ...(primary === null ? [] : [one("primary")(primary)]),
    ...plan.guardrails.filter(isLive).map(one("guardrail")),
  ]);
  const metrics = rows.map((row) => ({
    metric: row.label,
    // `statusOf` takes half of what it is given for harm.
    status: statusOf(row, 2 * given.alpha),
    estimate: row.effect?.estimate ?? null,
    low: row.effect?.low ?? null,
    high: row.effect?.high ?? null,
    margin: row.margin,
    adjustedPHarm: row.adjustedPHarm,
  }));
  const harmed = metrics.some(({ status }) => status === "harm");
  const well = metrics.length > 0 && metrics.every(({ status }) => WELL.has(status));
  const decision = harmed ? "roll-back" : well ? "go-on" : "hold";
  return { arm: pair.arm, stage: blocks.stage.name, decision, alpha: given.alpha, metrics };
}
