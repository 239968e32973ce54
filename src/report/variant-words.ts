import type { ComparisonRow, Result } from "./model.ts";
import { hasVariants, metricWords, type Outcome, outcomeOf } from "./words.ts";

/* Of which of several variants something is. */

/** A row's metric, of several variants with whose it is: `pool_4: p95 response time`. */
export function rowWords(
  result: Pick<Result, "arms">,
  { arm, metric }: Pick<ComparisonRow, "arm" | "metric">,
): string {
  return hasVariants(result) ? `${arm}: ${metricWords(metric)}` : metricWords(metric);
}

/** Each variant's own verdict, in the arms' order; none where there is one, or where all say the same. */
export function variantVerdicts(
  result: Pick<Result, "arms" | "reason" | "verdicts">,
): readonly { readonly arm: string; readonly outcome: Outcome; readonly reason: string }[] {
  const own = Object.values(result.verdicts ?? {});
  if (!hasVariants(result) || own.every(({ reason }) => reason === result.reason)) return [];
  return Object.entries(result.verdicts ?? {}).map(([arm, verdict]) => ({
    arm,
    outcome: outcomeOf(verdict),
    reason: verdict.reason,
  }));
}
