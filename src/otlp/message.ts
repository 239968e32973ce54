import { parseExactJson } from "../core/index.ts";
import { messagesIn } from "./fields.ts";
import { isObject, type JsonObject, listOf } from "./json.ts";
import { jsonMetricsOf, jsonPoints } from "./metric-json.ts";
import { protoMetricsOf, protoPoints } from "./metric-proto.ts";
import { isSound, type OtlpPoint } from "./point.ts";
import { jsonSpan, jsonSpansOf } from "./span-json.ts";
import { protoSpan, protoSpansOf } from "./span-proto.ts";
import type { OtlpSpan } from "./span.ts";

/** How an exporter's request is written. */
export type OtlpEncoding = "json" | "protobuf";

/** What one export request brings, each with the attributes of what sent it. */
export interface OtlpMessage<Item> {
  readonly items: readonly {
    readonly resource: ReadonlyMap<string, string>;
    readonly item: Item;
  }[];
  /** Spans, or points, that could not be read. */
  readonly damaged: number;
}

interface Reader<Part, Raw, Item> {
  readonly members: (part: Part) => {
    readonly resource: ReadonlyMap<string, string>;
    readonly raw: readonly Raw[];
  };
  readonly read: (raw: Raw) => readonly Item[];
}

function readParts<Part, Raw, Item>(
  parts: readonly Part[],
  { members, read }: Reader<Part, Raw, Item>,
  sound: (item: Item) => boolean,
): OtlpMessage<Item> {
  const items: { resource: ReadonlyMap<string, string>; item: Item }[] = [];
  let damaged = 0;
  for (const part of parts) {
    const { raw, resource } = members(part);
    for (const each of raw) {
      try {
        for (const item of read(each)) {
          if (sound(item)) items.push({ resource, item });
          else damaged++;
        }
      } catch {
        damaged++;
      }
    }
  }
  return { items, damaged };
}

/** @throws SyntaxError when it is not JSON, TypeError when it has no such list */
function jsonParts(body: Uint8Array, name: string): JsonObject[] {
  const message = parseExactJson(new TextDecoder("utf-8", { fatal: true }).decode(body));
  if (!isObject(message)) throw new TypeError("the message is no object");
  if (message[name] !== undefined && !Array.isArray(message[name])) {
    throw new TypeError(`${name} is no list`);
  }
  return listOf(message[name]).filter(isObject);
}

const objectOf = (value: unknown): JsonObject => {
  if (!isObject(value)) throw new TypeError("not an object");
  return value;
};

const always = (): boolean => true;

/** An ExportTraceServiceRequest. Throws when the body as a whole is none. */
export function readSpans(body: Uint8Array, encoding: OtlpEncoding): OtlpMessage<OtlpSpan> {
  if (encoding === "protobuf") {
    const members = (part: Uint8Array) => {
      const { resource, spans } = protoSpansOf(part);
      return { resource, raw: spans };
    };
    const read = (raw: Uint8Array): OtlpSpan[] => [protoSpan(raw)];
    return readParts(messagesIn(body, 1), { members, read }, always);
  }
  const members = (part: JsonObject) => {
    const { resource, spans } = jsonSpansOf(part);
    return { resource, raw: spans };
  };
  const read = (raw: unknown): OtlpSpan[] => [jsonSpan(objectOf(raw))];
  return readParts(jsonParts(body, "resourceSpans"), { members, read }, always);
}

/** An ExportMetricsServiceRequest. Throws when the body as a whole is none. */
export function readPoints(body: Uint8Array, encoding: OtlpEncoding): OtlpMessage<OtlpPoint> {
  if (encoding === "protobuf") {
    const members = (part: Uint8Array) => {
      const { metrics, resource } = protoMetricsOf(part);
      return { resource, raw: metrics };
    };
    return readParts(messagesIn(body, 1), { members, read: protoPoints }, isSound);
  }
  const members = (part: JsonObject) => {
    const { metrics, resource } = jsonMetricsOf(part);
    return { resource, raw: metrics };
  };
  const read = (raw: unknown): OtlpPoint[] => jsonPoints(objectOf(raw));
  return readParts(jsonParts(body, "resourceMetrics"), { members, read }, isSound);
}
