import type { ErrorKind } from "../../measure/index.ts";

/** One request, made ready to be sent again and again. */
export interface PreparedRequest {
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value, …; the identity headers are added to a copy at each start. */
  readonly headers: readonly string[];
  readonly body: Buffer | null;
  /** Index into the run's list of routes. */
  readonly route: number;
  /** What goes over the wire, identity included, to within the digits of a number. */
  readonly bytesOut: number;
}

/** What a transport tells of one exchange, in this order, ending with exactly one `end` or `fail`. */
export interface ExchangeSink {
  /**
   * The request leaves the generator now: its bytes go to a socket, or a connection is opened for
   * it. Connecting is the target's to answer, so it is service time; waiting until one of the
   * connections that may be open is free is the generator's own, and start lag.
   */
  start(): void;
  /** The response's head has been read. */
  firstByte(status: number): void;
  end(bytesIn: number): void;
  fail(error: ErrorKind): void;
}

/** How requests reach one target. */
export interface Transport {
  /** Sends; the function that is returned gives the exchange up, and `fail` follows. */
  send(
    request: PreparedRequest,
    identity: readonly string[],
    sink: ExchangeSink,
  ): (why: ErrorKind) => void;
  /** Closes all connections at once. */
  close(): Promise<void>;
}
