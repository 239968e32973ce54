import { formatRatio, formatUs } from "../core/index.ts";
import type { EmulatorSnapshot } from "../emulator/index.ts";
import type { Plan } from "../experiment/index.ts";
import { Histogram } from "../measure/index.ts";
import type { ArmCounts } from "../replay/index.ts";

/** Of an arm's timed answers, those that may be late: its delay error is looked at by p99. */
const LATE_MAX = 0.01;

/** The generator's lateness in judged stages, `counts[stage][arm]`; null where it is on time. */
function lagging(
  { limits, stages }: Plan,
  counts: ReadonlyMap<number, readonly ArmCounts[]>,
): string | null {
  const control = new Histogram();
  const lags: Histogram[] = [];
  for (const [stage, arms] of counts) {
    if (stages[stage]?.judgedFromNs === null) continue;
    for (const [arm, { responseTime, startLag }] of arms.entries()) {
      if (arm === 0) control.add(responseTime);
      (lags[arm] ??= new Histogram()).add(startLag);
    }
  }
  const worstUs = Math.max(0, ...lags.map((lag) => lag.quantile(0.99)).filter(Number.isFinite));
  const usualUs = control.count === 0 ? 0 : control.quantile(0.5);
  const limitUs = Math.max(limits.startLagFloorUs, limits.startLagShare * usualUs);
  if (worstUs <= limitUs) return null;
  return `starts were late by ${formatUs(worstUs)} at p99 (limit ${formatUs(limitUs)})`;
}

/** Dependencies whose answers came late, to any arm; null where there are none. */
function answeringLate(snapshot: EmulatorSnapshot): string | null {
  const late = Object.entries(snapshot).flatMap(([dependency, arms]) =>
    Object.entries(arms)
      .filter((counts) => counts[1].late > LATE_MAX * counts[1].timed)
      .map(
        ([arm, counts]) =>
          `${dependency} answered ${arm} late in ${formatRatio(counts.late / counts.timed)} of calls`,
      ),
  );
  return late.length === 0 ? null : late.join("; ");
}

/**
 * What is wrong with the instrument, as far as a run that goes on can know: the start lag that workers
 * have told of judged stages, their settling included, and what the emulator has counted; null when
 * nothing is. It is coarser than the checks of the verdict (`checks/lateness.ts`), and holds lateness
 * against control's median, so that it may find fault where they do not.
 */
export function faultSoFar(
  plan: Plan,
  counts: ReadonlyMap<number, readonly ArmCounts[]>,
  snapshot: EmulatorSnapshot,
): string | null {
  const faults = [lagging(plan, counts), answeringLate(snapshot)].filter((fault) => fault !== null);
  return faults.length === 0 ? null : faults.join("; ");
}
