/*
 * What Kayenta's judge says, to be set beside what we say: its Mann–Whitney classifier, rebuilt from
 * its description and R's `wilcox.test`, root search to an absolute 0.0001 included.
 */
import { mannWhitney, midRanks, normalQuantile } from "../../src/stats/index.ts";
import { zeroOf } from "./zero-of.ts";

export interface KayentaOptions {
  /** Share of the estimated shift that the interval has to clear. */
  readonly tolerance: number;
  readonly confLevel: number;
  /** Effects between these two change nothing. */
  readonly effectSizeThresholds: readonly [number, number];
  readonly criticalThresholds: readonly [number, number];
  readonly effectSizeMeasure: "meanRatio" | "cles";
  readonly nanStrategy: "Remove" | "Replace";
  readonly isCriticalMetric: boolean;
}

export const KAYENTA_DEFAULTS: KayentaOptions = {
  tolerance: 0.25,
  confLevel: 0.98,
  effectSizeThresholds: [1, 1],
  criticalThresholds: [1, 1],
  effectSizeMeasure: "meanRatio",
  nanStrategy: "Remove",
  isCriticalMetric: false,
};

export interface KayentaShift {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** The tolerance of its root search, in the metric's unit, whatever that is. */
const ROOT_TOLERANCE = 1e-4;

/** The standardised rank sum of `first`, shifted down, against `second`. */
function statistic(first: readonly number[], second: readonly number[], shift: number): number {
  const [m, n] = [first.length, second.length];
  const { ranks, tieSizes } = midRanks([...first.map((x) => x - shift), ...second]);
  const sum = ranks.slice(0, m).reduce((all, rank) => all + rank, 0);
  const distance = sum - (m * (m + 1)) / 2 - (m * n) / 2;
  const ties = tieSizes.reduce((all, t) => all + t ** 3 - t, 0) / ((m + n) * (m + n - 1));
  const sd = Math.sqrt(((m * n) / 12) * (m + n + 1 - ties));
  return (distance - Math.sign(distance) / 2) / sd;
}

/** Its Hodges–Lehmann shift with an interval. */
export function kayentaShift(
  experiment: readonly number[],
  control: readonly number[],
  confidence: number,
): KayentaShift {
  const least = Math.min(...experiment) - Math.max(...control);
  const most = Math.max(...experiment) - Math.min(...control);
  const at = (quantile: number): number => {
    const off = (shift: number): number => statistic(experiment, control, shift) - quantile;
    if (off(least) <= 0) return least;
    if (off(most) >= 0) return most;
    return zeroOf(off, [least, most], ROOT_TOLERANCE);
  };
  const z = normalQuantile((1 + confidence) / 2);
  return { estimate: at(0), low: at(z), high: at(-z) };
}

export interface KayentaVerdict {
  readonly classification: "High" | "Low" | "Pass" | "Nodata";
  readonly critical: boolean;
  readonly deviation: number;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, x) => sum + x, 0) / values.length;

function effectSize(
  experiment: readonly number[],
  control: readonly number[],
  measure: KayentaOptions["effectSizeMeasure"],
): number {
  if (measure === "cles") return mannWhitney(experiment, control, { method: "normal" }).cles;
  const [over, under] = [mean(experiment), mean(control)];
  return over === 0 || under === 0 ? Number.NaN : over / under;
}

export function kayentaVerdict(
  experiment: readonly number[],
  control: readonly number[],
  options: KayentaOptions,
  direction: "Either" | "Increase" | "Decrease" = "Either",
): KayentaVerdict {
  const pass = { classification: "Pass", critical: false, deviation: 1 } as const;
  if (experiment.length === 0 || control.length === 0) {
    return options.nanStrategy === "Replace" ? pass : { ...pass, classification: "Nodata" };
  }
  if (new Set([...experiment, ...control]).size === 1) return pass;
  const sorted = [experiment, control].map((values) => values.toSorted((a, b) => a - b).join());
  if (sorted[0] === sorted[1]) return pass;

  const { estimate, high, low } = kayentaShift(experiment, control, options.confLevel);
  const deviation = effectSize(experiment, control, options.effectSizeMeasure);
  const bound = options.tolerance * Math.abs(estimate);
  const isHigh = direction !== "Decrease" && low > bound;
  const isLow = direction !== "Increase" && high < -bound;
  const beyond = ([under, over]: readonly [number, number]): boolean =>
    Number.isNaN(deviation) || (isHigh ? deviation >= over : deviation <= under);
  const found = isHigh ? "High" : isLow ? "Low" : null;
  if (found === null) return { ...pass, deviation };
  if (options.isCriticalMetric && beyond(options.criticalThresholds)) {
    return { classification: found, critical: true, deviation };
  }
  if (beyond(options.effectSizeThresholds)) {
    return { classification: found, critical: false, deviation };
  }
  return { ...pass, deviation };
}
