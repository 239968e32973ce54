import { BinaryReader } from "@bufbuild/protobuf/wire";
import { Unusable } from "../http-message.ts";
import type { CaptureFile } from "../source.ts";
import { addAttribute, eachField } from "./proto-fields.ts";
import type { RawSpan, SpanKind } from "./span.ts";
import { idsOf, type SpanItem, traceFormat } from "./trace-format.ts";

/*
 * The fields of opentelemetry/proto/trace/v1/trace.proto and common/v1/common.proto (1.5.0) that
 * requests and calls are made of; all others are skipped.
 */
const PART = { resource: 1, scopeSpans: 2 } as const;
const SCOPE_SPANS = { spans: 2 } as const;
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

const PART_MAX_BYTES = 256 * 2 ** 20;
const LENGTH_PREFIX_BYTES = 4;
/** Tag and length of a field. */
const FIELD_HEAD_MAX_BYTES = 11;
/** The first field, length-delimited: the only one that these messages have outermost. */
const PART_TAG = 0x0a;

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

/** @throws Unusable, or what the bytes are no message by */
function rawOf(bytes: Uint8Array, service: string | undefined, place: string): RawSpan {
  const attributes = new Map<string, string>();
  let [traceId, spanId, parentId, name] = ["", "", "", ""];
  let [startNs, endNs] = [0n, 0n];
  let [kind, code] = [0, 0];
  eachField(bytes, (field, reader) => {
    switch (field) {
      case SPAN.traceId:
        traceId = hexOf(reader.bytes());
        return true;
      case SPAN.spanId:
        spanId = hexOf(reader.bytes());
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
    place,
    ...idsOf(traceId, spanId),
    parentId,
    kind: KINDS[kind] ?? "OTHER",
    service,
    name,
    startNs: startNs === 0n ? undefined : startNs,
    durationNs: startNs !== 0n && endNs >= startNs ? endNs - startNs : undefined,
    failed: code === STATUS_ERROR,
    attributes,
  };
}

function itemOf(bytes: Uint8Array, service: string | undefined, place: string): SpanItem {
  try {
    return { kind: "span", span: rawOf(bytes, service, place) };
  } catch (thrown) {
    const reason =
      thrown instanceof Unusable ? thrown.message : "the span is no protobuf message of its kind";
    return { kind: "rejected", place, reason };
  }
}

/** The messages in a field that may come again. */
function messagesIn(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  eachField(bytes, (field, reader) => {
    if (field !== wanted) return false;
    found.push(reader.bytes());
    return true;
  });
  return found;
}

function serviceOf(part: Uint8Array): string | undefined {
  const attributes = new Map<string, string>();
  for (const resource of messagesIn(part, PART.resource)) {
    for (const entry of messagesIn(resource, 1)) addAttribute(attributes, entry);
  }
  return attributes.get("service.name");
}

function* spansOf(part: Uint8Array, place: string): Generator<SpanItem> {
  let [service, spans]: [string | undefined, Uint8Array[]] = [undefined, []];
  try {
    service = serviceOf(part);
    spans = messagesIn(part, PART.scopeSpans).flatMap((scope) =>
      messagesIn(scope, SCOPE_SPANS.spans),
    );
  } catch {
    yield { kind: "rejected", place, reason: "the part is no protobuf message of its kind" };
  }
  for (const [index, span] of spans.entries()) {
    yield itemOf(span, service, `${place} (span ${index + 1})`);
  }
}

/** A stream of which so many bytes are taken at a time. */
class Taken {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);
  /** Bytes that were taken. */
  position = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next bytes, fewer at the end; they stay. */
  async peek(length: number): Promise<Buffer> {
    const parts = [this.#held];
    let bytes = this.#held.length;
    while (bytes < length) {
      const { value, done } = await this.#chunks.next();
      if (done === true) break;
      parts.push(value);
      bytes += value.length;
    }
    if (parts.length > 1) this.#held = Buffer.concat(parts);
    return this.#held.subarray(0, length);
  }

  async take(length: number): Promise<Buffer> {
    const bytes = await this.peek(length);
    this.#held = this.#held.subarray(bytes.length);
    this.position += bytes.length;
    return bytes;
  }
}

/** How many bytes a part's tag and length take, and how many follow; undefined: it is no part. */
function partHead(head: Buffer): { headBytes: number; bytes: number } | undefined {
  if (head[0] !== PART_TAG) return undefined;
  try {
    const reader = new BinaryReader(head);
    reader.tag();
    const bytes = reader.uint32();
    return { headBytes: reader.pos, bytes };
  } catch {
    return undefined;
  }
}

/**
 * A file is one message, or messages behind four bytes of length each (the collector's file
 * exporter): both are parts in a row once the lengths are stepped over.
 */
async function* spansIn({ chunks, head, name }: CaptureFile): AsyncGenerator<SpanItem> {
  const prefixed = isPrefixed(head);
  const stream = new Taken(chunks);
  let messageEnd = 0;
  for (;;) {
    if (prefixed && stream.position >= messageEnd) {
      const prefix = await stream.take(LENGTH_PREFIX_BYTES);
      if (prefix.length === 0) return;
      if (prefix.length === LENGTH_PREFIX_BYTES) {
        messageEnd = stream.position + prefix.readUInt32BE();
        // An empty message.
        if (messageEnd === stream.position) continue;
      }
    }
    const next = await stream.peek(FIELD_HEAD_MAX_BYTES);
    if (next.length === 0) return;
    const place = `${name}:byte ${stream.position}`;
    const part = partHead(next);
    const reason =
      part === undefined
        ? "what follows is no part of OTLP: the rest of the file is not read"
        : part.bytes > PART_MAX_BYTES
          ? "the part is over 256 MiB: the rest of the file is not read"
          : undefined;
    if (part === undefined || reason !== undefined) {
      yield { kind: "rejected", place, reason: reason! };
      return;
    }
    await stream.take(part.headBytes);
    const bytes = await stream.take(part.bytes);
    if (bytes.length < part.bytes) {
      yield { kind: "rejected", place, reason: "the file ends inside the part" };
      return;
    }
    yield* spansOf(bytes, place);
  }
}

const isPrefixed = (head: Buffer): boolean => head[0] !== PART_TAG || head[4] === PART_TAG;

/** A span begins with its trace id of 16 bytes, and its own of 8. */
function holdsSpan(head: Buffer): boolean {
  for (let at = head.indexOf("\n\x10"); at !== -1; at = head.indexOf("\n\x10", at + 1)) {
    if (head[at + 18] === 0x12 && head[at + 19] === 0x08) return true;
  }
  return false;
}

/** OpenTelemetry's OTLP as protobuf, of an exporter's request or the collector's file exporter. */
export const otlpProtoFormat = traceFormat({
  name: "otlp-protobuf",
  description: "OpenTelemetry traces (OTLP protobuf)",
  timePrecisionNs: 1,

  sniff: (head) => (head[0] === PART_TAG || head[4] === PART_TAG) && holdsSpan(head),
  spans: spansIn,
});
