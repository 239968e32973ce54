import type {
  CallTable,
  EmulatedCall,
  Observation,
  ObservationTable,
} from "../../src/measure/index.ts";
import { plainCall } from "../../src/testing/index.ts";

/** Rows in memory in the place of a spool's table. */
export function observationTable(rows: readonly Observation[]): ObservationTable {
  const meta = {
    arms: ["control", "variant"],
    stages: ["warm-up", "everybody"],
    routes: ["GET /"],
  };
  return { meta, [Symbol.iterator]: () => rows[Symbol.iterator]() } as unknown as ObservationTable;
}

export function callTable(
  rows: readonly EmulatedCall[],
  dependencies: readonly string[],
): CallTable {
  const meta = { arms: ["control", "variant"], dependencies };
  return { meta, [Symbol.iterator]: () => rows[Symbol.iterator]() } as unknown as CallTable;
}

export function response(
  arm: number,
  seq: number,
  intendedNs: number,
  tookNs = 5e6,
  status = 200,
): Observation {
  const startNs = intendedNs + 1e5;
  const endNs = startNs + tookNs;
  const place = { arm, stage: 1, seq, route: 0, intendedNs };
  return {
    kind: "response",
    ...place,
    startNs,
    connectionWaitNs: 0,
    firstByteNs: endNs,
    endNs,
    status,
    bytesIn: 1,
    bytesOut: 1,
  };
}

export function failure(arm: number, seq: number, intendedNs: number): Observation {
  return {
    kind: "error",
    arm,
    stage: 1,
    seq,
    route: 0,
    intendedNs,
    startNs: intendedNs,
    connectionWaitNs: 0,
    endNs: intendedNs + 1e6,
    error: "reset",
  };
}

export function dropped(arm: number, seq: number, intendedNs: number, count = 1): Observation {
  const place = { arm, stage: 1, seq, route: 0, intendedNs };
  return { kind: "dropped", ...place, reason: "in-flight-cap", count };
}

export function call(
  given: Pick<EmulatedCall, "arm" | "seq" | "arriveNs"> & Partial<EmulatedCall>,
): EmulatedCall {
  return plainCall(given);
}
