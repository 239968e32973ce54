import type { MetricFamily } from "./model.ts";

/**
 * What was sent for each request that was answered, head and body. No build changes it: where the
 * arms differ by more than the length of their addresses and headers, the instrument is at fault.
 */
export const requestBytes: MetricFamily = {
  title: "request_bytes",
  unit: "bytes per request",
  better: "lower",
  effect: "relative",
  dependency: "none",
  target: "none",
  named: (name) => name === "request_bytes",
  evidence: () => ({
    kind: "sums",
    of: ({ requestBytes: bytes, responses }) => ({ numerator: bytes, denominator: responses }),
  }),
};
