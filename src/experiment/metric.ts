import { z } from "zod";
import { formatDurationNs } from "../core/index.ts";
import { durationNsField, percentField } from "../core/fields/index.ts";
import {
  AGGREGATIONS,
  familyNamed,
  METRIC_FAMILIES,
  type MetricName,
  toldLabel,
} from "./metrics/index.ts";

export type { MetricSpec } from "./metrics/index.ts";

const titles = METRIC_FAMILIES.map(({ title }) => title);

const metricName = z.string().refine((name) => familyNamed(name) !== undefined, {
  error: ({ input }) =>
    `"${String(input)}" is not a metric; write ${titles.slice(0, -1).join(", ")} or ${titles.at(-1)}`,
});

/** Said where a margin is missing. */
export const MARGIN = "how much worse is still tolerated";

/** The fields of a metric, for the schemas of scenarios. */
export const metricFields = {
  metric: metricName.describe(`one of ${titles.join(", ")}`),
  dependency: z.string().optional().describe("whose calls are counted"),
  target: durationNsField().optional().describe("the response time that an answer must keep"),
  name: z
    .string()
    .optional()
    .describe(
      "of an `otel` metric: as the target calls it, such as db.client.connection.wait_time",
    ),
  aggregation: z.enum(AGGREGATIONS).optional().describe("of an `otel` metric: what is made of it"),
  attributes: z
    .record(z.string(), z.coerce.string())
    .optional()
    .describe("of an `otel` metric: series that have these"),
  margin: percentField(MARGIN),
};

/** Which parameters a metric takes: that those it needs are there, and no others. */
export function checkParameters(given: MetricName, context: z.RefinementCtx): void {
  const family = familyNamed(given.metric);
  if (family === undefined) return;
  const example = { dependency: "payments", target: "250ms" };
  for (const parameter of ["dependency", "target"] as const) {
    const there = given[parameter] !== undefined;
    const message = ((): string | null => {
      if (!there && family[parameter] === "needed")
        return `${given.metric} needs a \`${parameter}\`, such as ${parameter}: ${example[parameter]}`;
      return there && family[parameter] === "none"
        ? `${given.metric} has no \`${parameter}\`: leave it out`
        : null;
    })();
    if (message !== null) context.addIssue({ code: "custom", message });
  }
  checkTold(given, context);
}

const TOLD_EXAMPLE = { name: "db.client.connection.wait_time", aggregation: "mean" };

/** What a metric that targets tell of themselves needs, and no other has. */
function checkTold(given: MetricName, context: z.RefinementCtx): void {
  const told = given.metric === "otel";
  for (const parameter of ["name", "aggregation", "attributes"] as const) {
    const there = given[parameter] !== undefined;
    if (told && !there && parameter !== "attributes") {
      const message = `otel needs a \`${parameter}\`, such as ${parameter}: ${TOLD_EXAMPLE[parameter]}`;
      context.addIssue({ code: "custom", message });
    } else if (!told && there) {
      const message = `${given.metric} has no \`${parameter}\`: leave it out`;
      context.addIssue({ code: "custom", message });
    }
  }
}

/** A metric with the harm that is tolerated, as scenarios write it. */
export const metricSchema = z.strictObject(metricFields).superRefine(checkParameters);

/** The name with its parameters: `amplification:reviews`, `slo_attainment:250ms`. */
export function metricLabel(given: MetricName): string {
  const { dependency, metric, target } = given;
  if (metric === "otel") return `otel:${toldLabel(given)}`;
  const kept = target === undefined ? undefined : formatDurationNs(target).replaceAll(" ", "");
  return [metric, dependency, kept].filter((part) => part !== undefined).join(":");
}
