import type { Http2ServerResponse } from "node:http2";
import type { Socket } from "node:net";
import type { DeadlineHandle, Deadlines } from "../../core/index.ts";
import type { AnswerHeaders } from "../headers.ts";
import type { Http1Response } from "../http1/index.ts";
import type { Fault, Transfer } from "../model.ts";

/** The bytes of an answer, before framing. */
export interface Answer {
  readonly status: number;
  /** What HTTP/1.1 says beside the status; undefined: what it always says. HTTP/2 says nothing. */
  readonly statusText?: string | undefined;
  readonly headers: AnswerHeaders;
  /** Null: an answer that has no body at all (204, 304). */
  readonly body: string | Buffer | null;
}

/** What is sent for a call, and what goes wrong with it. */
export interface Delivery {
  readonly answer: Answer;
  readonly fault: Fault | null;
  readonly transfer: Transfer | null;
  /** Uniform in (0, 1): of which garbage is made. */
  readonly luck: number;
}

/** Faults by which an answer is sent otherwise, or not at all. */
export type Break = Exclude<Fault, { readonly kind: "status" | "hang" }>;

/** Those that put on an HTTP/1.1 connection what no server would. */
export type RawBreak = Extract<
  Break,
  { readonly kind: "empty" | "garbage" | "malformed-chunk" | "slow-headers" | "slow-close" }
>;

/** How, and to whom. */
export interface Way {
  /** The connection itself, below TLS and HTTP/2. */
  readonly socket: Socket;
  readonly deadlines: Deadlines;
  /** The moment, on the clock of the deadlines. */
  readonly nowNs: () => number;
  /** The answer's first byte has been handed to the kernel. */
  readonly onFirstByte: () => void;
  /** All is sent that will be, so many bytes of body among it. */
  readonly onEnd: (bodyBytes: number) => void;
}

export type AnyResponse = Http1Response | Http2ServerResponse;

/** All pieces at once. */
export const AT_ONCE: Transfer = {
  bytesPerSec: Number.POSITIVE_INFINITY,
  chunks: 1,
  chunkGapUs: 0,
};

/** A delivery that takes its time; `cancel` when nobody waits for it any more. */
export interface Underway {
  cancel(): void;
}

/** A delivery of which nothing is left to be done. */
export const NOTHING: Underway = { cancel() {} };

/** Steps of a delivery, each at its moment. */
export class Steps implements Underway {
  readonly #way: Way;
  #due: DeadlineHandle | null = null;
  #over = false;

  constructor(way: Way) {
    this.#way = way;
  }

  /** Calls `step(i)` for each of the times after now, in order, then `last`. */
  run(timesUs: readonly number[], step: (index: number) => void, last: () => void): void {
    const beganNs = this.#way.nowNs();
    const next = (index: number): void => {
      if (this.#over) return;
      const afterUs = timesUs[index];
      if (afterUs === undefined) {
        last();
        return;
      }
      const dueNs = beganNs + afterUs * 1_000;
      const fire = (): void => {
        this.#due = null;
        if (this.#over) return;
        step(index);
        next(index + 1);
      };
      if (dueNs <= this.#way.nowNs()) fire();
      else this.#due = this.#way.deadlines.at(dueNs, fire);
    };
    next(0);
  }

  cancel(): void {
    this.#over = true;
    if (this.#due !== null) this.#way.deadlines.cancel(this.#due);
    this.#due = null;
  }
}

/** Begins an answer that comes in pieces. */
export function writeHead(
  response: AnyResponse,
  { headers, status, statusText }: Omit<Answer, "body">,
): void {
  if ("stream" in response) response.writeHead(status, headers);
  else response.writeHead(status, headers, statusText);
}

/** The answer to a HEAD has a body's headers, and not a byte of it. */
export const isHead = ({ req }: AnyResponse): boolean => req.method === "HEAD";

/** How much of a body a caller is sent at most. */
export const bodyBytesOf = (response: AnyResponse, { body }: Answer): number =>
  body === null || isHead(response) ? 0 : Buffer.byteLength(body);

export const bytesOf = (body: string | Buffer | null): Buffer =>
  body === null ? Buffer.alloc(0) : typeof body === "string" ? Buffer.from(body) : body;
