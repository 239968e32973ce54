import { z } from "zod";
import { blockLists, type StageBlocks } from "../blocks.ts";
import type { MetricComparison } from "../compare.ts";
import { metricLabel } from "../metric.ts";
import { familyNamed, familyOf, METRIC_UNITS, type MetricName } from "../metrics/index.ts";
import type { Plan } from "../plan.ts";
import { armEstimate, isOfOneArm } from "./estimate.ts";

const estimateSchema = z.strictObject({
  estimate: z.number().describe("on the scale of inference: a logarithm, or, of a share, itself"),
  se: z.number().min(0).describe("what the run's own blocks leave open"),
  df: z.number().min(0),
});

const place = {
  arm: z.string(),
  metric: z.string(),
  stage: z.string(),
  unit: z.enum(METRIC_UNITS),
  better: z.enum(["lower", "higher"]),
  kind: z.enum(["relative", "difference"]),
  warnings: z.array(z.string()),
};

const levelSchema = z.strictObject({
  ...place,
  runs: z
    .array(
      estimateSchema.extend({
        counts: z.strictObject({ events: z.number(), trials: z.number() }).nullable(),
      }),
    )
    .describe("one for each run; none where one of them tells too little"),
});

const effectSchema = z.strictObject({
  ...place,
  runs: z.array(estimateSchema).describe("variant minus control, one for each run"),
});

/** What of a run can be compared with another run that was done elsewhere, or at another time. */
export const figuresSchema = z.strictObject({
  levels: z.array(levelSchema).describe("each arm by itself"),
  effects: z.array(effectSchema).describe("each variant against the control that ran beside it"),
});
export type RunFigures = z.output<typeof figuresSchema>;
export type Level = RunFigures["levels"][number];
export type Effect = RunFigures["effects"][number];

/** One run, judged by itself. */
export interface MeasuredRun {
  readonly stages: readonly StageBlocks[];
  readonly comparisons: readonly MetricComparison[];
}

/** What every run can be asked for, whatever its plan names. */
const ALWAYS: readonly MetricName[] = [
  { metric: "response_time_p50" },
  { metric: "response_time_p90" },
  { metric: "response_time_p99" },
  { metric: "error_ratio" },
  { metric: "throughput" },
];

/** A plan's metrics, the primary first, then those that every run has; each once. */
export function metricsApart({ guardrails, primary, secondary }: Plan): MetricName[] {
  const named = [...(primary === null ? [] : [primary]), ...guardrails, ...secondary, ...ALWAYS];
  const byLabel = new Map<string, MetricName>();
  for (const spec of named.filter(isOfOneArm)) {
    if (!byLabel.has(metricLabel(spec))) byLabel.set(metricLabel(spec), spec);
  }
  return [...byLabel.values()];
}

const once = (warnings: readonly string[]): string[] => [...new Set(warnings)];

function levelOf(
  of: {
    readonly arm: string;
    readonly index: number;
    readonly stage: number;
    readonly name: MetricName;
  },
  plan: Plan,
  runs: readonly MeasuredRun[],
  dependencies: readonly string[],
): Level {
  const { arm, index, name } = of;
  const { better, effect: kind, unit } = familyOf(name);
  const lists = blockLists(plan, dependencies);
  const found = runs.map(({ stages }) =>
    armEstimate(name, { name: arm, blocks: stages[of.stage]?.blocks[index] ?? [] }, lists),
  );
  const judged = found.length > 0 && found.every((each) => each.judged);
  const stage = runs[0]?.stages[of.stage]?.stage.name ?? "";
  const told = once(found.flatMap(({ warnings }) => warnings.map(({ message }) => message)));
  const estimates = found.map(({ counts, df, estimate, se }) => ({ estimate, se, df, counts }));
  const where = { arm, metric: metricLabel(name), stage, unit, better, kind };
  return { ...where, warnings: told, runs: judged ? estimates : [] };
}

/**
 * What a run's own blocks leave open of an effect: one run alone has what is registered of other runs
 * in its standard error, which whoever compares adds for each.
 */
function withinSe(se: number, plan: Plan, kind: Effect["kind"]): number {
  const { betweenRunSd, runs } = plan;
  const added = runs.length === 1 && kind === "relative" ? (betweenRunSd ?? 0) : 0;
  return Math.sqrt(Math.max(0, se ** 2 - added ** 2));
}

function effectOf(row: MetricComparison, plan: Plan, runs: readonly MeasuredRun[]): Effect {
  const same = runs.flatMap(({ comparisons }) =>
    comparisons.filter(
      ({ arm, label, role, stage }) =>
        arm === row.arm && label === row.label && role === row.role && stage === row.stage,
    ),
  );
  const thetas = same.flatMap(({ theta }) => (theta === null || theta.df === 0 ? [] : [theta]));
  const { arm, better, label: metric, stage, unit } = row;
  const kind = familyNamed(/^[^:@]+/.exec(metric)?.[0] ?? "")?.effect ?? "relative";
  const own = thetas.map((theta) => ({ ...theta, se: withinSe(theta.se, plan, kind) }));
  return {
    arm,
    metric,
    stage,
    unit,
    better,
    kind,
    warnings: once(same.flatMap(({ warnings }) => warnings)),
    runs: own.length === runs.length ? own : [],
  };
}

/**
 * The figures of one run, or of several of one plan: each arm's metrics stage by stage, and the effects
 * that the runs themselves show. A protected segment's are among the effects alone.
 */
export function figuresOf(
  plan: Plan,
  runs: readonly MeasuredRun[],
  dependencies: readonly string[],
): RunFigures {
  const stages = [...(runs[0]?.stages ?? []).keys()];
  const levels = plan.arms.flatMap((arm, index) =>
    stages.flatMap((stage) =>
      metricsApart(plan).map((name) =>
        levelOf({ arm, index, stage, name }, plan, runs, dependencies),
      ),
    ),
  );
  const rows = runs[0]?.comparisons ?? [];
  const keys = rows.map(({ arm, label, stage }) => `${arm} ${label} ${stage}`);
  const each = rows.filter((_, index) => keys.indexOf(keys[index]!) === index);
  return { levels, effects: each.map((row) => effectOf(row, plan, runs)) };
}
