import { NS_PER_S } from "../core/index.ts";
import {
  type ArmEnds,
  type MetricComparison,
  type PartComparison,
  type Plan,
  statusOf,
  type Verdicts,
} from "../experiment/index.ts";
import type { Result } from "../report/index.ts";

/** Up to when a variant was judged, where its load was cut before the end. */
const untilOf = (arm: string, ends: ArmEnds): { judgedUntilS?: number } => {
  const untilNs = ends.get(arm);
  return untilNs === undefined ? {} : { judgedUntilS: untilNs / NS_PER_S };
};

/** Comparisons as a result has them. */
export function comparisonRows(
  plan: Plan,
  comparisons: readonly MetricComparison[],
  ends: ArmEnds = new Map(),
): Result["comparisons"] {
  return comparisons.map((row) => ({
    arm: row.arm,
    metric: row.label,
    unit: row.unit,
    better: row.better,
    role: row.role,
    stage: row.stage,
    control: row.control,
    variant: row.variant,
    effect: row.effect === null ? null : { ...row.effect, confidence: row.confidence },
    margin: row.margin,
    ...(row.minimumEffect === undefined ? {} : { minimumEffect: row.minimumEffect }),
    mde: row.mde,
    ...untilOf(row.arm, ends),
    status: statusOf(row, plan.alpha),
    warnings: [...row.warnings],
  }));
}

export const partRows = (parts: readonly PartComparison[]): Result["parts"] =>
  parts.map(({ adjustedP, by, name, row, shown }) => ({
    arm: row.arm,
    by,
    name,
    metric: row.label,
    unit: row.unit,
    better: row.better,
    stage: row.stage,
    control: row.control,
    variant: row.variant,
    effect: row.effect === null ? null : { ...row.effect, confidence: row.confidence },
    adjustedP,
    shown,
  }));

/** By variant, what was decided; nothing where one arm is alone. */
export const verdictRows = (verdicts: Verdicts["verdicts"]): Pick<Result, "verdicts"> =>
  verdicts.size === 0
    ? {}
    : {
        verdicts: Object.fromEntries([...verdicts].map(([arm, verdict]) => [arm, { ...verdict }])),
      };
