import { NS_PER_S } from "../../core/index.ts";
import type { MetricFamily } from "./model.ts";

/** Responses a second, by when they came, whatever their status: what the target gets done. */
export const throughput: MetricFamily = {
  title: "throughput",
  unit: "per second",
  better: "higher",
  effect: "relative",
  dependency: "none",
  target: "none",
  named: (name) => name === "throughput",
  evidence: () => ({
    kind: "sums",
    of: ({ answered, lengthNs }) => ({ numerator: answered, denominator: lengthNs / NS_PER_S }),
  }),
};
