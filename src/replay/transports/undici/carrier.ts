import type { Dispatcher } from "undici";
import type { ErrorKind } from "../../../measure/index.ts";
import type { Exchange } from "../../exchange.ts";
import type { ExchangeSink, TransportLimits } from "../transport.ts";
import type { Connection, Session } from "./connection.ts";
import { errorKindOf, GivenUp, isTurnedAway } from "./error-kind.ts";

/** Larger bodies are counted, and not kept. */
const KEPT_BODY_BYTES_MAX = 1_024 * 1_024;
/** How often a request goes again of which HTTP/2 servers say that they have not read it. */
const TURNED_AWAY_MAX = 20;
/** Methods that change nothing (RFC 9110, 9.2.1). */
const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

type RawHeaders = Dispatcher.DispatchController["rawHeaders"];

/** What a carrier answers to. */
export interface CarrierOwner {
  readonly sink: ExchangeSink;
  readonly limits: TransportLimits;
  /** The exchange is over, and has been told; its place on the connection is free again. */
  release(carrier: Carrier): void;
  /**
   * The target closed a kept connection before it can have seen the request, or said that it has
   * not read it: that goes again.
   */
  sendAgain(carrier: Carrier, isUnread: boolean): void;
  /** undici has done so by itself. */
  sentAgain(): void;
}

/** Carries one exchange through undici, and forgets it when it is over. */
export class Carrier implements Dispatcher.DispatchHandler {
  readonly session: Session | null;
  /** Null while it waits for one. */
  connection: Connection | null = null;
  readonly #owner: CarrierOwner;
  #exchange: Exchange | null;
  #controller: Dispatcher.DispatchController | null = null;
  #left = false;
  /** Whether a byte of an answer has come. */
  #isTouched = false;
  #isSecondAttempt = false;
  #turnedAway = 0;
  #bytesIn = 0;
  #body: Buffer[] | null = null;

  constructor(exchange: Exchange, session: Session | null, owner: CarrierOwner) {
    this.#exchange = exchange;
    this.session = session;
    this.#owner = owner;
    exchange.carrier = this;
    exchange.responseHeaders = null;
    exchange.responseBody = null;
  }

  /** Null when it is over. */
  get exchange(): Exchange | null {
    return this.#exchange;
  }

  /** Tells once that the request has left the generator. */
  leave(): void {
    if (this.#left || this.#exchange === null) return;
    this.#left = true;
    this.#owner.sink.started(this.#exchange);
  }

  giveUp(why: ErrorKind): void {
    const controller = this.#controller;
    const given = new GivenUp(why);
    this.#fail(given, () => controller?.abort(given));
  }

  /** Comes twice where an HTTP/2 server turned the stream away unread: it then goes out again. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up on the way. To throw here leaves the connection, which would be closed by an
    // abort, to the next request.
    if (this.#exchange === null) throw new GivenUp("cancelled");
    if (this.#controller !== null) this.#owner.sentAgain();
    this.#controller = controller;
    this.leave();
  }

  onResponseStarted(): void {
    this.#isTouched = true;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const exchange = this.#exchange;
    // An interim answer (1xx) is not the response.
    if (exchange === null || status < 200) return;
    const { rawHeaders } = controller;
    // undici itself keeps to the limit, for HTTP/1.1.
    if (headBytesOf(rawHeaders) > this.#owner.limits.headerBytesMax) return this.giveUp("protocol");
    if (exchange.wantsContent) {
      exchange.responseHeaders = textsOf(rawHeaders);
      this.#body = [];
    }
    this.#owner.sink.firstByte(exchange, status);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#exchange === null) return;
    this.#bytesIn += chunk.length;
    if (this.#bytesIn > this.#owner.limits.bodyBytesMax) return this.giveUp("too-large");
    if (this.#bytesIn > KEPT_BODY_BYTES_MAX) this.#body = null;
    this.#body?.push(chunk);
  }

  onResponseEnd(): void {
    const exchange = this.#detach();
    if (exchange === null) return;
    if (this.#body !== null) exchange.responseBody = Buffer.concat(this.#body);
    if (this.connection !== null) this.connection.isKept = true;
    try {
      this.#owner.sink.ended(exchange, this.#bytesIn);
    } finally {
      this.#owner.release(this);
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    const isUnread = isTurnedAway(error) && !this.#isTouched;
    // undici must not be given anything new for it while it takes stock of what it had.
    if (isUnread && this.connection !== null) this.connection.isLeaving = true;
    if (!(isUnread ? this.#turnedAway++ < TURNED_AWAY_MAX : this.#mayGoAgain(error))) {
      return this.#fail(error);
    }
    if (!isUnread) this.#isSecondAttempt = true;
    this.#controller = null;
    this.#owner.sendAgain(this, isUnread);
  }

  /** A refusal of undici to send at all. */
  failWith(thrown: unknown): void {
    this.#fail(thrown);
  }

  #fail(thrown: unknown, abort?: () => void): void {
    const exchange = this.#detach();
    if (exchange === null) return;
    try {
      this.#owner.sink.failed(exchange, errorKindOf(thrown, this.connection?.isCut ?? false));
    } finally {
      abort?.();
      this.#owner.release(this);
    }
  }

  /**
   * As clients do: once, where a kept HTTP/1.1 connection went away without a byte of an answer,
   * and the request is one that may be sent twice.
   */
  #mayGoAgain(error: Error): boolean {
    const exchange = this.#exchange;
    if (exchange === null || this.#isSecondAttempt || this.#isTouched) return false;
    const { connection } = this;
    if (connection === null || !connection.isKept || connection.isHttp2) return false;
    return SAFE.has(exchange.request.method) && errorKindOf(error, connection.isCut) === "reset";
  }

  #detach(): Exchange | null {
    const exchange = this.#exchange;
    this.#exchange = null;
    if (exchange !== null) exchange.carrier = null;
    return exchange;
  }
}

/** HTTP/1.1 headers come as a list of buffers, those of HTTP/2 as an object. */
function textsOf(raw: RawHeaders): string[] {
  if (raw === null || raw === undefined) return [];
  if (Array.isArray(raw)) {
    return raw.map((each) => (typeof each === "string" ? each : each.toString("latin1")));
  }
  return Object.entries(raw).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((each) => [name, each]),
  );
}

function headBytesOf(raw: RawHeaders): number {
  if (raw === null || raw === undefined || Array.isArray(raw)) return 0;
  return textsOf(raw).reduce((sum, text) => sum + text.length, 0);
}
