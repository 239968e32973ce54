import { type ArmEnds, armPairs, reaches } from "../arm-pairs.ts";
import type { StageBlocks } from "../blocks.ts";
import type { RawComparison } from "../compare.ts";
import { type ComparedRun, keyOf } from "../compare-runs.ts";
import { metricLabel } from "../metric.ts";
import { familyOf } from "../metrics/index.ts";
import type { Plan } from "../plan.ts";
import { driftOf } from "./drift.ts";
import { growthsOf } from "./growth.ts";
import type { SoakCourse, SoakSources } from "./model.ts";
import type { Settled } from "./settle.ts";

/** What soaks showed: guardrails of their own, and how things went. */
export interface Soaks {
  readonly rows: readonly RawComparison[];
  readonly courses: readonly SoakCourse[];
}

/**
 * The rows that soaks added to several runs, each once, with the means of the arms' own values: what
 * the runs are compared by, as any other metric.
 */
export function poolSoakRows(runs: readonly ComparedRun[]): RawComparison[] {
  const rows = runs.flatMap(({ comparisons }) => comparisons.filter(isOfSoak));
  return [...Map.groupBy(rows, keyOf).values()].map((own): RawComparison => {
    const meanOf = (of: (row: RawComparison) => number | null): number | null => {
      const values = own.flatMap((row) => of({ ...row, pHarm: null }) ?? []);
      return values.length < own.length ? null : values.reduce((a, b) => a + b, 0) / own.length;
    };
    const { adjustedPHarm: pHarm, ...row } = own.find(({ effect }) => effect !== null) ?? own[0]!;
    const values = {
      control: meanOf((each) => each.control),
      variant: meanOf((each) => each.variant),
    };
    return { ...row, ...values, pHarm };
  });
}

/** Whether a comparison is one that a soak adds: of a trend, and not of a metric. */
export const isOfSoak = ({ label }: { readonly label: string }): boolean =>
  /^(?:drift|leak):/.test(label);

/**
 * Judges every soak of a plan, each variant by itself: whether the primary metric's effect drifts, and
 * whether the variant leaks. `settled` is what `findSettled` found, already left out of `after`; what
 * processes hold is looked at over all of the judged time, that of `whole`.
 */
export function judgeSoaks(
  plan: Plan,
  stages: { readonly whole: readonly StageBlocks[]; readonly after: readonly StageBlocks[] },
  context: {
    readonly dependencies: readonly string[];
    readonly ends: ArmEnds;
    readonly settled: readonly Settled[];
    readonly sources: SoakSources;
  },
): Soaks {
  const { dependencies, ends, settled, sources } = context;
  const { primary } = plan;
  if (primary === null) return { rows: [], courses: [] };
  const found = stages.after.flatMap((stage, index) => {
    const { blockNs, name, soak } = stage.stage;
    if (soak === undefined) return [];
    const own = settled.find((each) => each.stage === name);
    const whole = stages.whole[index]!;
    return armPairs(plan, ends).flatMap((pair) => {
      if (!reaches(stage, pair)) return [];
      const drift = driftOf(plan, stage, { dependencies, pair, settled: own });
      const growths = growthsOf(plan, whole, { pair, sources });
      const course: SoakCourse = {
        arm: pair.arm,
        stage: name,
        metric: metricLabel(primary),
        kind: familyOf(primary).effect,
        judgedNs: (whole.blocks[0]?.length ?? 0) * blockNs,
        horizonNs: soak.horizonNs,
        effect: drift.effect,
        resources: growths.map((growth) => growth.course),
      };
      return [{ rows: [drift.row, ...growths.map(({ row }) => row)], course }];
    });
  });
  return {
    rows: found.flatMap(({ rows }) => rows),
    courses: found.map(({ course }) => course),
  };
}
