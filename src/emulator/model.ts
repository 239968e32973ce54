import type { Draw } from "../core/index.ts";

/** What a model may know of the call that it decides about. */
export interface CallContext {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  /** Calls in flight at this arm's listener, this one included. */
  readonly inFlight: number;
}

/** How long an emulated call takes. Pure: the same draw gives the same sample. */
export interface LatencyModel {
  /** Microseconds, 0 or more, fractions included; uses the draw's field `latency`. */
  sampleUs(call: CallContext, draw: Draw): number;
}

/** What goes wrong with a call; the listener carries it out. */
export type Fault = { readonly kind: "status"; readonly status: number };

/** How an emulated dependency fails. Pure: the same draw gives the same fault. */
export interface FaultModel {
  /** Null: nothing goes wrong. Uses the draw's field `fault`. */
  faultFor(call: CallContext, draw: Draw): Fault | null;
}

export interface Admitted {
  readonly kind: "admitted";
}

export interface Limited {
  readonly kind: "limited";
  readonly status: number;
  /**
   * How long the caller is told to wait, in whole milliseconds; 0 when it is told nothing. The
   * `Retry-After` header says the same in whole seconds, rounded up.
   */
  readonly retryAfterMs: number;
}

/** How often a dependency may be called. Keeps state, so each arm has its own. */
export interface Limiter {
  /** `nowNs` never decreases from call to call. */
  admit(call: CallContext, nowNs: number): Admitted | Limited;
}

export const ADMITTED: Admitted = { kind: "admitted" };
