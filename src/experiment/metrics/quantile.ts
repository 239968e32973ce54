import type { MetricFamily, MetricName } from "./model.ts";

const NAME = /^(response|service)_time_p(\d{1,2}(?:\.\d+)?)$/;
const shareOf = (name: string): number => Number(NAME.exec(name)?.[2] ?? 0) / 100;

/** Any percentile between 0 and 100 of the response or the service time: p50, p99, p99.9. */
export const quantile: MetricFamily = {
  title: "response_time_p95, service_time_p99 (any percentile)",
  unit: "us",
  better: "lower",
  effect: "relative",
  dependency: "none",
  target: "none",
  named: (name) => shareOf(name) > 0,
  evidence: ({ metric }: MetricName) => ({
    kind: "quantile",
    p: shareOf(metric),
    of: metric.startsWith("service")
      ? ({ serviceTime }) => serviceTime
      : ({ responseTime }) => responseTime,
  }),
};
