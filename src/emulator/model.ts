import type { Draw } from "../core/index.ts";
import type { AnswerHeaders } from "./headers.ts";

/** What a call becomes that is passed on to something real. */
export interface UpstreamCall {
  /** `http://127.0.0.1:9000`. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  /** Sent beside the call's own. */
  readonly headers: AnswerHeaders;
  /** Of the call's own headers, in lower case: what is not passed on. */
  readonly without: ReadonlySet<string>;
}

/** What a model may know of the call that it decides about. */
export interface CallContext {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  /** Names in lower case; of a name that came several times, the values joined by a comma. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Of the body alone; 0 without one. */
  readonly requestBytes: number;
  /** The caller's address, without the port. */
  readonly client: string;
  /** When the call arrived, counted from the emulator's origin: the same clock for both arms. */
  readonly nowNs: number;
  /** Calls in flight at this arm's listener, this one included. */
  readonly inFlight: number;
  /** Calls that arrived at this arm's listener in the second before this one. */
  readonly ratePerSec: number;
}

/** The call, and the answer that it will get: what a latency may be conditioned by. */
export interface AnsweredCall extends CallContext {
  /** Of the answer; 0 where a fault leaves none. */
  readonly status: number;
  readonly responseBytes: number;
}

/**
 * What goes on around the calls, the same for both arms: chance that belongs to a moment rather
 * than to a call, and the incidents that dependencies share.
 */
export interface World {
  /** How long the emulator's clock had run when traffic began: timelines count from there. */
  readonly leadNs: number;
  /** Chance keyed by the seed, the dependency and the parts. */
  draw(...parts: readonly (string | number)[]): Draw;
  /** An incident of the scenario; undefined: there is none of that name. */
  incident(name: string): Timeline | undefined;
}

/** Which of a few numbered states holds, at any time. Pure: the same time gives the same state. */
export interface Timeline {
  /** From 0; `nowNs` may go back and forth. */
  stateAt(nowNs: number): number;
}

/**
 * How long an emulated call takes. The same draw, at the same time, under the same load, gives the
 * same sample.
 */
export interface LatencyModel {
  /** Microseconds, 0 or more, fractions included; uses draw fields that begin with `latency`. */
  sampleUs(call: AnsweredCall, draw: Draw): number;
}

/**
 * What goes wrong with a call; the listener carries it out. Over HTTP/2, where a fault has no
 * meaning for one stream, the nearest that a stream can do is done: see `deliver/`.
 */
export type Fault =
  /** An answer like any other, with this status. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers: AnswerHeaders;
      /** Null: a small JSON body that says it is emulated. */
      readonly body: string | null;
    }
  /** The connection is reset (RST): before any byte of the answer, in the middle of its body, or after all of it. */
  | { readonly kind: "reset"; readonly when: "before" | "amid" | "after" }
  /** The connection is closed without a byte. */
  | { readonly kind: "empty" }
  /** So many random bytes in place of an answer, then the connection is closed. */
  | { readonly kind: "garbage"; readonly bytes: number }
  /** A good head, then a chunk that is none, then the connection is closed. */
  | { readonly kind: "malformed-chunk" }
  /** The head promises the whole body; this share of it comes, then the connection is closed. */
  | { readonly kind: "truncated"; readonly share: number }
  /** Never an answer; the connection stays open until the caller gives up. */
  | { readonly kind: "hang" }
  /** The head comes a line at a time, spread over so long. */
  | { readonly kind: "slow-headers"; readonly overUs: number }
  /** The body comes in small pieces, spread over so long. */
  | { readonly kind: "slow-body"; readonly overUs: number }
  /** A good answer that says `connection: close`; the connection is closed only so much later. */
  | { readonly kind: "slow-close"; readonly afterUs: number }
  /** A good answer that lets the caller keep the connection, which is closed at once. */
  | { readonly kind: "early-close" }
  /** HTTP/2: the answer is given, and the connection is told to go away. HTTP/1.1: as `early-close`. */
  | { readonly kind: "goaway" };

export type FaultKind = Fault["kind"];

/** How an emulated dependency fails. Pure but for its own steps, which each arm takes by itself. */
export interface FaultModel {
  /** Null: nothing goes wrong. Uses draw fields that begin with `fault`. */
  faultFor(call: CallContext, draw: Draw): Fault | null;
}

export interface Admitted {
  readonly kind: "admitted";
  /** What the answer tells of the limit: `RateLimit`, `X-RateLimit-*`, …; may be empty. */
  readonly headers: Readonly<Record<string, string>>;
  /** For limits on what is in flight: called once, when the call has ended, however it ended. */
  readonly release: (() => void) | null;
  /** The caller had been told to wait longer than it did. */
  readonly early: boolean;
}

export interface Limited {
  readonly kind: "limited";
  /** 429 as a rule; some vendors answer 200, 400, 403 or 503. */
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Null: a small JSON body that says it is over the limit. */
  readonly body: string | null;
  /** How long the caller is told to wait, in whole milliseconds; 0 when it is told nothing. */
  readonly retryAfterMs: number;
  readonly early: boolean;
}

/** How often a dependency may be called. Keeps state, so each arm has its own. */
export interface Limiter {
  /** `nowNs` never decreases from call to call; it counts from the emulator's origin. */
  admit(call: CallContext, nowNs: number): Admitted | Limited;
}

export const ADMITTED: Admitted = { kind: "admitted", headers: {}, release: null, early: false };

/** How an answer's bytes are spread over time, once its delay has passed. */
export interface Transfer {
  /** Bytes of the body in a second; Infinity: at once. */
  readonly bytesPerSec: number;
  /** The body goes out in so many chunks of about the same size (1: whole; 0: as a steady stream). */
  readonly chunks: number;
  /** Between one chunk and the next, beside what `bytesPerSec` asks. */
  readonly chunkGapUs: number;
}
