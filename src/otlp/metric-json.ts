import { inFixedBuckets } from "./exponential.ts";
import {
  attributesOf,
  integerOf,
  isObject,
  type JsonObject,
  listedIn,
  listOf,
  resourceIn,
  textOf,
} from "./json.ts";
import type { OtlpHistogram, OtlpPoint } from "./point.ts";

const DELTA = new Set(["1", "AGGREGATION_TEMPORALITY_DELTA"]);
const NO_VALUE = 1;

/** A number, written as one or as text; NaN for what is none. */
const numberOf = (value: unknown): number => {
  const text = textOf(value);
  return text === undefined || text.trim() === "" ? Number.NaN : Number(text);
};
const optional = (value: unknown): number | null => (value === undefined ? null : numberOf(value));

function valueOf(point: JsonObject): number | undefined {
  if (point["asDouble"] !== undefined) return numberOf(point["asDouble"]);
  return point["asInt"] === undefined ? undefined : numberOf(point["asInt"]);
}

const totals = (point: JsonObject): Pick<OtlpHistogram, "count" | "max" | "sum"> => ({
  count: numberOf(point["count"] ?? 0),
  sum: optional(point["sum"]),
  max: optional(point["max"]),
});

function explicitOf(point: JsonObject): OtlpHistogram {
  const bounds = listOf(point["explicitBounds"]).map(numberOf);
  // One bucket for everything is the same as none.
  const counts = bounds.length === 0 ? [] : listOf(point["bucketCounts"]).map(numberOf);
  return { ...totals(point), bounds, counts };
}

function exponentialOf(point: JsonObject): OtlpHistogram {
  const positive = isObject(point["positive"]) ? point["positive"] : {};
  return inFixedBuckets(totals(point), {
    scale: numberOf(point["scale"] ?? 0),
    offset: numberOf(positive["offset"] ?? 0),
    counts: listOf(positive["bucketCounts"]).map(numberOf),
  });
}

const KINDS = {
  gauge: { kind: "gauge", value: valueOf },
  sum: { kind: "sum", value: valueOf },
  histogram: { kind: "histogram", value: explicitOf },
  exponentialHistogram: { kind: "histogram", value: exponentialOf },
} as const;

const nanos = (value: unknown): bigint | undefined => {
  const ns = integerOf(value);
  return ns === 0n ? undefined : ns;
};

/** The points of one metric. A summary's are left out. */
export function jsonPoints(metric: JsonObject): OtlpPoint[] {
  return Object.entries(KINDS).flatMap(([name, { kind, value: read }]) => {
    const data = metric[name];
    if (!isObject(data)) return [];
    const about = {
      name: textOf(metric["name"]) ?? "",
      unit: textOf(metric["unit"]) ?? "",
      kind,
      monotonic: kind === "sum" && data["isMonotonic"] === true,
      delta: kind !== "gauge" && DELTA.has(textOf(data["aggregationTemporality"]) ?? ""),
    };
    return listOf(data["dataPoints"]).flatMap((point): OtlpPoint[] => {
      if (!isObject(point)) return [];
      const value = read(point);
      const flags = numberOf(point["flags"] ?? 0);
      if (value === undefined || (flags & NO_VALUE) !== 0) return [];
      const timeNs = nanos(point["timeUnixNano"]);
      const startNs = nanos(point["startTimeUnixNano"]);
      return [{ ...about, attributes: attributesOf(point["attributes"]), timeNs, startNs, value }];
    });
  });
}

/** The metrics of one part (ResourceMetrics), not yet read. */
export const jsonMetricsOf = (
  part: JsonObject,
): { readonly resource: Map<string, string>; readonly metrics: readonly unknown[] } => ({
  resource: resourceIn(part),
  metrics: listedIn(part["scopeMetrics"], "metrics"),
});
