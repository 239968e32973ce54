import type { AuditEntry, Look, MetricComparison, RuleStop } from "../../experiment/index.ts";

/** Harm to a time, of at least so much. */
export interface TimeHarm {
  readonly arm: string;
  readonly us: number;
}

/**
 * What the look saw that ended a run for harm, by the near end of its band. A run whose load had been
 * halved is judged in parts, each of which may be too short to show what all of its blocks did.
 */
export function harmAtStop(
  entries: readonly AuditEntry[],
  comparisons: readonly MetricComparison[],
  stoppedBy: RuleStop | undefined,
): TimeHarm[] {
  if (stoppedBy?.rule !== "harm") return [];
  const last = entries.findLast(({ event }) => event === "look")?.detail as Look | undefined;
  if (last === undefined) return [];
  return last.metrics
    .filter(({ reached }) => reached)
    .map(({ arm, band, metric }) => {
      const row = comparisons.find(
        (each) => each.label === metric && each.arm === arm && each.stage === last.stage,
      );
      const control = row?.unit === "us" ? (row.control ?? 0) : 0;
      return { arm, us: (band?.low ?? 0) * control };
    });
}
