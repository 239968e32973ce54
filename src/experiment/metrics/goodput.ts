import { NS_PER_S } from "../../core/index.ts";
import type { MetricFamily } from "./model.ts";

/** Responses a second, by when they came, that are no failures and kept the target. */
export const goodput: MetricFamily = {
  title: "goodput",
  unit: "per second",
  better: "higher",
  effect: "relative",
  dependency: "none",
  target: "needed",
  named: (name) => name === "goodput",
  evidence: ({ target }, { targets }) => {
    const place = targets.indexOf(target ?? -1);
    return {
      kind: "sums",
      of: ({ answeredGood, lengthNs }) => ({
        numerator: answeredGood[place] ?? 0,
        denominator: lengthNs / NS_PER_S,
      }),
    };
  },
};
