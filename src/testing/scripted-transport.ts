import type { ErrorKind } from "../measure/index.ts";
import { seqOfTraceparent } from "../core/index.ts";
import type { ExchangeSink, PreparedRequest, Transport } from "../replay/index.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** What becomes of a scripted exchange, counted from when it was sent. */
export type ScriptedEnd =
  | {
      readonly kind: "answer";
      readonly afterNs: number;
      readonly status?: number;
      readonly bytesIn?: number;
    }
  /** With `afterNs: 0` it fails before `send` returns. */
  | { readonly kind: "fail"; readonly afterNs: number; readonly error: ErrorKind }
  /** Nothing comes until it is given up. */
  | { readonly kind: "hang" };

/** One exchange as the scripted transport saw it. */
export interface ScriptedExchange {
  readonly seq: number;
  readonly sentNs: number;
  readonly request: PreparedRequest;
  /** Name, value, name, value, … */
  readonly identity: readonly string[];
}

export interface ScriptedTransport extends Transport {
  /** Everything that was sent, in order. */
  readonly sent: readonly ScriptedExchange[];
  /** How many exchanges have neither ended nor been given up. */
  readonly openCount: number;
}

export interface ScriptOptions {
  readonly time: VirtualTime;
  /** The run whose identity headers carry the `seq`. */
  readonly runId: string;
}

/** A transport without a network: a script says how each exchange ends, in virtual time. */
export function scriptedTransport(
  { time, runId }: ScriptOptions,
  script: (exchange: ScriptedExchange) => ScriptedEnd,
): ScriptedTransport {
  const sent: ScriptedExchange[] = [];
  const open = new Set<(why: ErrorKind) => void>();
  const play = (exchange: ScriptedExchange, sink: ExchangeSink): ((why: ErrorKind) => void) => {
    const end = script(exchange);
    const once = (finish: () => void): void => {
      if (!open.delete(giveUp)) return;
      finish();
    };
    const giveUp = (why: ErrorKind): void => once(() => sink.fail(why));
    open.add(giveUp);
    if (end.kind === "fail" && end.afterNs === 0) once(() => sink.fail(end.error));
    else sink.start();
    if (end.kind === "hang" || !open.has(giveUp)) return giveUp;
    time.deadlines.at(exchange.sentNs + end.afterNs, () =>
      once(() => {
        if (end.kind === "fail") return sink.fail(end.error);
        sink.firstByte(end.status ?? 200);
        sink.end(end.bytesIn ?? 0);
      }),
    );
    return giveUp;
  };
  return {
    sent,
    get openCount() {
      return open.size;
    },
    send(request, identity, sink) {
      const seq = seqOfTraceparent(runId, identity[identity.indexOf("traceparent") + 1]);
      const exchange = { seq, sentNs: time.clock.nowNs(), request, identity };
      sent.push(exchange);
      return play(exchange, sink);
    },
    async close() {
      for (const giveUp of open) giveUp("cancelled");
    },
  };
}
