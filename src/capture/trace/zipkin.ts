import { integerOf, isObject, textOf, type SpanKind } from "../../otlp/index.ts";
import { jsonShape } from "../json-scan.ts";
import { spansInParts } from "./json-parts.ts";
import type { RawSpan } from "./span.ts";
import { idsOf, spanItem, traceFormat } from "./trace-format.ts";

const NS_PER_US = 1_000n;
const KINDS: Readonly<Record<string, SpanKind>> = { CLIENT: "CLIENT", SERVER: "SERVER" };

function addressOf(endpoint: Readonly<Record<string, unknown>>): string | undefined {
  const ip = textOf(endpoint["ipv4"]) ?? textOf(endpoint["ipv6"]);
  const port = textOf(endpoint["port"]);
  return ip === undefined || port === undefined ? ip : `${ip}:${port}`;
}

function timeNs(value: unknown): bigint | undefined {
  const us = integerOf(value);
  return us === undefined ? undefined : us * NS_PER_US;
}

function rawOf(span: Readonly<Record<string, unknown>>, place: string): RawSpan {
  const local = isObject(span["localEndpoint"]) ? span["localEndpoint"] : {};
  const remote = isObject(span["remoteEndpoint"]) ? span["remoteEndpoint"] : {};
  const tags = isObject(span["tags"]) ? span["tags"] : {};
  return {
    place,
    ...idsOf(span["traceId"], span["id"]),
    parentId: textOf(span["parentId"]),
    kind: KINDS[textOf(span["kind"]) ?? ""] ?? "OTHER",
    service: textOf(local["serviceName"]),
    name: textOf(span["name"]) ?? "",
    startNs: timeNs(span["timestamp"]),
    durationNs: timeNs(span["duration"]),
    remoteService: textOf(remote["serviceName"]),
    remoteAddress: addressOf(remote),
    attributes: new Map(
      Object.entries(tags).flatMap(([key, value]) => {
        const text = textOf(value);
        return text === undefined ? [] : [[key, text] as const];
      }),
    ),
  };
}

/**
 * Zipkin's JSON, version 2: a list of spans, or a list of traces. A called service may share its
 * caller's span id.
 */
export const zipkinFormat = traceFormat({
  name: "zipkin",
  description: "Zipkin traces (v2 JSON)",
  timePrecisionNs: 1e3,

  sniff(head) {
    const keys = jsonShape(head)?.keys ?? [];
    return keys.includes("traceId") && keys.includes("id");
  },

  spans: (file) =>
    spansInParts(file, [], (part, place) => [spanItem(part, place, (span) => rawOf(span, place))]),
});
