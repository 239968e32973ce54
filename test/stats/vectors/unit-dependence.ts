import { pairedBlockLogRatio } from "../../../src/stats/index.ts";
import { KAYENTA_DEFAULTS, type KayentaVerdict, kayentaVerdict } from "../kayenta.ts";
import { gaussians } from "../simulate.ts";
import { decisionOn } from "./judge.ts";
import type { VectorInput } from "./runner.ts";

interface Pair {
  readonly control: readonly number[];
  readonly variant: readonly number[];
}

const scaled = ({ control, variant }: Pair, factor: number): Pair => ({
  control: control.map((x) => x * factor),
  variant: variant.map((x) => x * factor),
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

/** Pairs of series of latencies in milliseconds, `reps` for each true ratio. */
function pairsOf({ n, reps, true_ratio }: VectorInput): Pair[][] {
  const normal = gaussians("unit dependence");
  const series = (centre: number): number[] =>
    Array.from({ length: n }, () => centre * Math.exp(0.08 * normal()));
  return (true_ratio as number[]).map((ratio) =>
    Array.from({ length: reps }, () => ({ control: series(0.5), variant: series(0.5 * ratio) })),
  );
}

/** How often Kayenta says `word` of each ratio's pairs, in a unit of so many milliseconds. */
function counts(input: VectorInput, unit: number, word: KayentaVerdict["classification"]) {
  const options = {
    ...KAYENTA_DEFAULTS,
    tolerance: input.tolerance,
    confLevel: input.confLevel,
  };
  return pairsOf(input).map((pairs) => {
    const said = pairs.map((pair) => {
      const { control, variant } = scaled(pair, 1 / unit);
      return kayentaVerdict(variant, control, options).classification;
    });
    return said.filter((each) => each === word).length;
  });
}

/** Kayenta's verdicts on the same latencies in milliseconds and in seconds. */
export const unitDependence = (input: VectorInput) => ({
  ms_or_us_High: counts(input, 1, "High"),
  us_High: counts(input, 1e-3, "High"),
  seconds_High: counts(input, 1e3, "High"),
  seconds_Low: counts(input, 1e3, "Low"),
});

/** Of each of its pairs our verdicts on it in milliseconds, microseconds and seconds. */
export const ourVerdicts = (input: VectorInput): string[][] =>
  pairsOf(input)
    .flat()
    .map((pair) => [1, 1e3, 1e-3].map((factor) => ourVerdict(scaled(pair, factor))));
