import { ShakedownError } from "../../core/index.ts";
import { isObject, type OtlpSpan, textOf } from "../../otlp/index.ts";
import type { CaptureFormat, CaptureItem } from "../format.ts";
import { Unusable } from "../http-message.ts";
import type { CaptureFile } from "../source.ts";
import { assemble } from "./assemble.ts";
import { type RawSpan, type Span, spanId, spanOf } from "./span.ts";

/** All of a file's spans are held, for those of a trace stand anywhere in it. */
const SPANS_MAX = 2_000_000;

/** What a reader of spans finds, in file order. */
export type SpanItem =
  | { readonly kind: "span"; readonly span: RawSpan }
  | Extract<CaptureItem, { readonly kind: "rejected" | "warning" }>;

interface TraceReader {
  readonly name: string;
  readonly description: string;
  readonly timePrecisionNs: number;
  readonly sniff: (head: Buffer) => boolean;
  readonly spans: (file: CaptureFile) => AsyncIterable<SpanItem>;
}

/** A capture format out of what reads a trace format's spans. */
export function traceFormat({ spans, ...about }: TraceReader): CaptureFormat {
  return {
    ...about,
    async *read(file, { service } = {}) {
      const held: Span[] = [];
      for await (const item of spans(file)) {
        if (item.kind !== "span") {
          yield item;
        } else if (held.length < SPANS_MAX) {
          held.push(spanOf(item.span));
        } else {
          throw new ShakedownError(
            "CAPTURE_INVALID",
            `${file.name} holds over ${SPANS_MAX} spans`,
            {
              hint: "split it by time, or export fewer traces",
            },
          );
        }
      }
      yield* assemble(held, { fileName: file.name, wanted: service });
    },
  };
}

/** A span's two ids, which every format has. @throws Unusable */
export function idsOf(traceId: unknown, id: unknown): { traceId: string; id: string } {
  const ids = { traceId: spanId(textOf(traceId)), id: spanId(textOf(id)) };
  if (ids.traceId === undefined) throw new Unusable("the span has no trace id");
  if (ids.id === undefined) throw new Unusable("the span has no id");
  return { traceId: ids.traceId, id: ids.id };
}

/** A span of OTLP, with what a capture wants of it besides. @throws Unusable without its ids */
export const rawSpan = (span: OtlpSpan, service: string | undefined, place: string): RawSpan => ({
  ...span,
  place,
  ...idsOf(span.traceId, span.id),
  service,
});

/** The span that `read` makes of a value, or why it makes none. */
export function spanItem(
  value: unknown,
  place: string,
  read: (from: Readonly<Record<string, unknown>>) => RawSpan,
): SpanItem {
  try {
    if (!isObject(value)) throw new Unusable("the span is not an object");
    return { kind: "span", span: read(value) };
  } catch (thrown) {
    if (!(thrown instanceof Unusable)) throw thrown;
    return { kind: "rejected", place, reason: thrown.message };
  }
}
