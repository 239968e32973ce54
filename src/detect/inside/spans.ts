import type { InsideSpan } from "../../telemetry/index.ts";
import type { Evidence } from "../detector.ts";

/** What a span may lie outside of its request, and be of it: two clocks, and work that goes on. */
const SLACK_NS = 1e9;

/** Whether a span's trace is that of a request that its arm got, at a time at which it may be of it. */
export function isOfItsRequest(evidence: Evidence, { arm, seq, startNs }: InsideSpan): boolean {
  const request = evidence.request(arm, seq);
  if (request === undefined) return false;
  return startNs > request.startNs - SLACK_NS && startNs < request.endNs + SLACK_NS;
}

export const failed = ({ failed: told, status }: InsideSpan): boolean =>
  status === undefined ? told : status >= 500 || status === 429;
