import got from "got";
import type { Service } from "./model.ts";
import { delayMs, retryPolicy } from "./retry-policy.ts";
import { originOf } from "./settings.ts";

/** got, with its own retries. */
export const service: Service = () => {
  const policy = retryPolicy();
  const { budget, retries } = policy;
  const origin = originOf();
  const client = got.extend({
    retry: {
      limit: retries,
      statusCodes: [429, 503],
      calculateDelay({ attemptCount, computedValue, retryAfter }) {
        // 0 is how got is told that it is enough; it counts retries by itself.
        const isEnough = computedValue === 0 || !budget.take();
        return isEnough ? 0 : Math.max(delayMs(policy, attemptCount, retryAfter ?? 0), 1);
      },
    },
  });
  return ({ identity, path }) => {
    budget.called();
    return client(origin + path, { headers: identity }).text();
  };
};
