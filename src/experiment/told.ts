import type { RatioBlock } from "../stats/index.ts";
import { Distribution, type InsideSignals, type TimeWindow } from "../telemetry/index.ts";
import type { StageBlocks } from "./blocks.ts";
import { type MetricSpec, toldLabel, type ToldSpec } from "./metrics/index.ts";
import type { Plan } from "./plan.ts";

const NOT_TOLD: RatioBlock = { numerator: 0, denominator: 0 };

/** The metrics of targets' own that a plan names, each once. */
export function toldSpecsOf({
  guardrails,
  primary,
  secondary,
}: Pick<Plan, "guardrails" | "primary" | "secondary">): ToldSpec[] {
  const specs: MetricSpec[] = [
    ...(primary === null ? [] : [primary]),
    ...secondary,
    ...guardrails,
  ].filter(({ metric }) => metric === "otel");
  return [...new Map(specs.map((spec) => [toldLabel(spec), spec])).values()];
}

const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);

/** One reading of one arm in one block; nothing where no point tells of it. */
function readingOf(
  { aggregation = "mean", attributes = {}, name }: ToldSpec,
  where: { readonly inside: InsideSignals; readonly arm: number },
  window: TimeWindow,
): RatioBlock {
  const series = where.inside.series(where.arm, name, attributes);
  if (aggregation === "rate") {
    const grown = series.flatMap((each) => each.increase(window) ?? []);
    const denominator = (window.toNs - window.fromNs) / 1e9;
    return grown.length === 0 ? NOT_TOLD : { numerator: sum(grown), denominator };
  }
  const values = new Distribution();
  for (const each of series) each.distribution(window, values);
  const levels = series.flatMap((each) => each.level(window) ?? []);
  if (aggregation === "mean" && values.count > 0) {
    const numerator = values.mean * values.count;
    return Number.isFinite(numerator) ? { numerator, denominator: values.count } : NOT_TOLD;
  }
  if (aggregation === "mean") {
    const denominator = sum(levels.map(({ points }) => points));
    return { numerator: sum(levels.map(({ mean, points }) => mean * points)), denominator };
  }
  const p = aggregation === "max" ? 1 : Number(aggregation.slice(1)) / 100;
  const most = Math.max(...levels.map(({ max }) => max));
  const numerator =
    values.count > 0 ? values.quantile(p) : aggregation === "max" ? most : Number.NaN;
  return Number.isFinite(numerator) ? { numerator, denominator: 1 } : NOT_TOLD;
}

/** Credits what arms told of themselves to the blocks of the time that it is of. */
export function countTold(
  stages: readonly StageBlocks[],
  specs: readonly ToldSpec[],
  inside: InsideSignals | null,
): void {
  if (inside === null || specs.length === 0) return;
  for (const { blocks, stage } of stages) {
    for (const [arm, own] of blocks.entries()) {
      for (const [place, block] of own.entries()) {
        const fromNs = stage.judgedFromNs! + place * stage.blockNs;
        const window = { fromNs, toNs: fromNs + stage.blockNs };
        block.told.push(...specs.map((spec) => readingOf(spec, { inside, arm }, window)));
      }
    }
  }
}

/** Metrics that a plan names, and that no arm, or not every arm, told of: sentences for people. */
export function untold(plan: Plan, inside: InsideSignals | null): string[] {
  return toldSpecsOf(plan).flatMap((spec) => {
    const silent = plan.arms.filter(
      (_, arm) => (inside?.series(arm, spec.name, spec.attributes ?? {}) ?? []).length === 0,
    );
    if (silent.length === 0) return [];
    const who = silent.length === plan.arms.length ? "no arm" : `not ${silent.join(", ")}`;
    return [`${toldLabel(spec)} was told by ${who}: a metric that nobody reports judges nobody`];
  });
}
