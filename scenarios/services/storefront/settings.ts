import type { DependencyOptions } from "./dependency.ts";

/** How the storefront is set up. Every value has a default; see `readSettings` for the names. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly pageBudgetMs: number;
  readonly payments: DependencyOptions;
  readonly catalog: DependencyOptions;
  readonly cache: { readonly entries: number; readonly ttlMs: number };
  readonly reviews: DependencyOptions;
  readonly retry: RetryPolicy;
}

export interface RetryPolicy {
  readonly retries: number;
  readonly delayMs: number;
  readonly backoff: "fixed" | "exponential-jitter";
  readonly honourRetryAfter: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment.
 * @throws Error that names every variable with a wrong value, and what it may be.
 */
export function readSettings(env: Env): Settings {
  const problems: string[] = [];

  const wrong = (name: string, mayBe: string): void => {
    problems.push(`${name} must be ${mayBe}, not ${JSON.stringify(env[name])}`);
  };
  const whole = (name: string, fallback: number, [min, max]: readonly [number, number]): number => {
    const text = env[name] ?? String(fallback);
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) wrong(name, `a whole number from ${min} to ${max}`);
    return value;
  };
  const oneOf = <Choice extends string>(name: string, choices: readonly [Choice, ...Choice[]]) => {
    const text = env[name] ?? choices[0];
    const choice = choices.find((known) => known === text);
    if (choice === undefined) wrong(name, choices.join(" or "));
    return choice ?? choices[0];
  };
  const url = (name: string, fallback: string): string => {
    const parsed = URL.parse(env[name] ?? fallback);
    if (parsed?.protocol !== "http:" && parsed?.protocol !== "https:")
      wrong(name, "an http(s) URL");
    return parsed?.href ?? fallback;
  };
  const dependency = (name: string, poolName: string, defaults: { url: string; ms: number }) => ({
    name: name.toLowerCase(),
    url: url(`${name}_URL`, defaults.url),
    connections: whole(poolName, 64, [1, 10_000]),
    timeoutMs: whole(`${poolName.replace("_POOL", "")}_TIMEOUT_MS`, defaults.ms, [1, 600_000]),
  });

  const settings: Settings = {
    host: env["HOST"] ?? "127.0.0.1",
    port: whole("PORT", 8080, [0, 65_535]),
    pageBudgetMs: whole("PAGE_BUDGET_MS", 2_000, [1, 600_000]),
    payments: dependency("PAYMENTS", "PAYMENT_POOL", { url: "http://127.0.0.1:9101", ms: 1_000 }),
    catalog: dependency("CATALOG", "CATALOG_POOL", { url: "http://127.0.0.1:9102", ms: 1_000 }),
    cache: {
      entries: whole("CATALOG_CACHE_ENTRIES", 500, [1, 1_000_000]),
      ttlMs: whole("CATALOG_CACHE_TTL_MS", 60_000, [1, 86_400_000]),
    },
    reviews: dependency("REVIEWS", "REVIEWS_POOL", { url: "http://127.0.0.1:9103", ms: 300 }),
    retry: {
      retries: whole("REVIEWS_RETRIES", 1, [0, 100]),
      delayMs: whole("REVIEWS_RETRY_DELAY_MS", 100, [0, 60_000]),
      backoff: oneOf("REVIEWS_RETRY_BACKOFF", ["exponential-jitter", "fixed"]),
      honourRetryAfter: oneOf("REVIEWS_HONOUR_RETRY_AFTER", ["true", "false"]) === "true",
    },
  };
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return settings;
}
