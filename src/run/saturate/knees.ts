import type { Saturation, SaturationArm, SaturationSearch } from "../../report/index.ts";
import { type Interval, normalQuantile, tQuantile } from "../../stats/index.ts";

const CONFIDENCE = 0.95;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function variance(values: readonly number[]): number {
  const center = mean(values);
  return values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1);
}

/** What a search leaves open: the knee is between two rates. Uniform on the log scale: width²/12. */
function openVariance({ abovePerSec, kneePerSec }: SaturationSearch): number {
  if (abovePerSec === null || kneePerSec === null) return 0;
  return Math.log(abovePerSec / kneePerSec) ** 2 / 12;
}

/**
 * t interval of a mean of logarithms. Searches try much the same rates each time, so what they
 * leave open between two of them does not average out over runs: it is added whole.
 */
function logInterval(logs: readonly number[], openVar: number): Interval | null {
  if (logs.length < 2) return null;
  const p = (1 + CONFIDENCE) / 2;
  const t = tQuantile(p, logs.length - 1);
  const between = t * Math.sqrt(variance(logs) / logs.length);
  const half = Math.hypot(between, normalQuantile(p) * Math.sqrt(openVar));
  return { low: mean(logs) - half, high: mean(logs) + half };
}

/** The knee of all runs of one arm; null when in some run no rate held, or there is no run. */
export function kneeOf(searches: readonly SaturationSearch[]): SaturationArm["knee"] {
  const logs = searches.flatMap(({ kneePerSec }) =>
    kneePerSec === null ? [] : [Math.log(kneePerSec)],
  );
  if (logs.length === 0 || logs.length < searches.length) return null;
  const interval = logInterval(logs, mean(searches.map(openVariance)));
  return {
    // One run's knee is the very rate that was tried.
    ratePerSec: Number(Math.exp(mean(logs)).toPrecision(12)),
    interval:
      interval === null ? null : { low: Math.exp(interval.low), high: Math.exp(interval.high) },
    runs: logs.length,
    lowerBound: searches.some(({ lowerBound }) => lowerBound),
  };
}

type Comparison = NonNullable<Saturation["comparison"]>;

function decide(
  interval: Interval | null,
  bounds: { readonly control: boolean; readonly target: boolean },
  margin: number,
): Pick<Comparison, "decision" | "because"> {
  if (interval === null) return { decision: "not-shown", because: "one run alone has no interval" };
  // A knee that is only known from below can be as high as it likes.
  if (interval.high < -margin && !bounds.target) return { decision: "lower", because: null };
  if (interval.low > -margin && !bounds.control) return { decision: "not-lower", because: null };
  const holdsMargin = interval.low <= -margin && -margin <= interval.high;
  const because = holdsMargin ? "the interval holds the margin" : "a knee is known from below only";
  return { decision: "not-shown", because };
}

/**
 * By how much the target's knee differs from the control's: the paired log-ratio over runs with
 * its 95 % t interval. `lower` is shown when the whole interval lies beyond the margin, `not-lower`
 * when all of it lies on this side. Runs in which either arm has no knee are left out; null when
 * none is left.
 */
export function compareKnees(
  control: readonly SaturationSearch[],
  target: readonly SaturationSearch[],
  margin: number,
): Comparison | null {
  const pairs = control.flatMap((one) => {
    const other = target.find(({ run }) => run === one.run);
    return other === undefined || one.kneePerSec === null || other.kneePerSec === null
      ? []
      : [{ control: one, target: other, log: Math.log(other.kneePerSec / one.kneePerSec) }];
  });
  if (pairs.length === 0) return null;
  const logs = pairs.map(({ log }) => log);
  const open = mean(pairs.map((p) => openVariance(p.control) + openVariance(p.target)));
  const onLog = logInterval(logs, open);
  const interval =
    onLog === null ? null : { low: Math.expm1(onLog.low), high: Math.expm1(onLog.high) };
  const bounds = {
    control: pairs.some((pair) => pair.control.lowerBound),
    target: pairs.some((pair) => pair.target.lowerBound),
  };
  const decided = decide(interval, bounds, margin);
  return { change: Math.expm1(mean(logs)), interval, runs: pairs.length, margin, ...decided };
}
