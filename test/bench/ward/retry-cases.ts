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
/** Lets a half of it through at the beginning of each second, and names that second to the rest. */
const LIMITED_BY_CLOCK = {
  latency: FLAKY.latency,
  limit: { kind: "fixed-window", limit: 20, window: "1s", retryAfterFormat: "http-date" },
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
    says: /apart with no jitter.*no budget bounds them/,
    byRates: "named",
    ratePerSec: 40,
    dependencies: { origin: FLAKY },
    well: () => ({ WARD: ward, ...POLITE }),
    sick: () => ({ WARD: ward, ...RUDE }),
    lookAlikes: { "within-budget": () => ({ WARD: ward, ...POLITE, RETRIES: "3" }) },
    ...rest,
  };
}

/*
 * What a policy may lack, one by one: the sick form lacks that alone, and the summary has to say so. A
 * budget of 10 % bounds a storm by itself, so that where something else is lacking it is a larger one:
 * too large, and a budget still.
 */
const LARGE: Env = { ...POLITE, RETRIES: String(ATTEMPTS - 1), BUDGET: "60" };
const LACKING: readonly WardCase[] = [
  retryCase("p-retry-no-jitter", "p-retry", {
    sick: () => ({ WARD: "p-retry", ...LARGE, JITTER: "none" }),
    says: /apart with no jitter(?!.*no budget)/,
    lookAlikes: {
      "within-budget": () => ({ WARD: "p-retry", ...LARGE, BUDGET: "10", JITTER: "none" }),
    },
    rates: [1],
  }),
  retryCase("cockatiel-no-budget", "cockatiel-retry", {
    sick: () => ({ WARD: "cockatiel-retry", ...LARGE, BUDGET: "100" }),
    says: /apart with jitter.*no budget bounds them/,
    rates: [1],
  }),
  retryCase("got-no-cap", "got-retry", {
    // As many as its budget lets.
    size: null,
    sick: () => ({ WARD: "got-retry", ...LARGE, RETRIES: "50", BUDGET: "90", BACKOFF: "fixed" }),
    says: /up to (?:[6-9]|\d\d) attempts.*apart with jitter(?!.*no budget)/,
    dependencies: { origin: { ...FLAKY, errors: { ratio: "70%", status: 503 } } },
    rates: [1],
  }),
  retryCase("cockatiel-no-retry-after", "cockatiel-retry", {
    detector: "rate-limit",
    cause: /before Retry-After/,
    says: /told to wait came before that/,
    size: null,
    byRates: "no",
    dependencies: { origin: LIMITED },
    well: () => ({ WARD: "cockatiel-retry", ...POLITE, BUDGET: "60" }),
    sick: () => ({ WARD: "cockatiel-retry", ...POLITE, BUDGET: "60", RETRY_AFTER: "ignore" }),
    lookAlikes: {},
    rates: [1],
  }),
  retryCase("got-herd", "got-retry", {
    detector: "rate-limit",
    cause: /herd calls origin when its limit is back/,
    says: /at which origin let refused callers come again(?!.*before that)/,
    size: null,
    dependencies: { origin: LIMITED_BY_CLOCK },
    well: () => ({ WARD: "got-retry", ...POLITE, BUDGET: "60", RETRY_MS: "800" }),
    // All come at the moment that they were told.
    sick: () => ({
      WARD: "got-retry",
      ...POLITE,
      BUDGET: "60",
      RETRY_MS: "0",
      JITTER: "none",
    }),
    lookAlikes: {},
    rates: [1],
  }),
];

export const RETRY_CASES: readonly WardCase[] = [
  retryCase("got-retry", "got-retry"),
  retryCase("p-retry", "p-retry"),
  retryCase("cockatiel-retry", "cockatiel-retry"),
  retryCase("got-retry-after", "got-retry", {
    detector: "rate-limit",
    cause: /before Retry-After/,
    says: /told to wait came before that/,
    size: null,
    byRates: "no",
    also: ["retry-storm"],
    dependencies: { origin: LIMITED },
    // At other rates it refuses another share.
    rates: [1],
  }),
  ...LACKING,
];
