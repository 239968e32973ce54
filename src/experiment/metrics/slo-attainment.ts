import type { MetricFamily } from "./model.ts";

/**
 * The share of started requests that did not fail and whose response time kept the target. One that
 * was never answered did not keep it, so nothing is censored.
 */
export const sloAttainment: MetricFamily = {
  title: "slo_attainment",
  unit: "ratio",
  better: "higher",
  effect: "difference",
  dependency: "none",
  target: "needed",
  named: (name) => name === "slo_attainment",
  evidence: ({ target }, { targets }) => {
    const place = targets.indexOf(target ?? -1);
    return {
      kind: "sums",
      of: ({ good, started }) => ({ numerator: good[place] ?? 0, denominator: started }),
    };
  },
};
