import type { Beside, Env, WardCase } from "./model.ts";
import { type RunningRedis, startRedis } from "./redis.ts";

const ENTRIES = 30;
const origin = (cacheTtl: string, median: string): object => ({
  latency: { kind: "lognormal", median, p99: "400ms" },
  cacheTtl,
});
const WELL: Env = { WARD: "cache", ENTRIES: "1000" };
const SHORT: Env = { ...WELL, TTL_MS: "2000" };
const REDIS: Env = { WARD: "redis-cache" };

const STAMPEDE = {
  detector: "stampede",
  cause: /stampede/,
  size: null,
  byRates: "named",
  ratePerSec: 100,
  dependencies: { origin: origin("2s", "250ms") },
  well: () => SHORT,
} as const;

/** For each arm a Redis of its own, large but the sick one's, since a cache that all fill is warm for all. */
async function besideRedis(): Promise<Beside> {
  await using started = new AsyncDisposableStack();
  const start = async (maxMemory: string, busy = false): Promise<RunningRedis> =>
    started.use(await startRedis(maxMemory, { busy }));
  const large = await start("64mb");
  const small = await start("2mb");
  const slow = await start("64mb", true);
  const all = started.move();
  return {
    env: { CACHE_URL: large.url },
    envOf: { sick: { CACHE_URL: small.url }, "slow-redis": { CACHE_URL: slow.url } },
    truth: small.entries,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

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
    ...STAMPEDE,
    name: "lru-stampede",
    sick: () => ({ ...SHORT, SINGLE_FLIGHT: "false", TTL_JITTER: "0" }),
    lookAlikes: {
      "slow-after": () => ({ ...SHORT, WAIT_AFTER_MS: "80" }),
      // Keys run out together, and each is fetched once.
      "no-jitter": () => ({ ...SHORT, TTL_JITTER: "0" }),
    },
    rates: [1, 3],
  },
  {
    ...STAMPEDE,
    name: "lru-no-single-flight",
    sick: () => ({ ...SHORT, SINGLE_FLIGHT: "false" }),
    rates: [1],
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
    well: () => REDIS,
    sick: () => REDIS,
    lookAlikes: {
      "slow-redis": () => REDIS,
      "slow-after": () => ({ ...REDIS, WAIT_AFTER_MS: "80" }),
      once: () => ({ ...REDIS, KEYS: "once" }),
    },
    beside: besideRedis,
    rates: [1],
  },
];
