import type { Exchange } from "../exchange.ts";

/** Where a traceparent has the attempt, in two hexadecimal digits: after the parent id's arm. */
const ATTEMPT_AT = "00-".length + 32 + "-".length + 2;
const FIRST = "-1";

/** Rewrites the identity of a request that goes out once more: the same, as its second attempt. */
export function becomeSecondAttempt(exchange: Exchange): void {
  const { requestId, traceparent } = exchange;
  exchange.traceparent = `${traceparent.slice(0, ATTEMPT_AT)}02${traceparent.slice(ATTEMPT_AT + 2)}`;
  if (requestId.endsWith(FIRST)) exchange.requestId = `${requestId.slice(0, -FIRST.length)}-2`;
}
