import { type FactorEffect, levelWord, type Plan, replicatesOf } from "../experiment/index.ts";
import type { Result, RunRow } from "../report/index.ts";

/** The levels of a run's factors, by name; nothing without factors. */
export function levelsOf(plan: Plan, run: number): Pick<RunRow, "levels"> {
  const { factors } = plan;
  const { levels = [] } = plan.runs[run - 1] ?? {};
  if (factors === undefined) return {};
  const words = factors.map((factor, index) => [factor.name, levelWord(factor, levels[index]!)]);
  return { levels: Object.fromEntries(words) };
}

/** Whether the verdict can know how much runs differ: each combination of levels twice, or A/A runs. */
export function isReplicated(plan: Plan, judged: readonly { readonly run: number }[]): boolean {
  if (plan.factors === undefined) return judged.length > 1;
  const planned = judged.map(({ run }) => plan.runs[run - 1]!);
  return plan.calibrationSha256 !== undefined || replicatesOf(plan, planned) > 1;
}

/** Effects of factors as a result has them. */
export const factorRows = (rows: readonly FactorEffect[]): NonNullable<Result["factors"]> =>
  rows.map(({ aliases, factors, label, levels, ...row }) => ({
    metric: label,
    factors: [...factors],
    aliases: [...aliases],
    levels: [...levels],
    ...row,
  }));
