import type { Env, WardCase } from "./model.ts";

const FLAKY = {
  latency: { kind: "lognormal", median: "40ms", p99: "120ms" },
  errors: { ratio: "50%", status: 503 },
};
/** Refuses half of what comes at 40 requests a second, and says for how long. */
const LIMITED = {
  latency: { kind: "lognormal", median: "40ms", p99: "120ms" },
  limit: { kind: "token-bucket", rate: "20/s", burst: 20, retryAfter: "1s" },
};
const ATTEMPTS = 4;
const POLITE: Env = { RETRIES: "1", BUDGET: "10", JITTER: "full" };
const RUDE: Env = {
  RETRIES: String(ATTEMPTS - 1),
  BUDGET: "100",
  JITTER: "none",
  BACKOFF: "fixed",
  RETRY_AFTER: "ignore",
};

function retryCase(name: string, ward: string, rest: Partial<WardCase> = {}): WardCase {
  return {
    name,
    detector: "retry-storm",
    cause: /retry storm/,
    size: { of: () => ATTEMPTS, within: 0 },
    byRates: "named",
    ratePerSec: 40,
    dependencies: { origin: FLAKY },
    well: () => ({ WARD: ward, ...POLITE }),
    sick: () => ({ WARD: ward, ...RUDE }),
    lookAlikes: { "within-budget": () => ({ WARD: ward, ...POLITE, RETRIES: "3" }) },
    ...rest,
  };
}

export const RETRY_CASES: readonly WardCase[] = [
  retryCase("got-retry", "got-retry"),
  retryCase("p-retry", "p-retry"),
  retryCase("cockatiel-retry", "cockatiel-retry"),
  retryCase("got-retry-after", "got-retry", {
    detector: "rate-limit",
    cause: /before Retry-After/,
    size: null,
    byRates: "no",
    also: ["retry-storm"],
    dependencies: { origin: LIMITED },
    // At other rates it refuses another share.
    rates: [1],
  }),
];
