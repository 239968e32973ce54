import {
  attributesOf,
  integerOf,
  isObject,
  type JsonObject,
  listedIn,
  resourceIn,
  textOf,
} from "./json.ts";
import type { OtlpSpan, SpanKind } from "./span.ts";

const KINDS: Readonly<Record<string, SpanKind>> = {
  2: "SERVER",
  3: "CLIENT",
  SPAN_KIND_SERVER: "SERVER",
  SPAN_KIND_CLIENT: "CLIENT",
};
const FAILED = new Set(["2", "STATUS_CODE_ERROR"]);

export function jsonSpan(span: JsonObject): OtlpSpan {
  const startNs = integerOf(span["startTimeUnixNano"]);
  const endNs = integerOf(span["endTimeUnixNano"]);
  const timed = startNs !== undefined && endNs !== undefined && endNs >= startNs;
  const status = isObject(span["status"]) ? textOf(span["status"]["code"]) : undefined;
  return {
    traceId: textOf(span["traceId"]),
    id: textOf(span["spanId"]),
    parentId: textOf(span["parentSpanId"]),
    kind: KINDS[textOf(span["kind"]) ?? ""] ?? "OTHER",
    name: textOf(span["name"]) ?? "",
    startNs,
    durationNs: timed ? endNs - startNs : undefined,
    failed: FAILED.has(status ?? ""),
    attributes: attributesOf(span["attributes"]),
  };
}

/** The spans of one part (ResourceSpans), not yet read, and what sent them. */
export const jsonSpansOf = (
  part: JsonObject,
): { readonly resource: Map<string, string>; readonly spans: readonly unknown[] } => ({
  resource: resourceIn(part),
  spans: listedIn(part["scopeSpans"] ?? part["instrumentationLibrarySpans"], "spans"),
});
