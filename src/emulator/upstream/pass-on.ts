import { constants } from "node:http2";
import { Writable } from "node:stream";
import type { Dispatcher } from "undici";
import { messageOf } from "../../core/index.ts";
import { failure } from "../answer.ts";
import {
  type AnyResponse,
  deliver,
  type Delivery,
  isHead,
  NOTHING,
  type Underway,
  type Way,
  writeHead,
} from "../deliver/index.ts";
import type { Http1Response } from "../http1/index.ts";
import type { UpstreamCall } from "../model.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";

/** The largest answer that is held to be given at another pace, or broken. */
const HELD_BYTES_MAX = 10_000_000;

/** A call that something real is to answer. */
export interface Passed {
  readonly upstream: UpstreamCall;
  /** With the request that it answers. */
  readonly response: AnyResponse;
  /** The request's body. */
  readonly body: Buffer;
  /** The headers of its answer are added to the upstream's; its fault and its pace are the answer's. */
  readonly delivery: Delivery;
}

export interface PassedWay extends Way {
  /** What the caller is answered is known; `failed`: it is a 502 of ours. */
  readonly onAnswered: (status: number, failed: boolean) => void;
  /** The answer broke off in the middle. */
  readonly onBroken: () => void;
}

/**
 * Asks an upstream and gives the caller its answer, as it comes; held until it is whole where it is
 * broken or has a pace. An upstream that does not answer, or answers more than can be held, is a 502.
 * Cancelled, it hangs up on the upstream.
 */
export function passOn(passed: Passed, way: PassedWay, dispatcher: Dispatcher): Underway {
  const passage = new Passage(passed, way);
  void passage.go(dispatcher);
  return passage;
}

class Passage implements Underway {
  readonly #passed: Passed;
  readonly #way: PassedWay;
  readonly #aborting = new AbortController();
  #delivering: Underway = NOTHING;
  #over = false;

  constructor(passed: Passed, way: PassedWay) {
    this.#passed = passed;
    this.#way = way;
  }

  cancel(): void {
    this.#over = true;
    this.#aborting.abort();
    this.#delivering.cancel();
  }

  /** Never rejects. */
  async go(dispatcher: Dispatcher): Promise<void> {
    const { delivery, upstream } = this.#passed;
    try {
      const answered = await this.#ask(dispatcher);
      const { fault, transfer } = delivery;
      if (fault === null && transfer === null) this.#stream(answered);
      else await this.#hold(answered);
    } catch (cause) {
      if (this.#over) return;
      this.#aborting.abort();
      this.#way.onAnswered(502, true);
      const answer = failure(502, `the upstream ${upstream.origin}: ${reasonOf(cause)}`);
      this.#deliver({ ...delivery, fault: null, answer });
    }
  }

  #ask(dispatcher: Dispatcher): Promise<Dispatcher.ResponseData> {
    const { body, response, upstream } = this.#passed;
    const { headers, origin, path, without } = upstream;
    const { method, rawHeaders } = response.req;
    return dispatcher.request({
      origin,
      path,
      method,
      headers: requestHeaders(rawHeaders, without, headers),
      body: body.length === 0 ? null : body,
      signal: this.#aborting.signal,
      responseHeaders: "raw",
    });
  }

  #deliver(delivery: Delivery): void {
    this.#delivering = deliver(this.#passed.response, delivery, this.#way);
  }

  #headersOf({ headers }: Dispatcher.ResponseData): Record<string, string[]> {
    // Raw, they are names and values, whatever their type says.
    const raw = headers as unknown as readonly string[];
    return responseHeaders(raw, this.#passed.delivery.answer.headers);
  }

  #stream(answered: Dispatcher.ResponseData): void {
    const way = this.#way;
    const { body, statusCode: status } = answered;
    // The compatible response of HTTP/2 takes the same calls.
    const http = this.#passed.response as Http1Response;
    let bytes = 0;
    // Before anything can throw: a body that nobody reads must not bring the process down.
    body.on("error", () => {
      if (this.#over) return;
      way.onBroken();
      way.onEnd(bytes);
      breakOff(this.#passed.response);
    });
    body.on("data", (chunk: Buffer) => (bytes += chunk.length));
    way.onAnswered(status, false);
    http.sendDate = false;
    const headers = this.#headersOf(answered);
    writeHead(this.#passed.response, { status, statusText: statusTextOf(answered), headers });
    http.flushHeaders();
    way.onFirstByte();
    const out = new Writable({
      write: (chunk: Buffer, _encoding, done) => http.write(chunk, done),
      final: (done) =>
        http.end(() => {
          way.onEnd(bytes);
          done();
        }),
    });
    body.pipe(out);
  }

  async #hold(answered: Dispatcher.ResponseData): Promise<void> {
    const { body, statusCode: status } = answered;
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of body as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > HELD_BYTES_MAX)
        throw new Error(`its answer is longer than ${HELD_BYTES_MAX} bytes`);
      pieces.push(piece);
    }
    if (this.#over) return;
    this.#way.onAnswered(status, false);
    // The answer to a HEAD says how long the body would be that it has not.
    const head = isHead(this.#passed.response);
    const headers = Object.entries(this.#headersOf(answered)).filter(
      ([name]) => head || name.toLowerCase() !== "content-length",
    );
    const none = head || status === 204 || status === 304;
    const answer = {
      status,
      statusText: statusTextOf(answered),
      headers: Object.fromEntries(headers),
      body: none ? null : Buffer.concat(pieces),
    };
    this.#deliver({ ...this.#passed.delivery, answer });
  }
}

/** What undici put in the place of what is no UTF-8, and what must not stand in a head. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const NOT_PASSED = /[\0-\x08\x0a-\x1f\x7f\ufffd]/;

/** Each of its bytes as a character, where they are UTF-8, as undici reads them; undefined: none is told. */
const statusTextOf = ({ statusText }: Dispatcher.ResponseData): string | undefined =>
  NOT_PASSED.test(statusText) ? undefined : Buffer.from(statusText).toString("latin1");

/** `connect ECONNREFUSED 127.0.0.1:9`, also where several addresses were tried. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join("; ");
  return messageOf(cause);
}

/** The caller sees that its answer is not whole. */
function breakOff(response: AnyResponse): void {
  if ("stream" in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  // Earlier answers on its connection are still to be sent.
  else response.whenTurn(() => response.destroy());
}
