import type { ErrorKind } from "../../measure/index.ts";
import type { Exchange } from "../exchange.ts";
import type { PreparedRequest } from "../prepare.ts";
import type {
  ExchangeSink,
  MakeTransport,
  Transport,
  TransportLimits,
  TransportTarget,
} from "./transport.ts";
import { Carrier, type CarrierOwner } from "./undici/carrier.ts";
import { Connection, STREAMS_MAX } from "./undici/connection.ts";
import { Connections } from "./undici/connections.ts";
import { becomeSecondAttempt } from "./second-attempt.ts";
import { undici } from "./undici/library.ts";
import { type OpenSocket, socketOpener } from "./undici/open-socket.ts";

/** Headers of HTTP/1.1 connections: over HTTP/2 they are an error. */
const CONNECTION_HEADERS = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "te",
]);

/** Carries exchanges with undici; makes a few objects for each. */
class UndiciTransport implements Transport, CarrierOwner {
  resends = 0;
  readonly sink: ExchangeSink;
  readonly limits: TransportLimits;
  readonly #target: TransportTarget;
  readonly #open: OpenSocket;
  readonly #connections: Connections;
  readonly #carriers = new Set<Carrier>();
  readonly #http2Headers = new WeakMap<PreparedRequest, readonly string[]>();
  #isClosed = false;

  constructor(target: TransportTarget, limits: TransportLimits, sink: ExchangeSink) {
    // Here, where nothing has to be on time yet.
    undici();
    this.#target = target;
    this.limits = limits;
    this.sink = sink;
    this.#open = socketOpener(target);
    this.#connections = new Connections({
      limits,
      roomEach: target.http2 ? STREAMS_MAX : 1,
      open: (session) => new Connection(target, this.#open, limits, session),
      dispatch: (connection, carrier) => this.#dispatch(connection, carrier),
    });
  }

  send(exchange: Exchange): void {
    if (this.#isClosed) return this.sink.failed(exchange, "cancelled");
    const name = this.limits.keepConnections ? exchange.session : null;
    const session = name === null ? null : this.#connections.session(name);
    const carrier = new Carrier(exchange, session, this);
    this.#carriers.add(carrier);
    this.#connections.send(carrier);
  }

  giveUp({ carrier }: Exchange, why: ErrorKind): void {
    if (carrier instanceof Carrier && this.#carriers.has(carrier)) carrier.giveUp(why);
  }

  release(carrier: Carrier): void {
    this.#carriers.delete(carrier);
    this.#connections.release(carrier);
  }

  sendAgain(carrier: Carrier, isUnread: boolean): void {
    const { exchange } = carrier;
    if (exchange === null) return;
    this.resends++;
    // What was not read was no attempt.
    if (!isUnread) becomeSecondAttempt(exchange);
    this.#connections.sendAgain(carrier);
  }

  sentAgain(): void {
    this.resends++;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // First of all nothing may take the places that become free.
    const closed = this.#connections.close();
    for (const carrier of this.#carriers) carrier.giveUp("cancelled");
    await closed;
  }

  #dispatch(connection: Connection, carrier: Carrier): void {
    const { exchange } = carrier;
    if (exchange === null) return;
    const { request, requestId, traceparent } = exchange;
    // A connection is opened for it, or is free. An HTTP/2 connection that is up may be out of
    // streams: then it leaves when there is one.
    if (!this.#target.http2 || !connection.isUp) carrier.leave();
    connection.dispatch(
      {
        method: request.method,
        path: request.path,
        headers: [
          ...this.#headersOf(request),
          "traceparent",
          traceparent,
          "x-request-id",
          requestId,
        ],
        body: request.body,
        // Else undici closes the connection after every HEAD.
        reset: false,
        // Else undici opens another connection when the `host` header changes.
        servername: "-",
      },
      carrier,
    );
  }

  #headersOf(request: PreparedRequest): readonly string[] {
    if (!this.#target.http2) return request.headers;
    let headers = this.#http2Headers.get(request);
    if (headers === undefined) {
      headers = http2HeadersOf(request.headers);
      this.#http2Headers.set(request, headers);
    }
    return headers;
  }
}

/** Names in lower case, without those that HTTP/2 has no use for; undici makes `host` of it. */
function http2HeadersOf(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] ?? "").toLowerCase();
    if (!CONNECTION_HEADERS.has(name)) kept.push(name, headers[i + 1] ?? "");
  }
  return kept;
}

/**
 * HTTP/1.1 and HTTP/2 over undici, in the clear or over TLS. HTTP/1.1 keeps connections open and
 * sends one request at a time on each. HTTP/2 sends up to 100 on one connection before it opens
 * another; with `keepConnections`, a session's one at a time on its own. Deadlines are the
 * caller's; undici's own are off.
 *
 * A request goes out once more, and its service time holds it all, where a kept HTTP/1.1 connection
 * was closed under one that changes nothing, as its second attempt; and, up to 20 times, where an
 * HTTP/2 server turned it away unread (REFUSED_STREAM, GOAWAY), unchanged.
 * @throws USAGE when a certificate or a key is not one
 */
export const undiciTransport: MakeTransport = (target, limits, sink) =>
  new UndiciTransport(target, limits, sink);
