import { type Dispatcher, errors, Pool } from "undici";
import { systemCodeOf } from "../../core/index.ts";
import type { ErrorKind } from "../../measure/index.ts";
import type { ExchangeSink, PreparedRequest, Transport } from "./transport.ts";

class GivenUp extends Error {
  readonly why: ErrorKind;
  constructor(why: ErrorKind) {
    super(`given up: ${why}`);
    this.why = why;
  }
}

const KIND_OF_CODE: Record<string, ErrorKind> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  EPIPE: "reset",
  UND_ERR_SOCKET: "reset",
  ECONNABORTED: "reset",
  ENOTFOUND: "connect",
  EAI_AGAIN: "connect",
  EHOSTUNREACH: "connect",
  ENETUNREACH: "connect",
  // Of this machine: no free local port, no free descriptor.
  EADDRNOTAVAIL: "connect",
  EMFILE: "connect",
  ETIMEDOUT: "connect",
  UND_ERR_CONNECT_TIMEOUT: "connect",
  // Only `close` does this to a request.
  UND_ERR_DESTROYED: "cancelled",
  UND_ERR_CLOSED: "cancelled",
};
/** How undici says that the peer sent `100` or `101` unasked; the socket itself was sound. */
const UNASKED = /^bad (?:response|upgrade)$/;

function errorKindOf(thrown: unknown): ErrorKind {
  if (thrown instanceof GivenUp) return thrown.why;
  if (thrown instanceof errors.HTTPParserError) return "protocol";
  if (thrown instanceof errors.SocketError && UNASKED.test(thrown.message)) return "protocol";
  const code = systemCodeOf(thrown) ?? "";
  if (code.startsWith("HPE_")) return "protocol";
  return KIND_OF_CODE[code] ?? "protocol";
}

/** One exchange's handler: counts bytes, keeps the order of the sink's calls. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #sink: ExchangeSink;
  #controller: Dispatcher.DispatchController | undefined;
  #bytesIn = 0;
  #given: GivenUp | undefined;
  #left = false;
  #ended = false;
  readonly #onEnd: () => void;

  constructor(sink: ExchangeSink, onEnd: () => void) {
    this.#sink = sink;
    this.#onEnd = onEnd;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up while it waited for a connection. To throw here leaves the connection, which would
    // be closed by an abort, to the next request.
    if (this.#given !== undefined) throw this.#given;
    this.#controller = controller;
    this.leave();
  }

  /** Tells once that the request has left the generator. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#sink.start();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    // An interim answer (1xx) is not the response.
    if (status >= 200) this.#sink.firstByte(status);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytesIn += chunk.length;
  }

  onResponseEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.#sink.end(this.#bytesIn);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.failWith(error);
  }

  failWith(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.#sink.fail(this.#given?.why ?? errorKindOf(error));
  }

  giveUp(why: ErrorKind): void {
    if (this.#ended) return;
    this.#given = new GivenUp(why);
    // Still waiting for a connection: there is nothing to abort yet, so end it here and now.
    if (this.#controller === undefined) this.failWith(this.#given);
    else this.#controller.abort(this.#given);
  }
}

/**
 * HTTP/1.1 over undici: up to `connectionsMax` kept-alive connections, one request at a time on
 * each. Deadlines are the caller's; undici's own are off.
 */
export function undiciTransport(origin: string, connectionsMax: number): Transport {
  const pool = new Pool(origin, {
    connections: connectionsMax,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 600_000,
    keepAliveMaxTimeout: 600_000,
    connectTimeout: 10_000,
  });
  let busy = 0;
  return {
    send(request: PreparedRequest, identity, sink) {
      const exchange = new Exchange(sink, () => busy--);
      // A connection is free, or will be opened now.
      if (busy++ < connectionsMax) exchange.leave();
      try {
        pool.dispatch(
          {
            method: request.method,
            path: request.path,
            headers: [...request.headers, ...identity],
            body: request.body,
            // Else undici closes the connection after every HEAD.
            reset: false,
          },
          exchange,
        );
      } catch (thrown) {
        exchange.failWith(thrown);
      }
      return (why) => exchange.giveUp(why);
    },
    async close() {
      await pool.destroy();
    },
  };
}
