/**
 * How one emulated call ended, as the emulator saw it: `rejected` is one that found the dependency's
 * capacity full; `aborted` one whose caller went away first.
 */
export const CALL_OUTCOMES = ["ok", "error", "limited", "aborted", "rejected"] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];

/** What the emulator did wrong to a call, on purpose; `none`: nothing. Only ever added to, at the end. */
export const CALL_FAULTS = [
  "none",
  "status",
  "reset",
  "empty",
  "garbage",
  "malformed-chunk",
  "truncated",
  "hang",
  "slow-headers",
  "slow-body",
  "slow-close",
  "early-close",
  "goaway",
] as const;
export type CallFault = (typeof CALL_FAULTS)[number];

/**
 * One call that a target made to an emulated dependency. Times are nanoseconds since the run's
 * start, on the same clock as the observations.
 */
export interface EmulatedCall {
  /** Indexes into the spool header's `arms` and `dependencies`. */
  readonly arm: number;
  readonly dependency: number;
  /** The logical request's sequence number, from `traceparent` or `x-request-id`; -1 if not passed on. */
  readonly seq: number;
  /** 1 for the first call of this request with this key to this dependency, 2 for the next, … */
  readonly attempt: number;
  /** Identifies what was asked for: a 53-bit hash of method, path, query and body. */
  readonly key: number;
  /** True for GET and HEAD: what a cache may answer, and what is safe to send twice. */
  readonly safe: boolean;
  /** When the request's head had been read; when the last byte was written, or the caller gave up. */
  readonly arriveNs: number;
  readonly endNs: number;
  /** The delay that was drawn, and the delay that was given, from arrival to the answer's first byte. */
  readonly meantDelayUs: number;
  readonly givenDelayUs: number;
  /** Of the meant delay, what was spent waiting for a server of the dependency's capacity. */
  readonly queuedUs: number;
  /** Of the bodies alone: what the caller sent, and what it was sent. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly fault: CallFault;
  /** Status sent; 0 when the call was aborted before an answer. */
  readonly status: number;
  readonly outcome: CallOutcome;
  /** What a limited call was told to wait; 0 when it was told nothing. */
  readonly retryAfterMs: number;
  /** The caller had been told to wait longer than it did. */
  readonly early: boolean;
  /** Calls in flight and connections open at this arm's listener, this one included, at arrival. */
  readonly inFlight: number;
  readonly connections: number;
  /**
   * The number of the connection that carried the call, within arm and dependency, in the order in
   * which they were accepted, from 0: a rising number is an accept.
   */
  readonly connection: number;
}
