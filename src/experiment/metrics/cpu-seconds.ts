import type { MetricFamily } from "./model.ts";

/**
 * CPU seconds that an arm's processes used in a block's time, per 1,000 requests started in it. A
 * block without a reading is left out.
 */
export const cpuSeconds: MetricFamily = {
  title: "cpu_seconds",
  unit: "CPU s per 1,000 requests",
  better: "lower",
  effect: "relative",
  dependency: "none",
  target: "none",
  wholeArm: true,
  named: (name) => name === "cpu_seconds",
  evidence: () => ({
    kind: "sums",
    amounts: true,
    of: ({ cpuS, started }) =>
      cpuS === null
        ? { numerator: 0, denominator: 0 }
        : { numerator: cpuS, denominator: started / 1_000 },
  }),
};
