import type { MetricFamily } from "./model.ts";

/**
 * The most memory that an arm's processes had resident at once in a stage's judged time, in MB; all
 * processes of the arm added up, so that pages that several share count for each.
 *
 * A peak belongs to a run, not to its blocks: it is compared over runs alone. It is not divided by
 * requests: memory is held, not used up, and both arms are asked the same.
 */
export const peakRss: MetricFamily = {
  title: "peak_rss",
  unit: "MB",
  better: "lower",
  effect: "relative",
  dependency: "none",
  target: "none",
  wholeArm: true,
  onePerRun: true,
  named: (name) => name === "peak_rss",
  evidence: () => ({
    kind: "sums",
    amounts: true,
    of: ({ peakBytes }) =>
      peakBytes === null
        ? { numerator: 0, denominator: 0 }
        : { numerator: peakBytes / 1e6, denominator: 1 },
  }),
};
