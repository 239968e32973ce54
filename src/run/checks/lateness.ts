import { formatRatio, formatUs } from "../../core/index.ts";
import { type MetricComparison, statusOf } from "../../experiment/index.ts";
import type { DelayRow } from "../emulator-rows.ts";
import { type Check, check, type CheckInput } from "./check.ts";
import type { TimeHarm } from "./harm-at-stop.ts";

/** An instrument that was late, by how much at p99, and what is said of it. */
export interface Late {
  readonly name: string;
  readonly lateUs: number;
  readonly summary: string;
  /** Said beside it where nothing is believed, and where harm dwarfs it. */
  readonly colours: string;
  readonly dwarfed: string;
}

const LATE_START_US = 1_000;
/** Harm of so many times what the instrument was late by is not the instrument's. */
const DWARFED_BY = 10;

/** What was shown, by one run or by all runs of an experiment. */
type Shown = Pick<CheckInput, "comparisons" | "harmAtStop" | "plan">;

/** The least that a harm to a time comes to by its interval, in µs; 0 where it is none. */
function harmUs({ control, effect, unit }: MetricComparison): number {
  if (unit !== "us" || control === null || effect?.kind !== "relative") return 0;
  return effect.low * control;
}

/**
 * What lateness of the instrument keeps a run from: of being believed at all, unless harm is shown
 * that is ten times as large, by the near end of its interval, in each variant that shows any: then
 * only of being taken for well. Late by one part in ten, calls and starts make no such harm in one arm;
 * and a variant whose pool is dry must not pass for untested because the machine was busy, too.
 */
function lateMeans({ comparisons, harmAtStop, plan }: Shown, lateUs: number): "fail" | "doubt" {
  const harms: readonly TimeHarm[] = [
    ...comparisons
      .filter((row) => row.role !== "secondary" && statusOf(row, plan.alpha) === "harm")
      .map((row) => ({ arm: row.arm, us: harmUs(row) })),
    ...harmAtStop,
  ];
  const plainly = new Set(
    harms.filter(({ us }) => us >= DWARFED_BY * lateUs).map(({ arm }) => arm),
  );
  return harms.length > 0 && harms.every(({ arm }) => plainly.has(arm)) ? "doubt" : "fail";
}

const DWARFED = ", a tenth at most of the harm that is shown";

/** What lateness comes to beside what was shown. */
function lateCheck(late: Late, shown: Shown): Check {
  const means = lateMeans(shown, late.lateUs);
  const so = means === "fail" ? late.colours : late.dwarfed;
  return check(late.name, false, late.summary + so, means);
}

/** A check that passes, or what was late. */
export type Punctuality = Check | Late;

const isLate = (row: Punctuality): row is Late => "lateUs" in row;

export const lateOf = (rows: readonly Punctuality[]): Late[] => rows.filter(isLate);

/** As checks, beside what was shown. */
export const lateChecks = (rows: readonly Punctuality[], shown: Shown): Check[] =>
  rows.map((row) => (isLate(row) ? lateCheck(row, shown) : row));

/**
 * The checks of one run of several, with its lateness beside what all of them have shown: harm at one
 * combination of levels is not there at another, and one run alone may not show what they do.
 */
export const besideAllRuns = (
  { checks, late }: { readonly checks: readonly Check[]; readonly late: readonly Late[] },
  shown: Omit<Shown, "harmAtStop">,
): Check[] =>
  checks.map((row) => {
    const own = late.find(({ name }) => name === row.name);
    return own === undefined ? row : lateCheck(own, { ...shown, harmAtStop: [] });
  });

/** The generator's own lateness against the size of what is compared. */
export function startLag(input: CheckInput): Punctuality {
  const { comparisons, observed, plan, tallies } = input;
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
  if (worst <= limitUs) return check("start lag", true, summary);
  const colours = ": its own lateness colours what is measured";
  return { name: "generator saturated", lateUs: worst, summary, colours, dwarfed: DWARFED };
}

/** How late the emulator's answers were: p99 of the delay error against the plan's limit. */
export function delayError(input: CheckInput): Punctuality[] {
  const { calls, callsSeen } = input;
  if (calls === null || callsSeen === null || calls.rows === 0) return [];
  const rows = callsSeen.judgedDelays;
  const describe = ({ arm, dependency, limitUs, offRatio, p99Us }: DelayRow): string =>
    `${dependency} for ${arm} off by ${formatUs(p99Us)} at p99 (${formatRatio(offRatio)} of calls by more than ${formatUs(limitUs)})`;
  const late = rows.filter(({ limitUs, p99Us }) => p99Us > limitUs);
  if (late.length > 0) {
    const summary = `answers came late: ${late.map(describe).join("; ")}`;
    const dwarfed = `${DWARFED}, all of them together`;
    return [{ name: "emulator late", lateUs: sumOfWorst(rows), summary, colours: "", dwarfed }];
  }
  const worst = rows.toSorted((a, b) => b.p99Us / b.limitUs - a.p99Us / a.limitUs)[0]!;
  return [check("delay error", true, `answers came on time; at worst ${describe(worst)}`)];
}

/** A request may wait for all dependencies, one after the other: each taken where it was latest. */
function sumOfWorst(
  rows: readonly { readonly dependency: string; readonly p99Us: number }[],
): number {
  const worst = new Map<string, number>();
  for (const { dependency, p99Us } of rows) {
    worst.set(dependency, Math.max(worst.get(dependency) ?? 0, p99Us));
  }
  return [...worst.values()].reduce((sum, p99Us) => sum + p99Us, 0);
}
