export type SpanKind = "SERVER" | "CLIENT" | "OTHER";

/** What OTLP says of a span, before it is known what its attributes mean. */
export interface OtlpSpan {
  /** As it is written: in hex, or, of other senders, as they like. */
  readonly traceId: string | undefined;
  readonly id: string | undefined;
  readonly parentId: string | undefined;
  readonly kind: SpanKind;
  readonly name: string;
  /** Since 1970. */
  readonly startNs: bigint | undefined;
  readonly durationNs: bigint | undefined;
  /** Its status says that it failed. */
  readonly failed: boolean;
  readonly attributes: ReadonlyMap<string, string>;
}
