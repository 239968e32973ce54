import { BinaryReader } from "@bufbuild/protobuf/wire";
import { protoSpan, protoSpansOf } from "../../otlp/index.ts";
import { Unusable } from "../http-message.ts";
import type { CaptureFile } from "../source.ts";
import { rawSpan, type SpanItem, traceFormat } from "./trace-format.ts";

const PART_MAX_BYTES = 256 * 2 ** 20;
const LENGTH_PREFIX_BYTES = 4;
/** Tag and length of a field. */
const FIELD_HEAD_MAX_BYTES = 11;
/** The first field, length-delimited: the only one that these messages have outermost. */
const PART_TAG = 0x0a;

function itemOf(bytes: Uint8Array, service: string | undefined, place: string): SpanItem {
  try {
    return { kind: "span", span: rawSpan(protoSpan(bytes), service, place) };
  } catch (thrown) {
    const reason =
      thrown instanceof Unusable ? thrown.message : "the span is no protobuf message of its kind";
    return { kind: "rejected", place, reason };
  }
}

function* spansOf(part: Uint8Array, place: string): Generator<SpanItem> {
  let [service, spans]: [string | undefined, readonly Uint8Array[]] = [undefined, []];
  try {
    const read = protoSpansOf(part);
    service = read.resource.get("service.name");
    spans = read.spans;
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
