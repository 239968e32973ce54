import { Histogram } from "../measure/index.ts";
import {
  holm,
  pairedBlockDifference,
  pairedBlockLogRatio,
  pairedBlockQuantile,
} from "../stats/index.ts";
import type { Block, StageBlocks } from "./blocks.ts";
import { type Metric, metricLabel, metricOf, type MetricSpec } from "./metric.ts";
import type { Plan } from "./plan.ts";
import type { JudgedComparison } from "./verdict.ts";

/** One metric of one stage, control against variant, on the effect's own scale. */
export interface MetricComparison extends JudgedComparison {
  readonly unit: "us" | "ratio" | "calls per request";
  readonly control: number | null;
  readonly variant: number | null;
  readonly confidence: number;
  /** Minimum detectable effect at power 0.8, on the effect's scale. */
  readonly mde: number | null;
  /** The estimate on the scale that it was made on (a log-ratio, or a difference); null with `effect`. */
  readonly theta: { readonly estimate: number; readonly se: number; readonly df: number } | null;
}

interface Effect {
  readonly judged: boolean;
  readonly se: number;
  readonly df: number;
  readonly control: number;
  readonly variant: number;
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly mde: number;
  readonly pHarm: number;
  readonly warnings: readonly { readonly message: string }[];
}

function quantileArm(blocks: readonly Block[], of: "response" | "service") {
  const histogramOf = (block: Block): Histogram =>
    of === "response" ? block.responseTime : block.serviceTime;
  const pooled = new Histogram();
  for (const block of blocks) pooled.add(histogramOf(block));
  const censoredCount = blocks.reduce((sum, block) => sum + block.censored, 0);
  return { pooled, blocks: blocks.map(histogramOf), censoredCount };
}

function effectOf(
  metric: Metric,
  plan: Plan,
  arms: readonly (readonly Block[])[],
  dependencies: readonly string[],
) {
  const confidence = 1 - plan.alpha;
  const [control, variant] = [arms[0] ?? [], arms[1] ?? []];
  const betweenRun = plan.betweenRunSd === null ? {} : { betweenRunSd: plan.betweenRunSd };
  switch (metric.kind) {
    case "quantile":
      return pairedBlockQuantile({
        p: metric.p,
        confidence,
        control: quantileArm(control, metric.of),
        variant: quantileArm(variant, metric.of),
        ...betweenRun,
      });
    case "error-ratio": {
      const sums = (blocks: readonly Block[]) =>
        blocks.map(({ failed, started }) => ({ numerator: failed, denominator: started }));
      return pairedBlockDifference({ confidence, control: sums(control), variant: sums(variant) });
    }
    case "amplification": {
      const dependency = dependencies.indexOf(metric.dependency);
      const sums = (blocks: readonly Block[]) =>
        blocks.map(({ calls, started }) => ({
          numerator: calls[dependency] ?? 0,
          denominator: started,
        }));
      return pairedBlockLogRatio({
        confidence,
        control: sums(control),
        variant: sums(variant),
        ...betweenRun,
      });
    }
  }
}

const UNITS = {
  quantile: "us",
  "error-ratio": "ratio",
  amplification: "calls per request",
} as const;

function compareOne(
  spec: MetricSpec,
  role: JudgedComparison["role"],
  { blocks, stage }: StageBlocks,
  context: { readonly plan: Plan; readonly dependencies: readonly string[] },
): RawComparison {
  const metric = metricOf(spec);
  const found: Effect = effectOf(metric, context.plan, blocks, context.dependencies);
  const relative = metric.kind !== "error-ratio";
  // Log-ratios become relative changes: e^θ − 1.
  const scale = (value: number): number => (relative ? Math.expm1(value) : value);
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  const warnings = found.warnings.map(({ message }) => message);
  const [low, high] = [scale(found.low), scale(found.high)];
  // An interval that reaches past all numbers (two modes far apart) tells nothing.
  const judged = found.judged && Number.isFinite(low) && Number.isFinite(high);
  if (found.judged && !judged) warnings.push("the interval is too wide to be of any use");
  return {
    label: metricLabel(spec),
    stage: stage.name,
    role,
    unit: UNITS[metric.kind],
    control: finite(found.control),
    variant: finite(found.variant),
    confidence: 1 - context.plan.alpha,
    effect: judged
      ? {
          kind: relative ? "relative" : "difference",
          estimate: scale(found.estimate),
          low,
          high,
        }
      : null,
    margin: spec.margin,
    mde: judged ? finite(scale(found.mde)) : null,
    theta: judged ? { estimate: found.estimate, se: found.se, df: found.df } : null,
    pHarm: judged ? found.pHarm : null,
    warnings,
  };
}

/** A comparison whose harm test has not been adjusted yet. */
export type RawComparison = Omit<MetricComparison, "adjustedPHarm"> & {
  readonly pHarm: number | null;
};

/**
 * The harm tests of primary and guardrails are adjusted together (Holm), so that the chance of a
 * false roll-back stays below alpha/2 over all of them; secondaries are adjusted among themselves
 * and bind nothing.
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

/** Compares every registered metric in every judged stage, harm tests adjusted together. */
export function compareMetrics(
  plan: Plan,
  stages: readonly StageBlocks[],
  dependencies: readonly string[],
): MetricComparison[] {
  const { primary } = plan;
  if (primary === null) return [];
  const rows = stages.flatMap((stage) => {
    const one = (role: JudgedComparison["role"]) => (spec: MetricSpec) =>
      compareOne(spec, role, stage, { plan, dependencies });
    return [
      one("primary")(primary),
      ...plan.secondary.map(one("secondary")),
      ...plan.guardrails.map(one("guardrail")),
    ];
  });
  return adjustHarmTests(rows);
}
