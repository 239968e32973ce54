import { Pool } from "undici";
import type { Service } from "./model.ts";
import { retryBudget } from "./retry-policy.ts";
import { originOf, whole } from "./settings.ts";

/**
 * Calls that are given up after TIMEOUT_MS and sent again at once, up to RESENDS times and no more often
 * than BUDGET lets (all of them unless given): the client of Huang et al., OSDI 2022.
 */
export const service: Service = () => {
  const pool = new Pool(originOf(), { connections: 4_096, pipelining: 1 });
  const [timeoutMs, resends] = [whole("TIMEOUT_MS", 2_000), whole("RESENDS", 4)];
  const budget = retryBudget(100);
  return async ({ identity, path }) => {
    budget.called();
    for (let left = resends; ; left--) {
      try {
        const signal = AbortSignal.timeout(timeoutMs);
        const { body } = await pool.request({ method: "GET", path, headers: identity, signal });
        return await body.text();
      } catch (thrown) {
        if (left === 0 || !budget.take()) throw thrown;
      }
    }
  };
};
