import {
  answeredStarts,
  type ObservationBatch,
  type ObservationTable,
  StartSet,
  visitBatches,
} from "../measure/index.ts";
import { mcNemar } from "../stats/index.ts";
import { type ArmEnds, type ArmPair, armPairs } from "./arm-pairs.ts";

import type { MetricComparison } from "./compare.ts";
import { hasFailed, refusalsFail } from "./count-rows.ts";
import { metricLabel } from "./metric.ts";
import type { MetricSpec } from "./metrics/index.ts";
import type { Plan, PlannedStage } from "./plan.ts";

/** Of a row that was started. */
type IsBad = (batch: ObservationBatch, row: number) => boolean;

/** Starts of a stage's judged time in which one arm's outcome alone was bad. */
export interface Discordant {
  readonly controlOnly: number;
  readonly variantOnly: number;
}

/** Counts the starts of which one arm's outcome is bad and the other's is not, while both are judged. */
export function discordant(
  observations: ObservationTable,
  stage: PlannedStage,
  { control, untilNs = Infinity, variant }: Omit<ArmPair, "arm">,
  isBad: IsBad,
): Discordant {
  const { judgedFromNs } = stage;
  const endNs = Math.min(stage.endNs, untilNs);
  // Starts of which one outcome is known, and those of them that were bad.
  const [known, wereBad] = [new StartSet(), new StartSet()];
  const counts = { controlOnly: 0, variantOnly: 0 };
  visitBatches(observations, (batch) => {
    const { arm: arms, intendedNs, seq: seqs } = batch.columns;
    for (let row = 0; row < batch.rows; row++) {
      const [arm, atNs] = [arms[row]!, intendedNs[row]!];
      if ((arm !== control && arm !== variant) || batch.isDropped(row)) continue;
      if (judgedFromNs === null || atNs < judgedFromNs || atNs >= endNs) continue;
      const seq = seqs[row]!;
      const bad = isBad(batch, row);
      if (!known.has(seq)) {
        known.add(seq);
        if (bad) wereBad.add(seq);
        continue;
      }
      const other = wereBad.has(seq);
      known.delete(seq);
      if (other) wereBad.delete(seq);
      if (other === bad) continue;
      if (bad === (arm === variant)) counts.variantOnly++;
      else counts.controlOnly++;
    }
  });
  return counts;
}

/** What the paired test says where it and the interval over blocks do not agree; null where they do. */
export function disagreement(
  { controlOnly, variantOnly }: Discordant,
  effect: { readonly low: number; readonly high: number },
  { alpha }: Pick<Plan, "alpha">,
): string | null {
  const { exactP } = mcNemar({ firstOnly: controlOnly, secondOnly: variantOnly });
  const byPairs = exactP <= alpha;
  const byBlocks = effect.low > 0 || effect.high < 0;
  if (byPairs === byBlocks) return null;
  const counted = `${variantOnly} starts were bad in the variant alone, ${controlOnly} in control alone`;
  return byPairs
    ? `start by start a difference is shown (McNemar p = ${exactP.toPrecision(2)}: ${counted}), over blocks it is not: bad starts come in clumps, which blocks know of and pairs do not`
    : `over blocks a difference is shown, start by start it is not (McNemar p = ${exactP.toPrecision(2)}: ${counted}): look at when they came`;
}

/** The metrics that are shares of starts: what counts as bad of one start; null for any other. */
function badOf({ metric, target }: MetricSpec, plan: Plan, answered: StartSet): IsBad | null {
  if (metric !== "error_ratio" && metric !== "slo_attainment") return null;
  const context = { answered, refusalsFail: refusalsFail(plan) };
  if (metric === "error_ratio") return (batch, row) => hasFailed(batch, row, context);
  return (batch, row) => hasFailed(batch, row, context) || batch.tookNsAt(row) > target!;
}

/**
 * Comparisons of `error_ratio` and `slo_attainment`, each with a warning where the paired test of
 * starts (McNemar's, exact) and the interval over blocks do not agree on whether there is a
 * difference. A cross-check of a duet, and no more: requests are not the sampling unit. `judged`: the
 * stages as the rows are of them, and up to when each variant is. `answered`: of the table, where that
 * is known already.
 */
export function withPairedTests(
  rows: readonly MetricComparison[],
  plan: Plan,
  table: ObservationTable,
  judged: { readonly stages: readonly PlannedStage[]; readonly ends?: ArmEnds },
  answered: StartSet = answeredStarts(table),
): MetricComparison[] {
  if (plan.assignment !== undefined || plan.primary === null) return [...rows];
  const specs = new Map(
    [plan.primary, ...plan.secondary, ...plan.guardrails].map((spec) => [metricLabel(spec), spec]),
  );
  return rows.map((row) => {
    const spec = specs.get(row.label);
    const stage = judged.stages.find(({ name }) => name === row.stage);
    const pair = armPairs(plan, judged.ends).find(({ arm }) => arm === row.arm);
    const isBad = spec === undefined ? null : badOf(spec, plan, answered);
    if (isBad === null || stage === undefined || pair === undefined || row.effect === null)
      return row;
    const said = disagreement(discordant(table, stage, pair, isBad), row.effect, plan);
    return said === null ? row : { ...row, warnings: [...row.warnings, said] };
  });
}
