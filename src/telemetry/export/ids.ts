import { randomBytes } from "node:crypto";
import type { IdGenerator } from "@opentelemetry/sdk-trace";

/** A span's place: 32 and 16 lower-case hex digits. */
export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
}

/** Ids by chance, but for spans that were on the wire before they are told. */
export class WireIds implements IdGenerator {
  #next: SpanIds | null = null;

  /** The one root span that is started in `start` has these ids. */
  readonly pin = <Made>(ids: SpanIds, start: () => Made): Made => {
    this.#next = ids;
    try {
      return start();
    } finally {
      this.#next = null;
    }
  };

  readonly generateTraceId = (): string => this.#next?.traceId ?? randomBytes(16).toString("hex");
  readonly generateSpanId = (): string => this.#next?.spanId ?? randomBytes(8).toString("hex");
}
