import type { EmulatedCall } from "../measure/index.ts";

/** An emulated call with which nothing went wrong: answered after 1 ms; what is given replaces that. */
export function plainCall(
  given: Pick<EmulatedCall, "arriveNs"> & Partial<EmulatedCall>,
): EmulatedCall {
  const endNs = given.endNs ?? given.arriveNs + 1e6;
  return {
    arm: 0,
    dependency: 0,
    seq: -1,
    attempt: 1,
    key: 1,
    safe: true,
    endNs,
    meantDelayUs: (endNs - given.arriveNs) / 1e3,
    givenDelayUs: (endNs - given.arriveNs) / 1e3,
    queuedUs: 0,
    requestBytes: 0,
    responseBytes: 2,
    fault: "none",
    status: 200,
    outcome: "ok",
    retryAfterMs: 0,
    early: false,
    inFlight: 1,
    connections: 1,
    connection: 1,
    ...given,
  };
}
