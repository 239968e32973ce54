import { isObject, jsonSpan, jsonSpansOf } from "../../otlp/index.ts";
import { jsonShape } from "../json-scan.ts";
import { spansInParts } from "./json-parts.ts";
import { rawSpan, type SpanItem, spanItem, traceFormat } from "./trace-format.ts";

/** Where the parts are: of an exporter, of Tempo's APIs, of Jaeger's. */
const PLACES: readonly (readonly string[])[] = [
  ["resourceSpans"],
  ["batches"],
  ["trace", "resourceSpans"],
  ["result", "resourceSpans"],
];

function* spansOf(part: unknown, place: string): Generator<SpanItem> {
  if (!isObject(part)) return;
  const { resource, spans } = jsonSpansOf(part);
  const service = resource.get("service.name");
  for (const [index, span] of spans.entries()) {
    const where = `${place} (span ${index + 1})`;
    yield spanItem(span, where, (one) => rawSpan(jsonSpan(one), service, where));
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
