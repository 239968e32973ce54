import { pairedBlockLogRatio, twoProportionZ } from "../../../src/stats/index.ts";
import { KAYENTA_DEFAULTS, type KayentaVerdict, kayentaVerdict } from "../kayenta.ts";
import { gaussians } from "../simulate.ts";
import { decisionOn } from "./judge.ts";
import type { VectorInput } from "./runner.ts";

/** As published, from random numbers that we do not have: High of `reps`, by true ratio. */
const PUBLISHED = { ms_or_us_High: [0, 12, 52], seconds_High: [2, 18, 36], seconds_Low: [2, 0, 0] };
/** Counts further apart than this are not two draws of one share. */
const P_MIN = 0.001;

/** The published count where ours could be another draw of the same share, else ours. */
function asPublished(ours: number, published: number, reps: number): number {
  const of = (events: number) => ({ events, trials: reps });
  return twoProportionZ(of(ours), of(published)).pValue > P_MIN ? published : ours;
}

interface Pair {
  readonly control: readonly number[];
  readonly variant: readonly number[];
}

const scaled = ({ control, variant }: Pair, unit: number): Pair => ({
  control: control.map((x) => x * unit),
  variant: variant.map((x) => x * unit),
});

/** Our decision and interval, values of one series being blocks. */
function ourVerdict({ control, variant }: Pair): string {
  const blocks = (values: readonly number[]) =>
    values.map((numerator) => ({ numerator, denominator: 1 }));
  const arms = { control: blocks(control), variant: blocks(variant) };
  const effect = pairedBlockLogRatio({ confidence: 0.95, amounts: true, ...arms });
  const digits = [effect.estimate, effect.low, effect.high].map((x) => x.toFixed(9));
  return [decisionOn(effect), ...digits].join(" ");
}

/**
 * Kayenta's verdicts on the same latencies in milliseconds, microseconds and seconds, and ours. What
 * is held: that its counts are as published, up to chance; and that ours are one and the same.
 */
export function unitDependence(input: VectorInput): unknown {
  const { confLevel, n, reps, tolerance, true_ratio } = input;
  const normal = gaussians("unit dependence");
  const series = (centre: number): number[] =>
    Array.from({ length: n }, () => centre * Math.exp(0.08 * normal()));
  const options = { ...KAYENTA_DEFAULTS, tolerance, confLevel };
  const counts: Record<string, number[]> = { ms_or_us_High: [], seconds_High: [], seconds_Low: [] };
  for (const [i, ratio] of (true_ratio as number[]).entries()) {
    const pairs = Array.from({ length: reps }, () => ({
      control: series(0.5),
      variant: series(0.5 * ratio),
    }));
    const said = (unit: number, word: KayentaVerdict["classification"]): number =>
      pairs.filter((pair) => {
        const { control, variant } = scaled(pair, unit);
        return kayentaVerdict(variant, control, options).classification === word;
      }).length;
    if (
      pairs.some((pair) => new Set([1, 1e3, 1e-3].map((u) => ourVerdict(scaled(pair, u)))).size > 1)
    ) {
      return "our verdict depends on the unit";
    }
    const [published, inMs] = [PUBLISHED.ms_or_us_High[i]!, said(1, "High")];
    const alike = inMs === said(1e3, "High");
    counts.ms_or_us_High!.push(alike ? asPublished(inMs, published, reps) : Number.NaN);
    counts.seconds_High!.push(asPublished(said(1e-3, "High"), PUBLISHED.seconds_High[i]!, reps));
    counts.seconds_Low!.push(asPublished(said(1e-3, "Low"), PUBLISHED.seconds_Low[i]!, reps));
  }
  return counts;
}
