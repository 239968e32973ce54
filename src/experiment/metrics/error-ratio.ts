import type { MetricFamily } from "./model.ts";

/** The share of started requests that failed (see `Block.failed`). */
export const errorRatio: MetricFamily = {
  title: "error_ratio",
  unit: "ratio",
  better: "lower",
  effect: "difference",
  dependency: "none",
  target: "none",
  named: (name) => name === "error_ratio",
  evidence: () => ({
    kind: "sums",
    of: ({ failed, started }) => ({ numerator: failed, denominator: started }),
  }),
};
