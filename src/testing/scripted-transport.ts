import type { ErrorKind } from "../measure/index.ts";
import type { Exchange, ExchangeSink, PreparedRequest, Transport } from "../replay/index.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** What becomes of a scripted exchange, counted from when it was sent. */
export type ScriptedEnd = (
  | {
      readonly kind: "answer";
      readonly afterNs: number;
      readonly status?: number;
      readonly bytesIn?: number;
      /** What rules may read of it: name, value, name, value, …; kept where it is wanted. */
      readonly headers?: readonly string[];
      readonly body?: Buffer;
    }
  /** With `afterNs: 0` it fails before `send` returns. */
  | { readonly kind: "fail"; readonly afterNs: number; readonly error: ErrorKind }
  /** Nothing comes until it is given up. */
  | { readonly kind: "hang" }
) & {
  /** How long it waits for a connection before it leaves; the rest counts from then. */
  readonly waitNs?: number;
};

/** One exchange as the scripted transport saw it. */
export interface ScriptedExchange {
  readonly seq: number;
  readonly sentNs: number;
  readonly request: PreparedRequest;
  readonly traceparent: string;
  readonly requestId: string;
  readonly session: string | null;
}

export interface ScriptedTransport {
  /** The transport itself, once: it tells this sink. */
  readonly make: (sink: ExchangeSink) => Transport;
  /** Everything that was sent, in order. */
  readonly sent: readonly ScriptedExchange[];
  /** How many exchanges have neither ended nor been given up. */
  readonly openCount: number;
}

export interface ScriptOptions {
  readonly time: VirtualTime;
}

type Script = (exchange: ScriptedExchange) => ScriptedEnd;

/** A transport without a network: a script says how each exchange ends, in virtual time. */
export function scriptedTransport({ time }: ScriptOptions, script: Script): ScriptedTransport {
  const sent: ScriptedExchange[] = [];
  const open = new Set<Exchange>();
  return {
    make: (sink) => new Scripted(time, script, sent, open, sink),
    sent,
    get openCount() {
      return open.size;
    },
  };
}

class Scripted implements Transport {
  readonly #time: VirtualTime;
  readonly #script: Script;
  readonly #sent: ScriptedExchange[];
  readonly #open: Set<Exchange>;
  readonly #sink: ExchangeSink;

  constructor(
    time: VirtualTime,
    script: Script,
    sent: ScriptedExchange[],
    open: Set<Exchange>,
    sink: ExchangeSink,
  ) {
    this.#time = time;
    this.#script = script;
    this.#sent = sent;
    this.#open = open;
    this.#sink = sink;
  }

  send(exchange: Exchange): void {
    const { seq, request, traceparent, requestId, session } = exchange;
    const sentNs = this.#time.clock.nowNs();
    const seen = { seq, sentNs, request, traceparent, requestId, session };
    this.#sent.push(seen);
    // An object may come again: what was planned for its earlier use must not touch the later.
    const carrier = {};
    exchange.carrier = carrier;
    this.#open.add(exchange);
    this.#play(exchange, carrier, sentNs, this.#script(seen));
  }

  giveUp(exchange: Exchange, why: ErrorKind): void {
    this.#over(exchange, exchange.carrier, () => this.#sink.failed(exchange, why));
  }

  async close(): Promise<void> {
    for (const exchange of this.#open) this.giveUp(exchange, "cancelled");
  }

  #play(exchange: Exchange, carrier: object, sentNs: number, end: ScriptedEnd): void {
    const { waitNs = 0 } = end;
    if (end.kind === "fail" && end.afterNs === 0 && waitNs === 0) {
      return this.#over(exchange, carrier, () => this.#sink.failed(exchange, end.error));
    }
    this.#at(waitNs === 0 ? null : sentNs + waitNs, () => {
      if (exchange.carrier === carrier) this.#sink.started(exchange);
    });
    if (end.kind === "hang") return;
    this.#at(sentNs + waitNs + end.afterNs, () =>
      this.#over(exchange, carrier, () => {
        if (end.kind === "fail") return this.#sink.failed(exchange, end.error);
        if (exchange.wantsContent) {
          exchange.responseHeaders = end.headers ?? [];
          exchange.responseBody = end.body ?? Buffer.alloc(0);
        }
        this.#sink.firstByte(exchange, end.status ?? 200);
        this.#sink.ended(exchange, end.bytesIn ?? end.body?.length ?? 0);
      }),
    );
  }

  #at(ns: number | null, then: () => void): void {
    if (ns === null) then();
    else this.#time.deadlines.at(ns, then);
  }

  #over(exchange: Exchange, carrier: unknown, tell: () => void): void {
    if (carrier === null || exchange.carrier !== carrier || !this.#open.delete(exchange)) return;
    exchange.carrier = null;
    tell();
  }
}
