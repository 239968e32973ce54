import { z } from "zod";
import { ratioField } from "../core/index.ts";

/**
 * A metric by the name that scenarios use:
 * `response_time_p95`, `service_time_p50` (any percentile between 0 and 100: p50, p99, p99.9),
 * `error_ratio`, `amplification` (of one dependency).
 */
export type Metric =
  | { readonly kind: "quantile"; readonly of: "response" | "service"; readonly p: number }
  | { readonly kind: "error-ratio" }
  | { readonly kind: "amplification"; readonly dependency: string };

const QUANTILE_NAME = /^(response|service)_time_p(\d{1,2}(?:\.\d+)?)$/;

const isMetric = (name: string): boolean => {
  const quantile = QUANTILE_NAME.exec(name);
  return quantile === null
    ? ["error_ratio", "amplification"].includes(name)
    : Number(quantile[2]) > 0;
};

const metricName = z.string().refine(isMetric, {
  error: ({ input }) =>
    `"${String(input)}" is not a metric; write response_time_p95, service_time_p99 (any percentile), ` +
    "error_ratio or amplification",
});

const fields = { metric: metricName, dependency: z.string().optional(), margin: ratioField(10) };

const dependencyRule = {
  test: (row: { metric: string; dependency?: string | undefined }): boolean =>
    (row.metric === "amplification") === (row.dependency !== undefined),
  error: "amplification needs a `dependency`, and only amplification has one",
};

/** A metric with the harm that is tolerated, as scenarios write it. */
export const metricSchema = z
  .strictObject(fields)
  .refine(dependencyRule.test, { error: dependencyRule.error });

/** The same as the `then` of a hypothesis, which says the direction in words. */
export const primarySchema = z
  .strictObject({ ...fields, changesBy: z.literal("less-than").default("less-than") })
  .refine(dependencyRule.test, { error: dependencyRule.error });

export interface MetricSpec {
  readonly metric: string;
  readonly dependency?: string | undefined;
  /** The harm tolerated, on the effect's scale: relative for times and calls, a difference for ratios. */
  readonly margin: number;
}

/** What a metric's name means. */
export function metricOf(spec: { metric: string; dependency?: string | undefined }): Metric {
  const quantile = QUANTILE_NAME.exec(spec.metric);
  if (quantile !== null) {
    const of = quantile[1] === "service" ? "service" : "response";
    return { kind: "quantile", of, p: Number(quantile[2]) / 100 };
  }
  if (spec.metric === "amplification") {
    return { kind: "amplification", dependency: spec.dependency ?? "" };
  }
  return { kind: "error-ratio" };
}

/** The name with its dependency: `amplification:reviews`. */
export function metricLabel(spec: { metric: string; dependency?: string | undefined }): string {
  return spec.dependency === undefined ? spec.metric : `${spec.metric}:${spec.dependency}`;
}
