import {
  answeredStarts,
  type ObservationTable,
  type StartedObservation,
} from "../measure/index.ts";
import { mcNemar } from "../stats/index.ts";
import { type ArmPair, armPairs } from "./arm-pairs.ts";
import { hasFailed, refusalsFail } from "./blocks.ts";
import type { MetricComparison } from "./compare.ts";
import { metricLabel } from "./metric.ts";
import type { MetricSpec } from "./metrics/index.ts";
import type { Plan, PlannedStage } from "./plan.ts";

type IsBad = (observation: StartedObservation) => boolean;

/** Starts of a stage's judged time in which one arm's outcome alone was bad. */
export interface Discordant {
  readonly controlOnly: number;
  readonly variantOnly: number;
}

/** Counts the starts of which one arm's outcome is bad and the other's is not. */
export function discordant(
  observations: ObservationTable,
  { judgedFromNs, endNs }: PlannedStage,
  { control, variant }: Pick<ArmPair, "control" | "variant">,
  isBad: IsBad,
): Discordant {
  const outcomes = new Map<number, boolean>();
  const counts = { controlOnly: 0, variantOnly: 0 };
  for (const row of observations) {
    if (row.arm !== control && row.arm !== variant) continue;
    if (row.kind === "dropped" || judgedFromNs === null) continue;
    if (row.intendedNs < judgedFromNs || row.intendedNs >= endNs) continue;
    const other = outcomes.get(row.seq);
    const bad = isBad(row);
    if (other === undefined) outcomes.set(row.seq, bad);
    else {
      outcomes.delete(row.seq);
      if (other === bad) continue;
      if (bad === (row.arm === variant)) counts.variantOnly++;
      else counts.controlOnly++;
    }
  }
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
function badOf({ metric, target }: MetricSpec, plan: Plan, table: ObservationTable): IsBad | null {
  if (metric !== "error_ratio" && metric !== "slo_attainment") return null;
  const context = {
    capNs: plan.timeoutNs,
    answered: answeredStarts(table),
    targets: [],
    refusalsFail: refusalsFail(plan),
  };
  if (metric === "error_ratio") return (row) => hasFailed(row, context);
  return (row) => hasFailed(row, context) || row.endNs - row.intendedNs > target!;
}

/**
 * Comparisons of `error_ratio` and `slo_attainment`, each with a warning where the paired test of
 * starts (McNemar's, exact) and the interval over blocks do not agree on whether there is a
 * difference. A cross-check of a duet, and no more: requests are not the sampling unit.
 */
export function withPairedTests(
  rows: readonly MetricComparison[],
  plan: Plan,
  table: ObservationTable,
): MetricComparison[] {
  if (plan.assignment !== undefined || plan.primary === null) return [...rows];
  const specs = new Map(
    [plan.primary, ...plan.secondary, ...plan.guardrails].map((spec) => [metricLabel(spec), spec]),
  );
  return rows.map((row) => {
    const spec = specs.get(row.label);
    const stage = plan.stages.find(({ name }) => name === row.stage);
    const pair = armPairs(plan).find(({ arm }) => arm === row.arm);
    const isBad = spec === undefined ? null : badOf(spec, plan, table);
    if (isBad === null || stage === undefined || pair === undefined || row.effect === null)
      return row;
    const said = disagreement(discordant(table, stage, pair, isBad), row.effect, plan);
    return said === null ? row : { ...row, warnings: [...row.warnings, said] };
  });
}
