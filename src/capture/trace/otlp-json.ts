import { jsonShape } from "../json-scan.ts";
import { spansInParts } from "./json-parts.ts";
import type { RawSpan, SpanKind } from "./span.ts";
import {
  idsOf,
  integerOf,
  isObject,
  listOf,
  type SpanItem,
  spanItem,
  textOf,
  traceFormat,
} from "./trace-format.ts";

type JsonObject = Readonly<Record<string, unknown>>;

const KINDS: Readonly<Record<string, SpanKind>> = {
  2: "SERVER",
  3: "CLIENT",
  SPAN_KIND_SERVER: "SERVER",
  SPAN_KIND_CLIENT: "CLIENT",
};
const FAILED = new Set(["2", "STATUS_CODE_ERROR"]);
/** Where the parts are: of an exporter, of Tempo's APIs, of Jaeger's. */
const PLACES: readonly (readonly string[])[] = [
  ["resourceSpans"],
  ["batches"],
  ["trace", "resourceSpans"],
  ["result", "resourceSpans"],
];

function attributesOf(list: unknown): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const entry of listOf(list)) {
    if (!isObject(entry) || typeof entry["key"] !== "string" || !isObject(entry["value"])) continue;
    const text = valueOf(entry["value"]);
    if (text !== undefined) attributes.set(entry["key"], text);
  }
  return attributes;
}

/** Of a list, such as a header's values, the first. */
function valueOf(value: JsonObject): string | undefined {
  const { arrayValue, boolValue, doubleValue, intValue, stringValue } = value;
  const [first] = isObject(arrayValue) ? listOf(arrayValue["values"]) : [];
  return (
    textOf(stringValue) ??
    textOf(intValue) ??
    (typeof boolValue === "boolean" ? String(boolValue) : textOf(doubleValue)) ??
    (isObject(first) && !("arrayValue" in first) ? valueOf(first) : undefined)
  );
}

function rawOf(span: JsonObject, service: string | undefined, place: string): RawSpan {
  const startNs = integerOf(span["startTimeUnixNano"]);
  const endNs = integerOf(span["endTimeUnixNano"]);
  const timed = startNs !== undefined && endNs !== undefined && endNs >= startNs;
  const status = isObject(span["status"]) ? textOf(span["status"]["code"]) : undefined;
  return {
    place,
    ...idsOf(span["traceId"], span["spanId"]),
    parentId: textOf(span["parentSpanId"]),
    kind: KINDS[textOf(span["kind"]) ?? ""] ?? "OTHER",
    service,
    name: textOf(span["name"]) ?? "",
    startNs,
    durationNs: timed ? endNs - startNs : undefined,
    failed: FAILED.has(status ?? ""),
    attributes: attributesOf(span["attributes"]),
  };
}

function* spansOf(part: unknown, place: string): Generator<SpanItem> {
  if (!isObject(part)) return;
  const resource = isObject(part["resource"]) ? part["resource"] : {};
  const service = attributesOf(resource["attributes"]).get("service.name");
  const scopes = listOf(part["scopeSpans"] ?? part["instrumentationLibrarySpans"]);
  let number = 0;
  for (const scope of scopes) {
    for (const span of listOf(isObject(scope) ? scope["spans"] : undefined)) {
      const where = `${place} (span ${++number})`;
      yield spanItem(span, where, (one) => rawOf(one, service, where));
    }
  }
}

function partsUnder(head: Buffer): readonly string[] | undefined {
  const keys = jsonShape(head)?.keys ?? [];
  return PLACES.find(
    ([outer, inner]) =>
      keys.includes(outer!) && (inner === undefined || head.includes(`"${inner}"`)),
  );
}

/**
 * OpenTelemetry's OTLP as JSON, one object or one a line (the collector's file exporter); also as
 * Tempo and Jaeger give it. Nanoseconds may be text or numbers.
 */
export const otlpJsonFormat = traceFormat({
  name: "otlp-json",
  description: "OpenTelemetry traces (OTLP JSON, JSON lines)",
  timePrecisionNs: 1,

  sniff: (head) => partsUnder(head) !== undefined,
  spans: (file) => spansInParts(file, partsUnder(file.head) ?? [], spansOf),
});
