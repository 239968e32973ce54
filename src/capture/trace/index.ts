import { jaegerFormat } from "./jaeger.ts";
import { otlpJsonFormat } from "./otlp-json.ts";
import { otlpProtoFormat } from "./otlp-proto.ts";
import { zipkinFormat } from "./zipkin.ts";

/** Formats of traces: SERVER spans are requests, and CLIENT spans what these called. */
export const TRACE_FORMATS = [zipkinFormat, jaegerFormat, otlpJsonFormat, otlpProtoFormat];
