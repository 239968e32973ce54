import { connect, type Socket } from "node:net";
import { systemCodeOf } from "../../../core/index.ts";
import type { ErrorKind } from "../../../measure/index.ts";
import type { Exchange } from "../../exchange.ts";
import { WIRE_BODY_TEXT_MAX } from "../../prepare.ts";
import type { ExchangeSink, TransportLimits } from "../transport.ts";
import type { ConnectionList } from "./connection-list.ts";
import { READ } from "../../../http1/index.ts";
import { ResponseParser } from "./response-parser.ts";
import type { Lane } from "./waiting.ts";

/** What a connection needs of the transport that it belongs to. */
export interface ConnectionOwner {
  readonly address: string;
  readonly port: number;
  readonly limits: TransportLimits;
  readonly sink: ExchangeSink;
  /** Read into by all connections: what is in it is parsed before the next read. */
  readonly readBuffer: Buffer;
  /** The exchange has ended; `reusable`: the connection is idle, else it is destroyed. */
  finished(connection: Connection, exchange: Exchange, bytesIn: number, reusable: boolean): void;
  /** The connection is lost, and with it the exchange, if there was one. */
  lost(connection: Connection, exchange: Exchange | null, error: ErrorKind): void;
  /** The target closed a kept connection before it can have seen the request: that goes again. */
  sendAgain(connection: Connection, exchange: Exchange): void;
  socketOpened(): void;
  socketClosed(): void;
}

/** What goes with a request that may be sent again: RFC 9110 §9.2.2, of those that are common. */
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** One connection to the target, with at most one exchange on it. */
export class Connection {
  exchange: Exchange | null = null;
  /** The session that it belongs to, if it is not common. */
  readonly lane: Lane | null;
  /** Its place among the idle ones. */
  idleIn: ConnectionList | null = null;
  older: Connection | null = null;
  newer: Connection | null = null;
  readonly #owner: ConnectionOwner;
  readonly #parser: ResponseParser;
  #socket: Socket | null = null;
  #connected = false;
  #dead = false;
  /** Whether it has carried an exchange before this one. */
  #kept = false;

  constructor(owner: ConnectionOwner, lane: Lane | null) {
    this.#owner = owner;
    this.lane = lane;
    this.#parser = new ResponseParser(owner.limits.headerBytesMax, owner.limits.bodyBytesMax);
  }

  /** Connects, ahead of what it will carry. */
  open(): void {
    this.#socket ??= this.#connect();
  }

  /** Takes an exchange, and tells that it leaves, unless it has been told before. */
  carry(exchange: Exchange, tell: boolean): void {
    this.exchange = exchange;
    exchange.carrier = this;
    this.#parser.expect(exchange.request.method === "HEAD", exchange.wantsContent);
    if (!tell) return this.#write(exchange);
    try {
      this.#owner.sink.started(exchange);
    } finally {
      // It may have been given up there and then.
      if (this.exchange === exchange) this.#write(exchange);
    }
  }

  /** Closes the connection; what was on it is its owner's to tell. */
  destroy(): void {
    this.#dead = true;
    const { exchange } = this;
    if (exchange !== null) exchange.carrier = null;
    this.exchange = null;
    this.#socket?.destroy();
  }

  #write(exchange: Exchange): void {
    const { request, requestId, traceparent } = exchange;
    const { body, wireBody, wireHead } = request;
    const socket = (this.#socket ??= this.#connect());
    const head = `${wireHead}traceparent: ${traceparent}\r\nx-request-id: ${requestId}\r\n\r\n`;
    if (body === null || body.length <= WIRE_BODY_TEXT_MAX) {
      socket.write(head + wireBody, "latin1");
      return;
    }
    socket.cork();
    socket.write(head, "latin1");
    socket.write(body);
    socket.uncork();
  }

  #connect(): Socket {
    const { address, port, readBuffer } = this.#owner;
    const callback = (length: number): boolean => {
      this.#readable(length);
      return true;
    };
    const onread = { buffer: readBuffer, callback };
    const socket = connect({ host: address, port, noDelay: true, onread });
    this.#owner.socketOpened();
    socket.on("connect", () => (this.#connected = true));
    socket.on("end", () => this.#ended());
    socket.on("error", (error) => this.#broken(this.#kindOf(error)));
    socket.on("close", () => {
      this.#broken("reset");
      this.#owner.socketClosed();
    });
    return socket;
  }

  #readable(length: number): void {
    if (this.#dead) return;
    // An answer before there is a request: it must not be taken for that to the next one.
    if (this.exchange === null) return this.#lose(null, "protocol");
    this.#consume(this.exchange, 0, length);
  }

  #consume(exchange: Exchange, from: number, end: number): void {
    const parser = this.#parser;
    const { readBuffer, sink } = this.#owner;
    switch (parser.read(readBuffer, from, end)) {
      case READ.more:
        return;
      case READ.head:
        exchange.responseHeaders = parser.headers;
        try {
          sink.firstByte(exchange, parser.status);
        } finally {
          // Whatever the sink did: the rest has been read from the socket, and must be parsed.
          if (this.exchange === exchange) this.#consume(exchange, parser.at, end);
        }
        return;
      case READ.done:
        return this.#finish(exchange, parser.reusable && parser.at === end);
      case READ.protocol:
        return this.#lose(exchange, "protocol");
      case READ.tooLarge:
        return this.#lose(exchange, "too-large");
    }
  }

  /**
   * A connection is kept when the response says so, when nothing came after it, and when the whole
   * request had left before it came.
   */
  #finish(exchange: Exchange, trusted: boolean): void {
    exchange.responseBody = this.#parser.takeBody();
    const reusable = trusted && this.#socket!.writableLength === 0;
    if (reusable) {
      this.exchange = null;
      exchange.carrier = null;
      this.#kept = true;
    } else {
      this.destroy();
    }
    this.#owner.finished(this, exchange, this.#parser.bytesIn, reusable);
  }

  /** The target says nothing more. */
  #ended(): void {
    if (this.exchange !== null && this.#parser.end()) this.#finish(this.exchange, false);
    else this.#broken("reset");
  }

  #broken(kind: ErrorKind): void {
    if (this.#dead) return;
    const { exchange } = this;
    const again =
      exchange !== null && this.#kept && !this.#parser.touched && SAFE.has(exchange.request.method);
    if (!again) return this.#lose(exchange, kind);
    this.destroy();
    this.#owner.sendAgain(this, exchange);
  }

  #lose(exchange: Exchange | null, kind: ErrorKind): void {
    this.destroy();
    this.#owner.lost(this, exchange, kind);
  }

  #kindOf(error: unknown): ErrorKind {
    if (this.#connected) return "reset";
    switch (systemCodeOf(error) ?? "") {
      case "ECONNREFUSED":
        return "refused";
      case "ECONNRESET":
      case "ECONNABORTED":
      case "EPIPE":
        return "reset";
      default:
        // Unreachable, or of this machine: no free local port, no free descriptor.
        return "connect";
    }
  }
}
