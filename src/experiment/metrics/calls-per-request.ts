import type { MetricFamily } from "./model.ts";

/** Calls to all dependencies, or to one, per started request. */
export const callsPerRequest: MetricFamily = {
  title: "calls_per_request",
  unit: "calls per request",
  better: "lower",
  effect: "relative",
  dependency: "optional",
  target: "none",
  named: (name) => name === "calls_per_request",
  evidence: ({ dependency }, { dependencies }) => {
    const place = dependency === undefined ? null : dependencies.indexOf(dependency);
    return {
      kind: "sums",
      of: ({ calls, started }) => ({
        numerator:
          place === null ? calls.reduce((sum, count) => sum + count, 0) : (calls[place] ?? 0),
        denominator: started,
      }),
    };
  },
};
