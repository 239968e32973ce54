import { formatRatio, formatUs } from "../../core/index.ts";
import { type Check, check, type CheckInput } from "./check.ts";

const LATE_START_US = 1_000;

/** The generator's own lateness against the size of what is compared. */
export function startLag({ comparisons, observed, plan, tallies }: CheckInput): Check {
  const primary = comparisons
    .filter((row) => row.role === "primary" && row.unit === "us" && row.control !== null)
    .map((row) => row.control ?? 0);
  const { startLagFloorUs, startLagShare } = plan.limits;
  // With nothing compared, lateness is held against what the target usually takes: response time
  // has the lateness in it.
  const usual = tallies.arms.map((arm) => arm.serviceTime.quantile(0.5));
  const smallest = Math.min(...(primary.length === 0 ? usual : primary));
  const limitUs = Math.max(startLagFloorUs, startLagShare * smallest);
  const { lags } = observed;
  const worst = Math.max(...lags.map((lag) => lag.quantile(0.99)));
  const started = lags.reduce((sum, lag) => sum + lag.count, 0);
  const late = started - lags.reduce((sum, lag) => sum + lag.countAtOrBelow(LATE_START_US), 0);
  const summary =
    `the generator's starts were late by ${formatUs(worst)} at p99 (limit ${formatUs(limitUs)}), ` +
    `${formatRatio(started === 0 ? 0 : late / started)} by more than 1 ms`;
  return worst <= limitUs
    ? check("start lag", true, summary)
    : check("generator saturated", false, `${summary}: its own lateness colours what is measured`);
}

/** How late the emulator's answers were: p99 of the delay error against the plan's limit. */
export function delayError({ calls, callsSeen, plan }: CheckInput): Check[] {
  if (calls === null || callsSeen === null || calls.rows === 0) return [];
  const { delayErrorFloorUs, delayErrorShare } = plan.limits;
  const rows = calls.meta.dependencies.flatMap((dependency, index) =>
    calls.meta.arms.map((arm, armIndex) => {
      const { error, meant } = callsSeen.judgedDelays.rows[index]![armIndex]!;
      const limitUs = Math.max(delayErrorFloorUs, delayErrorShare * meant.quantile(0.5));
      const off = error.count - error.countAtOrBelow(limitUs);
      const offRatio = error.count === 0 ? 0 : off / error.count;
      const p99Us = error.quantile(0.99);
      return { what: `${dependency} for ${arm}`, p99Us, limitUs, offRatio, late: p99Us > limitUs };
    }),
  );
  const describe = ({ limitUs, offRatio, p99Us, what }: (typeof rows)[number]): string =>
    `${what} off by ${formatUs(p99Us)} at p99 (${formatRatio(offRatio)} of calls by more than ${formatUs(limitUs)})`;
  const late = rows.filter((row) => row.late);
  if (late.length > 0)
    return [check("emulator late", false, `answers came late: ${late.map(describe).join("; ")}`)];
  const worst = rows.toSorted((a, b) => b.p99Us / b.limitUs - a.p99Us / a.limitUs)[0]!;
  return [check("delay error", true, `answers came on time; at worst ${describe(worst)}`)];
}
