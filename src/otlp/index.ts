/** What OpenTelemetry's OTLP messages hold, in protobuf and in JSON. No I/O. */
export { isObject, integerOf, listOf, textOf } from "./json.ts";
export { type OtlpEncoding, type OtlpMessage, readPoints, readSpans } from "./message.ts";
export type { OtlpHistogram, OtlpMetric, OtlpPoint } from "./point.ts";
export type { OtlpSpan, SpanKind } from "./span.ts";
export { jsonSpan, jsonSpansOf } from "./span-json.ts";
export { protoSpan, protoSpansOf } from "./span-proto.ts";
