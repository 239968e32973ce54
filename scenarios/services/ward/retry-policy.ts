import { choice, whole } from "./settings.ts";

/**
 * How a failed call is tried again: RETRIES times, RETRY_MS apart (twice as long each time with
 * BACKOFF=double), with JITTER=none or full, as Retry-After asks or not, and no more than BUDGET per
 * cent of all calls (100: as many as fail).
 */
export interface RetryPolicy {
  readonly retries: number;
  readonly delayMs: number;
  readonly factor: 1 | 2;
  readonly jitter: boolean;
  readonly heeds: boolean;
  readonly budget: Budget;
}

/** Every call puts some in, every retry takes one out. Source: Finagle's RetryBudget. */
class Budget {
  readonly #share: number;
  #tokens = 5;

  constructor(share: number) {
    this.#share = share;
  }

  called(): void {
    this.#tokens = Math.min(this.#tokens + this.#share, 50);
  }

  /** Whether a retry may be made. */
  take(): boolean {
    if (this.#share >= 1) return true;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** Of BUDGET per cent. */
export const retryBudget = (fallback: number): Budget =>
  new Budget(whole("BUDGET", fallback) / 100);

export function retryPolicy(): RetryPolicy {
  return {
    retries: whole("RETRIES", 1),
    delayMs: whole("RETRY_MS", 50),
    factor: choice("BACKOFF", ["double", "fixed"]) === "double" ? 2 : 1,
    jitter: choice("JITTER", ["full", "none"]) === "full",
    heeds: choice("RETRY_AFTER", ["heed", "ignore"]) === "heed",
    budget: retryBudget(10),
  };
}

/** Before the n-th retry, from 1. */
export function delayMs(policy: RetryPolicy, nth: number, retryAfterMs: number): number {
  const fullMs = policy.delayMs * policy.factor ** (nth - 1);
  const ownMs = policy.jitter ? fullMs * Math.random() : fullMs;
  return policy.heeds && retryAfterMs > 0 ? retryAfterMs + ownMs : ownMs;
}
