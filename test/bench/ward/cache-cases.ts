import { startRedis } from "./redis.ts";
import type { Env, WardCase } from "./model.ts";

const ENTRIES = 30;
const origin = (cacheTtl: string, median: string): object => ({
  latency: { kind: "lognormal", median, p99: "400ms" },
  cacheTtl,
});
const WELL: Env = { WARD: "cache", ENTRIES: "1000" };
const SHORT: Env = { ...WELL, TTL_MS: "2000" };

export const CACHE_CASES: readonly WardCase[] = [
  {
    name: "lru-cache",
    detector: "cache-thrash",
    cause: /cache thrash/,
    size: { of: () => ENTRIES, within: 0.2 },
    byRates: "named",
    ratePerSec: 100,
    dependencies: { origin: origin("60s", "40ms") },
    well: () => WELL,
    sick: () => ({ ...WELL, ENTRIES: String(ENTRIES) }),
    lookAlikes: { "slow-after": () => ({ ...WELL, WAIT_AFTER_MS: "80" }) },
    rates: [1, 3],
  },
  {
    name: "lru-stampede",
    detector: "stampede",
    cause: /stampede/,
    size: null,
    byRates: "named",
    ratePerSec: 100,
    dependencies: { origin: origin("2s", "250ms") },
    well: () => SHORT,
    sick: () => ({ ...SHORT, SINGLE_FLIGHT: "false", TTL_JITTER: "0" }),
    lookAlikes: { "slow-after": () => ({ ...SHORT, WAIT_AFTER_MS: "80" }) },
    rates: [1, 3],
  },
  {
    name: "redis-maxmemory",
    detector: "cache-thrash",
    cause: /cache thrash/,
    // Asked of the server after the run.
    size: { of: () => Number.NaN, within: 0.2 },
    byRates: "named",
    ratePerSec: 60,
    dependencies: { origin: origin("60s", "40ms") },
    well: () => ({ WARD: "redis-cache" }),
    sick: () => ({ WARD: "redis-cache" }),
    beside: async () => {
      await using started = new AsyncDisposableStack();
      const large = started.use(await startRedis("64mb"));
      const small = started.use(await startRedis("2mb"));
      const both = started.move();
      return {
        env: { CACHE_URL: large.url },
        envOf: { sick: { CACHE_URL: small.url } },
        truth: small.entries,
        [Symbol.asyncDispose]: () => both.disposeAsync(),
      };
    },
    rates: [1],
  },
];
