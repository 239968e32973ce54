import { addAttribute, eachField, messagesIn, resourceOf } from "./fields.ts";
import type { OtlpSpan, SpanKind } from "./span.ts";

/*
 * The fields of opentelemetry/proto/trace/v1/trace.proto and common/v1/common.proto (1.5.0) that
 * requests and calls are made of; all others are skipped.
 */
const SCOPE_SPANS = 2;
const SPANS = 2;
const SPAN = {
  traceId: 1,
  spanId: 2,
  parentSpanId: 4,
  name: 5,
  kind: 6,
  startTimeUnixNano: 7,
  endTimeUnixNano: 8,
  attributes: 9,
  status: 15,
} as const;
const KINDS: Readonly<Record<number, SpanKind>> = { 2: "SERVER", 3: "CLIENT" };
const STATUS_CODE = 3;
const STATUS_ERROR = 2;

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function statusCodeOf(bytes: Uint8Array): number {
  let code = 0;
  eachField(bytes, (field, reader) => {
    if (field !== STATUS_CODE) return false;
    code = reader.int32();
    return true;
  });
  return code;
}

/** Throws when the bytes are no span. */
export function protoSpan(bytes: Uint8Array): OtlpSpan {
  const attributes = new Map<string, string>();
  let [traceId, id, parentId, name] = ["", "", "", ""];
  let [startNs, endNs] = [0n, 0n];
  let [kind, code] = [0, 0];
  eachField(bytes, (field, reader) => {
    switch (field) {
      case SPAN.traceId:
        traceId = hexOf(reader.bytes());
        return true;
      case SPAN.spanId:
        id = hexOf(reader.bytes());
        return true;
      case SPAN.parentSpanId:
        parentId = hexOf(reader.bytes());
        return true;
      case SPAN.name:
        name = reader.string();
        return true;
      case SPAN.kind:
        kind = reader.int32();
        return true;
      case SPAN.startTimeUnixNano:
        startNs = BigInt(reader.fixed64());
        return true;
      case SPAN.endTimeUnixNano:
        endNs = BigInt(reader.fixed64());
        return true;
      case SPAN.attributes:
        addAttribute(attributes, reader.bytes());
        return true;
      case SPAN.status:
        code = statusCodeOf(reader.bytes());
        return true;
      default:
        return false;
    }
  });
  return {
    traceId,
    id,
    parentId,
    kind: KINDS[kind] ?? "OTHER",
    name,
    startNs: startNs === 0n ? undefined : startNs,
    durationNs: startNs !== 0n && endNs >= startNs ? endNs - startNs : undefined,
    failed: code === STATUS_ERROR,
    attributes,
  };
}

/** The spans of one part (ResourceSpans), not yet read, and what sent them. Throws when it is none. */
export const protoSpansOf = (
  part: Uint8Array,
): { readonly resource: Map<string, string>; readonly spans: readonly Uint8Array[] } => ({
  resource: resourceOf(part),
  spans: messagesIn(part, SCOPE_SPANS).flatMap((scope) => messagesIn(scope, SPANS)),
});
