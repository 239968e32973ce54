import { DelegateBackoff, handleWhen, type IRetryBackoffContext, retry } from "cockatiel";
import { OriginError, originCaller } from "./call.ts";
import type { Service } from "./model.ts";
import { delayMs, retryPolicy } from "./retry-policy.ts";

/** cockatiel's retry policy around a call, with a backoff that is told what failed. */
export const service: Service = () => {
  const policy = retryPolicy();
  const { budget, retries } = policy;
  const call = originCaller();
  const patience = retry(
    handleWhen(() => budget.take()),
    {
      maxAttempts: retries,
      backoff: new DelegateBackoff(({ attempt, result }: IRetryBackoffContext<unknown>) => {
        const error = "error" in result ? result.error : undefined;
        const waitMs = error instanceof OriginError ? error.retryAfterMs : 0;
        return delayMs(policy, attempt, waitMs);
      }),
    },
  );
  return (visit) => {
    budget.called();
    return patience.execute(() => call(visit));
  };
};
