import { toldLabel } from "./told-spec.ts";
import type { MetricFamily } from "./model.ts";

/**
 * A metric that the target tells of itself by OpenTelemetry, in its own unit: a block's reading of
 * it, and of several blocks their mean, those of means and rates weighted by what they count.
 */
export const otel: MetricFamily = {
  title: "otel",
  unit: "as told",
  better: "lower",
  effect: "relative",
  dependency: "none",
  target: "none",
  wholeArm: true,
  named: (name) => name === "otel",
  evidence: (name, { told = [] }) => {
    const place = told.indexOf(toldLabel(name));
    return {
      kind: "sums",
      amounts: true,
      of: (block) => block.told[place] ?? { numerator: 0, denominator: 0 },
    };
  },
};
