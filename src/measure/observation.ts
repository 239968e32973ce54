/** Why a request ended without a response. `timeout` and `cancelled` are right-censored. */
export const ERROR_KINDS = [
  "timeout",
  "refused",
  "reset",
  "protocol",
  "connect",
  "cancelled",
  "too-large",
] as const;
export type ErrorKind = (typeof ERROR_KINDS)[number];

/** Why an intended start was not made. */
export const DROP_REASONS = [
  "in-flight-cap",
  "run-stopped",
  "generator-died",
  "arm-cut",
  "throttled",
  "held",
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

interface Planned {
  readonly arm: number;
  readonly stage: number;
  readonly seq: number;
  readonly route: number;
  readonly intendedNs: number;
}

interface Started extends Planned {
  readonly startNs: number;
  readonly endNs: number;
  /**
   * How much of the start lag was spent waiting for one of the connections that may be open; the
   * rest is the generator's own lateness.
   */
  readonly connectionWaitNs: number;
}

/**
 * What happened to one intended start in one arm. `arm`, `stage` and `route` index the lists in
 * the spool's header. Times are nanoseconds since the run's start; after a round trip through the
 * spool, `startNs`, `firstByteNs` and `endNs` are kept to 100 ns, `connectionWaitNs` to a 255th of
 * the start lag. Always:
 * response time (end − intended) = start lag (start − intended) + service time (end − start).
 */
export type Observation =
  | (Started & {
      readonly kind: "response";
      readonly firstByteNs: number;
      readonly status: number;
      readonly bytesIn: number;
      readonly bytesOut: number;
    })
  | (Started & { readonly kind: "error"; readonly error: ErrorKind })
  | (Planned & {
      readonly kind: "dropped";
      readonly reason: DropReason;
      /** How many starts of this arm, stage and route, this one the first of them. */
      readonly count: number;
    });
