import { integerOf, isObject, listOf, textOf, type SpanKind } from "../../otlp/index.ts";
import { jsonShape } from "../json-scan.ts";
import { spansInParts } from "./json-parts.ts";
import type { RawSpan } from "./span.ts";
import { idsOf, type SpanItem, spanItem, traceFormat } from "./trace-format.ts";

const NS_PER_US = 1_000n;
const KINDS: Readonly<Record<string, SpanKind>> = { client: "CLIENT", server: "SERVER" };

type JsonObject = Readonly<Record<string, unknown>>;

function attributesOf(tags: unknown): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const tag of listOf(tags)) {
    if (!isObject(tag)) continue;
    const { key, value } = tag;
    if (typeof key !== "string") continue;
    if (typeof value === "boolean") attributes.set(key, String(value));
    else if (textOf(value) !== undefined) attributes.set(key, textOf(value)!);
  }
  return attributes;
}

/** The parent: the first CHILD_OF, else the first reference of any kind; old files have a field. */
function parentOf(span: JsonObject): string | undefined {
  const references = listOf(span["references"]).filter(isObject);
  const child = references.find(({ refType }) => refType === "CHILD_OF") ?? references[0];
  return textOf(child?.["spanID"]) ?? textOf(span["parentSpanID"]);
}

function timeNs(value: unknown): bigint | undefined {
  const us = integerOf(value);
  return us === undefined ? undefined : us * NS_PER_US;
}

function rawOf(span: JsonObject, processes: JsonObject, place: string): RawSpan {
  const attributes = attributesOf(span["tags"]);
  const named = processes[textOf(span["processID"]) ?? ""];
  const process = isObject(span["process"]) ? span["process"] : isObject(named) ? named : {};
  return {
    place,
    ...idsOf(span["traceID"], span["spanID"]),
    parentId: parentOf(span),
    kind: KINDS[(attributes.get("span.kind") ?? "").toLowerCase()] ?? "OTHER",
    service: textOf(process["serviceName"]),
    name: textOf(span["operationName"]) ?? "",
    startNs: timeNs(span["startTime"]),
    durationNs: timeNs(span["duration"]),
    attributes,
  };
}

function* spansOf(part: unknown, place: string): Generator<SpanItem> {
  const outer = isObject(part) ? part : {};
  const inner = isObject(outer["data"]) ? outer["data"] : outer;
  const processes = isObject(inner["processes"]) ? inner["processes"] : {};
  // A span alone, as the collector writes them to its stores.
  const spans = Array.isArray(inner["spans"]) ? inner["spans"] : [inner];
  for (const [index, span] of spans.entries()) {
    const where = `${place} (span ${index + 1})`;
    yield spanItem(span, where, (one) => rawOf(one, processes, where));
  }
}

const inList = (head: Buffer): boolean => /"data"\s*:\s*\[/.test(head.toString("latin1"));

/**
 * Jaeger's JSON, as its UI and its query API give it: `data` with a list of traces or with one, a
 * trace alone, a list of traces.
 */
export const jaegerFormat = traceFormat({
  name: "jaeger",
  description: "Jaeger traces (JSON)",
  timePrecisionNs: 1e3,

  sniff(head) {
    const keys = jsonShape(head)?.keys ?? [];
    if (keys.includes("traceID")) return keys.includes("spans") || keys.includes("spanID");
    return keys.includes("data") && head.includes('"traceID"');
  },

  spans(file) {
    const keys = jsonShape(file.head)?.keys ?? [];
    const listed = !keys.includes("traceID") && inList(file.head);
    return spansInParts(file, listed ? ["data"] : [], spansOf);
  },
});
