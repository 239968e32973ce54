import type { ErrorKind } from "../../measure/index.ts";
import type { Exchange } from "../exchange.ts";

/** What a transport tells of its exchanges, as it happens: the owner stamps the times. */
export interface ExchangeSink {
  /**
   * The request leaves the generator now: its bytes go to a socket, or a connection is opened for
   * it. Connecting is the target's to answer, so it is service time; waiting until one of the
   * connections that may be open is free is not, and is told apart from the generator's own lag.
   * Comes before `send` returns where a connection is free or may be opened.
   */
  started(exchange: Exchange): void;
  /** The final response's head has been read. Never for an interim answer (1xx). */
  firstByte(exchange: Exchange, status: number): void;
  /** The whole response has been read; `bytesIn` counts its body as it came, chunk framing aside. */
  ended(exchange: Exchange, bytesIn: number): void;
  /** There will be no (whole) response. May come before `started`, and before `send` returns. */
  failed(exchange: Exchange, error: ErrorKind): void;
}

/**
 * How requests reach one target. For each exchange that is sent, the sink hears `started`, then
 * `firstByte`, then exactly one `ended` or `failed`, which may come at any point; from then on the
 * transport has forgotten the exchange, and its owner may use the object again.
 */
export interface Transport {
  /**
   * Opens so many connections ahead of the first request, as far as they may be open. One that
   * cannot be opened is nobody's failure yet: the request that needs it will find out.
   */
  open?(connections: number): void;
  /** Sends; never waits, never throws. No promise, closure or buffer is made for a request. */
  send(exchange: Exchange): void;
  /** Ends an exchange that was sent and has not ended; `failed` with that reason comes at once. */
  giveUp(exchange: Exchange, why: ErrorKind): void;
  /** Closes all connections at once; what is under way fails as `cancelled`. */
  close(): Promise<void>;
  /** Requests that were sent a second time, since their kept-alive connection had just been closed. */
  readonly resends?: number;
}

/** Where a target is and how it is spoken to. */
export interface TransportTarget {
  /** Scheme, host and port, without a path: `https://shop.example:8443`. */
  readonly origin: string;
  /** What the host's name stands for: looked up once, before the run. */
  readonly address: string;
  readonly tls: TlsOptions | null;
  /** HTTP/2 over TLS, or with prior knowledge over plain TCP. */
  readonly http2: boolean;
}

/** Texts are PEM. */
export interface TlsOptions {
  /** Replaces the host's name, in SNI and in the check of the certificate. */
  readonly servername?: string | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Takes any certificate. */
  readonly insecure: boolean;
}

/** What a transport keeps to. */
export interface TransportLimits {
  /** Connections that may be open at once; what finds none free waits, first come, first served. */
  readonly connectionsMax: number;
  /** Exchanges with a `session` go over that session's own connection, in order. */
  readonly keepConnections: boolean;
  /** Of one response's head, and of one body; a larger one is `protocol`, or `too-large`. */
  readonly headerBytesMax: number;
  readonly bodyBytesMax: number;
}

export const TRANSPORT_LIMITS: TransportLimits = {
  connectionsMax: 2_000,
  keepConnections: false,
  headerBytesMax: 64 * 1_024,
  bodyBytesMax: 256 * 1_024 * 1_024,
};

/** Makes the transport to one target. */
export type MakeTransport = (
  target: TransportTarget,
  limits: TransportLimits,
  sink: ExchangeSink,
) => Transport;
