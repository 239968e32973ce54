import type { MetricFamily } from "./model.ts";

/** Calls to one dependency per started request. */
export const amplification: MetricFamily = {
  title: "amplification",
  unit: "calls per request",
  better: "lower",
  effect: "relative",
  dependency: "needed",
  target: "none",
  named: (name) => name === "amplification",
  evidence: ({ dependency }, { dependencies }) => {
    const place = dependencies.indexOf(dependency ?? "");
    return {
      kind: "sums",
      of: ({ calls, started }) => ({ numerator: calls[place] ?? 0, denominator: started }),
    };
  },
};
