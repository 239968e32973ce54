import type { MetricFamily } from "./model.ts";

/**
 * The mean response or service time of what was started. A request without an answer counts with
 * the timeout, so this is the mean restricted to it: a lower bound of what users wait.
 * Source: Royston & Parmar 2013 (restricted mean).
 */
export const mean: MetricFamily = {
  title: "response_time_mean, service_time_mean",
  unit: "us",
  better: "lower",
  effect: "relative",
  dependency: "none",
  target: "none",
  named: (name) => name === "response_time_mean" || name === "service_time_mean",
  evidence: ({ metric }) => ({
    kind: "sums",
    amounts: true,
    of: (block) => {
      const times = metric.startsWith("service") ? block.serviceTime : block.responseTime;
      return { numerator: times.meanUs * times.count, denominator: times.count };
    },
  }),
};
