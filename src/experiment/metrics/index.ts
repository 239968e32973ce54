/** One kind of metric a file: what it is made of in a block, in which unit, and what is better. */
import { ShakedownError } from "../../core/index.ts";
import { amplification } from "./amplification.ts";
import { callsPerRequest } from "./calls-per-request.ts";
import { cost } from "./cost.ts";
import { cpuSeconds } from "./cpu-seconds.ts";
import { errorRatio } from "./error-ratio.ts";
import { goodput } from "./goodput.ts";
import { mean } from "./mean.ts";
import type { MetricFamily } from "./model.ts";
import { otel } from "./otel.ts";
import { peakRss } from "./peak-rss.ts";
import { quantile } from "./quantile.ts";
import { requestBytes } from "./request-bytes.ts";
import { responseEquality } from "./response-equality.ts";
import { sloAttainment } from "./slo-attainment.ts";
import { throughput } from "./throughput.ts";

export { type Aggregation, AGGREGATIONS, toldLabel, type ToldSpec } from "./told-spec.ts";
export {
  type BlockLists,
  type Evidence,
  METRIC_UNITS,
  type MetricFamily,
  type MetricName,
  type MetricSpec,
  type MetricUnit,
} from "./model.ts";

/** Every kind of metric, in the order in which messages list them. */
export const METRIC_FAMILIES: readonly MetricFamily[] = [
  quantile,
  mean,
  errorRatio,
  sloAttainment,
  throughput,
  goodput,
  amplification,
  callsPerRequest,
  cost,
  cpuSeconds,
  peakRss,
  requestBytes,
  otel,
  responseEquality,
];

/** The family that a metric's name belongs to; undefined for a name that is none's. */
export function familyNamed(name: string): MetricFamily | undefined {
  return METRIC_FAMILIES.find((family) => family.named(name));
}

/**
 * The family of a metric that a checked scenario, or a plan, names.
 * @throws INTERNAL for a name that is none's
 */
export function familyOf({ metric }: { readonly metric: string }): MetricFamily {
  const family = familyNamed(metric);
  if (family === undefined) throw new ShakedownError("INTERNAL", `"${metric}" is not a metric`);
  return family;
}

/** Whether it is made of service times. */
export const isOfService = ({ metric }: { readonly metric: string }): boolean =>
  metric.startsWith("service_time");

/** Whether it is told by single requests: calls and CPU time are counted for an arm as a whole. */
export function isOfRequests(name: { readonly metric: string }): boolean {
  const { dependency, wholeArm = false } = familyOf(name);
  return dependency === "none" && !wholeArm;
}
