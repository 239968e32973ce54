import {
  CALL_FAULTS,
  CALL_OUTCOMES,
  type CallOutcome,
  type EmulatedCall,
} from "./emulated-call.ts";
import type { Filled } from "./rows.ts";
import type { Columns } from "./spool-layout.ts";

/** 86 bytes a call. `seqPlusOne` is 0 when the target passed no identity on. */
export const CALL_COLUMNS = {
  arriveNs: "f64",
  endNs: "f64",
  key: "f64",
  meantDelayUs: "f64",
  givenDelayUs: "f64",
  queuedUs: "f64",
  requestBytes: "u32",
  responseBytes: "u32",
  seqPlusOne: "u32",
  retryAfterMs: "u32",
  connection: "u32",
  inFlight: "u16",
  connections: "u16",
  status: "u16",
  attempt: "u16",
  arm: "u8",
  dependency: "u8",
  outcome: "u8",
  safe: "u8",
  fault: "u8",
  early: "u8",
} as const;

const U16_MAX = 2 ** 16 - 1;
const U32_MAX = 2 ** 32 - 1;

type CallColumns = Columns<typeof CALL_COLUMNS>;

/** Writes a call as a row. */
export function putCall(c: CallColumns, row: number, call: EmulatedCall): void {
  c.arriveNs[row] = call.arriveNs;
  c.endNs[row] = call.endNs;
  c.key[row] = call.key;
  c.meantDelayUs[row] = call.meantDelayUs;
  c.givenDelayUs[row] = call.givenDelayUs;
  c.queuedUs[row] = call.queuedUs;
  c.requestBytes[row] = Math.min(call.requestBytes, U32_MAX);
  c.responseBytes[row] = Math.min(call.responseBytes, U32_MAX);
  c.seqPlusOne[row] = call.seq + 1;
  c.retryAfterMs[row] = call.retryAfterMs;
  c.connection[row] = call.connection;
  c.inFlight[row] = Math.min(call.inFlight, U16_MAX);
  c.connections[row] = Math.min(call.connections, U16_MAX);
  c.status[row] = call.status;
  c.attempt[row] = Math.min(call.attempt, U16_MAX);
  c.arm[row] = call.arm;
  c.dependency[row] = call.dependency;
  c.outcome[row] = CALL_OUTCOMES.indexOf(call.outcome);
  c.safe[row] = call.safe ? 1 : 0;
  c.fault[row] = CALL_FAULTS.indexOf(call.fault);
  c.early[row] = call.early ? 1 : 0;
}

/** An object for one call, of nothing yet. */
export function blankCall(): Filled<EmulatedCall> {
  return {
    arm: 0,
    dependency: 0,
    seq: 0,
    attempt: 0,
    key: NaN,
    safe: false,
    arriveNs: NaN,
    endNs: NaN,
    meantDelayUs: NaN,
    givenDelayUs: NaN,
    queuedUs: NaN,
    requestBytes: 0,
    responseBytes: 0,
    fault: "none",
    status: 0,
    outcome: "ok",
    retryAfterMs: 0,
    early: false,
    inFlight: 0,
    connections: 0,
    connection: 0,
  };
}

/** How a call ended, by what its row says. */
export const outcomeOf = (outcome: number): CallOutcome => CALL_OUTCOMES[outcome] ?? "aborted";

/** Fills in what a row says; `leadNs` is taken off its times. */
export function fillCall(
  into: Filled<EmulatedCall>,
  c: CallColumns,
  row: number,
  leadNs: number,
): void {
  into.arm = c.arm[row]!;
  into.dependency = c.dependency[row]!;
  into.seq = c.seqPlusOne[row]! - 1;
  into.attempt = c.attempt[row]!;
  into.key = c.key[row]!;
  into.safe = c.safe[row] === 1;
  into.arriveNs = c.arriveNs[row]! - leadNs;
  into.endNs = c.endNs[row]! - leadNs;
  into.meantDelayUs = c.meantDelayUs[row]!;
  into.givenDelayUs = c.givenDelayUs[row]!;
  into.queuedUs = c.queuedUs[row]!;
  into.requestBytes = c.requestBytes[row]!;
  into.responseBytes = c.responseBytes[row]!;
  into.fault = CALL_FAULTS[c.fault[row]!] ?? "none";
  into.status = c.status[row]!;
  into.outcome = outcomeOf(c.outcome[row]!);
  into.retryAfterMs = c.retryAfterMs[row]!;
  into.early = c.early[row] === 1;
  into.inFlight = c.inFlight[row]!;
  into.connections = c.connections[row]!;
  into.connection = c.connection[row]!;
}
