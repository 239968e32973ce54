import { setTimeout as delay } from "node:timers/promises";
import { type Answer, type Dependency, DependencyError, fieldsOf } from "./dependency.ts";
import type { Visit } from "./dependency.ts";
import type { RetryPolicy } from "./settings.ts";

/** Product ratings. They are an extra: without an answer, a page goes without. */
export class Reviews {
  readonly #dependency: Dependency;
  readonly #policy: RetryPolicy;

  constructor(dependency: Dependency, policy: RetryPolicy) {
    this.#dependency = dependency;
    this.#policy = policy;
  }

  /** Stars, 0–5, or undefined when nobody could say in time. */
  async stars(slug: string, visit: Visit): Promise<number | undefined> {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#ask(slug, visit);
      if (answer?.status === 200) {
        const { stars } = fieldsOf(answer.text);
        return typeof stars === "number" ? stars : undefined;
      }
      const mayPass = answer === undefined || answer.status === 429 || answer.status >= 500;
      if (!mayPass || attempt >= this.#policy.retries) return undefined;
      const waitMs = this.#waitMs(attempt, answer?.retryAfter);
      if (waitMs >= visit.deadlineMs - performance.now()) return undefined;
      await delay(waitMs);
    }
  }

  async #ask(slug: string, visit: Visit): Promise<Answer | undefined> {
    try {
      return await this.#dependency.call({ method: "GET", path: `/v1/reviews/${slug}`, visit });
    } catch (thrown) {
      if (thrown instanceof DependencyError) return undefined;
      throw thrown;
    }
  }

  #waitMs(attempt: number, retryAfter: string | undefined): number {
    const { delayMs, backoff, honourRetryAfter } = this.#policy;
    const ownMs = backoff === "fixed" ? delayMs : Math.random() * delayMs * 2 ** attempt;
    return honourRetryAfter ? Math.max(ownMs, retryAfterMs(retryAfter)) : ownMs;
  }
}

/** `Retry-After` is a number of seconds or a date. */
function retryAfterMs(value: string | undefined): number {
  if (value === undefined) return 0;
  const waitMs = /^[\d.]+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return waitMs > 0 ? waitMs : 0;
}
