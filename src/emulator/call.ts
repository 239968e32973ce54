import { type DeadlineHandle, NS_PER_US } from "../core/index.ts";
import type { EmulatedCall } from "../measure/index.ts";
import type { CapacityTicket } from "./capacity/index.ts";
import type { Asked, CallIdentity, Decision } from "./decision.ts";
import type { AnyResponse, Underway } from "./deliver/index.ts";
import type { AnyRequest, Connection } from "./listen/front.ts";

/** A call on its way. */
export interface Call {
  readonly asked: Asked;
  readonly connections: number;
  readonly connection: Connection;
  readonly response: AnyResponse;
  /** Kept for an upstream alone. */
  body: Buffer | null;
  decision: Decision | null;
  meantDelayUs: number;
  queuedUs: number;
  responseBytes: number;
  /** When the answer's first byte was handed to the kernel; NaN before. */
  givenNs: number;
  due: DeadlineHandle | null;
  ticket: CapacityTicket | null;
  underway: Underway | null;
  settled: boolean;
}

/** A call that has just arrived, and how busy its listener is then. */
export function arrivingCall(
  request: AnyRequest,
  response: AnyResponse,
  connection: Connection,
  busy: {
    readonly nowNs: number;
    readonly inFlight: number;
    readonly ratePerSec: number;
    readonly connections: number;
  },
): Call {
  const { connections, inFlight, nowNs, ratePerSec } = busy;
  return {
    asked: {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers as Readonly<Record<string, string | undefined>>,
      requestBytes: 0,
      status: 0,
      responseBytes: 0,
      client: connection.client,
      nowNs,
      inFlight,
      ratePerSec,
    },
    connections,
    connection,
    response,
    body: null,
    decision: null,
    meantDelayUs: 0,
    queuedUs: 0,
    responseBytes: 0,
    givenNs: Number.NaN,
    due: null,
    ticket: null,
    underway: null,
    settled: false,
  };
}

/** What is kept of a call that has ended. */
export function recordOf(
  call: Call,
  { attempt, key, seq }: CallIdentity,
  known: Pick<EmulatedCall, "arm" | "dependency" | "endNs" | "outcome">,
): EmulatedCall {
  const { asked, decision } = call;
  const { arm, dependency, endNs, outcome } = known;
  const givenNs = Number.isNaN(call.givenNs) ? endNs : call.givenNs;
  return {
    arm,
    dependency,
    seq,
    attempt,
    key,
    safe: asked.method === "GET" || asked.method === "HEAD",
    arriveNs: asked.nowNs,
    endNs,
    meantDelayUs: call.meantDelayUs,
    givenDelayUs: (givenNs - asked.nowNs) / NS_PER_US,
    queuedUs: call.queuedUs,
    requestBytes: asked.requestBytes,
    responseBytes: call.responseBytes,
    fault: decision?.fault?.kind ?? "none",
    status: statusSent(call, outcome === "aborted"),
    outcome,
    retryAfterMs: decision?.retryAfterMs ?? 0,
    early: decision?.early ?? false,
    inFlight: asked.inFlight,
    connections: call.connections,
    connection: call.connection.id,
  };
}

const LATE_US = 1_000;
const LATE_SHARE = 0.05;

/** Whether a call was answered at a time that was meant: only such a one can be late. */
export const isTimed = ({ outcome }: EmulatedCall): boolean =>
  outcome === "ok" || outcome === "error";

/** Whether an answer was off by more than 1 ms, and more than 5 % of the delay that was meant. */
export const isLate = ({ givenDelayUs, meantDelayUs }: EmulatedCall): boolean =>
  Math.abs(givenDelayUs - meantDelayUs) > Math.max(LATE_US, LATE_SHARE * meantDelayUs);

/** 0 where the caller has seen none. */
function statusSent({ decision }: Call, aborted: boolean): number {
  if (aborted || decision === null) return 0;
  const { answer, fault } = decision;
  const unseen =
    fault?.kind === "empty" ||
    fault?.kind === "garbage" ||
    fault?.kind === "hang" ||
    (fault?.kind === "reset" && fault.when === "before");
  return unseen ? 0 : answer.status;
}
