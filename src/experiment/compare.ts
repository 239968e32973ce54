import { holm } from "../stats/index.ts";
import {
  type ArmEnds,
  type ArmPair,
  armPairs,
  familyConfidence,
  pairedBlocks,
  reaches,
} from "./arm-pairs.ts";
import { blockLists, type StageBlocks } from "./blocks.ts";
import { type KeyGroups, lessCertain, toldByKeys, unnamed } from "./key-groups.ts";
import { type MetricEffect, metricEffect } from "./metric-effect.ts";
import { metricLabel } from "./metric.ts";
import { familyOf, type MetricSpec, type MetricUnit } from "./metrics/index.ts";
import type { Plan } from "./plan.ts";
import type { JudgedComparison } from "./comparison-status.ts";

/** One metric of one stage, control against one variant, on the effect's own scale. */
export interface MetricComparison extends JudgedComparison {
  /** The variant. */
  readonly arm: string;
  readonly unit: MetricUnit;
  readonly better: "lower" | "higher";
  readonly control: number | null;
  readonly variant: number | null;
  readonly confidence: number;
  /** Minimum detectable effect at power 0.8, on the effect's scale. */
  readonly mde: number | null;
  /**
   * The estimate on the scale that it was made on (a log-ratio, or a difference), variant minus
   * control whatever is better; null with `effect`.
   */
  readonly theta: { readonly estimate: number; readonly se: number; readonly df: number } | null;
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** What several runs are compared by: also what one run alone cannot be judged by. */
function thetaOf({ judged, theta }: MetricEffect, onePerRun: boolean): MetricComparison["theta"] {
  if (judged) return theta;
  const { estimate } = theta;
  return onePerRun && Number.isFinite(estimate) ? { estimate, se: 0, df: 0 } : null;
}

const BREACHED =
  "the load was halved here, since it looked bad: what was seen up to then is no test of harm, nor of its want";

/** Compares one metric of one pair of arms in one stage. */
export function compareStage(
  spec: MetricSpec,
  role: JudgedComparison["role"],
  blocks: StageBlocks,
  context: {
    readonly plan: Plan;
    readonly dependencies: readonly string[];
    readonly pair: ArmPair;
  },
): RawComparison {
  const { dependencies, pair, plan } = context;
  const confidence = familyConfidence(plan);
  const { betweenRunSd } = plan;
  const arms = { ...pairedBlocks(blocks, pair), confidence, betweenRunSd };
  const found = metricEffect(spec, arms, blockLists(plan, dependencies));
  const { better, onePerRun = false, unit } = familyOf(spec);
  const { estimate, high, judged, kind, low } = found;
  return {
    label: metricLabel(spec),
    arm: pair.arm,
    stage: blocks.stage.name,
    role,
    unit,
    better,
    control: finite(found.control),
    variant: finite(found.variant),
    confidence,
    effect: judged ? { kind, estimate, low, high } : null,
    margin: spec.margin,
    ...(spec.minimumEffect === undefined ? {} : { minimumEffect: spec.minimumEffect }),
    mde: judged ? finite(found.mde) : null,
    theta: thetaOf(found, onePerRun),
    pHarm: judged && blocks.stage.breached !== true ? found.pHarm : null,
    warnings: [
      ...(blocks.stage.breached === true ? [BREACHED] : []),
      ...found.warnings.map(({ message }) => message),
    ],
  };
}

/** A comparison whose harm test has not been adjusted yet. */
export type RawComparison = Omit<MetricComparison, "adjustedPHarm"> & {
  readonly pHarm: number | null;
};

/**
 * The harm tests of primary and guardrails are adjusted together (Holm), over variants, metrics and
 * stages, so that the chance of a false roll-back of any variant stays below alpha/2; secondaries are
 * adjusted among themselves and bind nothing.
 */
export function adjustHarmTests(rows: readonly RawComparison[]): MetricComparison[] {
  const adjusted = new Map<RawComparison, number>();
  for (const binding of [true, false]) {
    const family = rows.filter(
      (row) => row.pHarm !== null && (row.role !== "secondary") === binding,
    );
    const pValues = holm(family.map((row) => row.pHarm ?? 1));
    for (const [index, row] of family.entries()) adjusted.set(row, pValues[index] ?? 1);
  }
  return rows.map((row) => {
    const { pHarm: _raw, ...rest } = row;
    return { ...rest, adjustedPHarm: adjusted.get(row) ?? null };
  });
}

/** By blocks of time and, where keys can tell, by groups of keys. */
export function compareBoth(
  spec: MetricSpec,
  role: JudgedComparison["role"],
  blocks: StageBlocks,
  context: Parameters<typeof compareStage>[3] & { readonly byKeys: KeyGroups | null },
): RawComparison {
  const { byKeys, pair } = context;
  const byTime = compareStage(spec, role, blocks, context);
  const groups = byKeys?.stages.find(({ stage }) => stage.name === blocks.stage.name);
  // Groups have no order in time: of a variant that was cut, time alone can tell what came before.
  if (byKeys === null || pair.untilNs !== undefined) return byTime;
  const told = toldByKeys(spec, byKeys);
  if (told !== "groups") return told === "unnamed" ? unnamed(byTime) : byTime;
  return lessCertain(
    byTime,
    groups === undefined ? null : compareStage(spec, role, groups, context),
  );
}

/** A second look at a row of the primary metric. */
export type CheckPrimary = (
  row: RawComparison,
  spec: MetricSpec,
  stage: StageBlocks,
  context: {
    readonly plan: Plan;
    readonly dependencies: readonly string[];
    readonly pair: ArmPair;
  },
) => RawComparison;

/**
 * Compares every registered metric of every variant in every judged stage, harm tests adjusted
 * together, those of `more` with them: what else is guarded. `ends`: variants that were cut.
 * `byKeys`: of a split by key, the same stages in groups of keys; what they leave less certain is so.
 * `check`: what is made of the primary metric's rows, before tests are adjusted; nothing unless given.
 */
export function compareMetrics(
  plan: Plan,
  stages: readonly StageBlocks[],
  dependencies: readonly string[],
  more: readonly RawComparison[] = [],
  ends: ArmEnds = new Map(),
  byKeys: KeyGroups | null = null,
  check: CheckPrimary = (row) => row,
): MetricComparison[] {
  const { primary } = plan;
  if (primary === null) return [];
  const rows = armPairs(plan, ends).flatMap((pair) =>
    stages
      .filter((stage) => reaches(stage, pair))
      .flatMap((stage) => {
        const one = (role: JudgedComparison["role"]) => (spec: MetricSpec) =>
          compareBoth(spec, role, stage, { plan, dependencies, pair, byKeys });
        return [
          check(one("primary")(primary), primary, stage, { plan, dependencies, pair }),
          ...plan.secondary.map(one("secondary")),
          ...plan.guardrails.map(one("guardrail")),
        ];
      }),
  );
  return adjustHarmTests([...rows, ...more]);
}
