import { setTimeout as delay } from "node:timers/promises";
import pRetry from "p-retry";
import { OriginError, originCaller } from "./call.ts";
import type { Service } from "./model.ts";
import { retryPolicy } from "./retry-policy.ts";

/** p-retry around a call: it randomizes between once and twice the delay, and knows no Retry-After. */
export const service: Service = () => {
  const { budget, delayMs, factor, heeds, jitter, retries } = retryPolicy();
  const call = originCaller();
  return (visit) => {
    budget.called();
    return pRetry(() => call(visit), {
      retries,
      factor,
      minTimeout: delayMs,
      randomize: jitter,
      shouldRetry: () => budget.take(),
      async onFailedAttempt({ error, retriesLeft }) {
        if (!heeds || retriesLeft === 0 || !(error instanceof OriginError)) return;
        await delay(error.retryAfterMs);
      },
    });
  };
};
