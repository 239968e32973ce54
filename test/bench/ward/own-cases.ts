import { startNeighbour } from "./neighbour.ts";
import type { Env, WardCase } from "./model.ts";

const ORIGIN = { latency: { kind: "lognormal", median: "60ms", p99: "180ms" } };
const BUSY: Env = { WARD: "busy" };
/** Room for twice the heap that lives on. */
const CRAMPED = "--max-old-space-size=80 --max-semi-space-size=1";

const NO_BREAKER: Env = { WARD: "breaker", VOLUME: "1000000" };

const BASE = {
  size: null,
  ratePerSec: 40,
  dependencies: { origin: ORIGIN },
  well: () => BUSY,
} as const;

/** What a service does to itself, and what others do to it. */
export const OWN_CASES: readonly WardCase[] = [
  {
    ...BASE,
    name: "blocked-loop",
    detector: "saturation",
    cause: /saturated/,
    byRates: "no",
    sick: () => ({ ...BUSY, BLOCK_MS: "8" }),
    lookAlikes: { "slow-both": () => ({ ...BUSY, WAIT_BEFORE_MS: "30", WAIT_AFTER_MS: "30" }) },
    // Three times of it are more than one loop has.
    rates: [1],
  },
  {
    ...BASE,
    name: "gc-bound",
    detector: "saturation",
    cause: /saturated/,
    byRates: "no",
    sick: () => ({
      ...BUSY,
      HEAP_MB: "40",
      GARBAGE_KB: "300",
      NODE_OPTIONS: CRAMPED,
    }),
    lookAlikes: {
      // As large a heap in as little room, and nothing to collect.
      "large-heap": () => ({ ...BUSY, HEAP_MB: "40", NODE_OPTIONS: CRAMPED }),
      // As long now and then, by a timer.
      "now-and-then": () => ({
        ...BUSY,
        WAIT_SHARE: "30",
        WAIT_BEFORE_MS: "40",
        WAIT_AFTER_MS: "40",
      }),
    },
    rates: [1],
  },
  {
    ...BASE,
    name: "slow-innocent",
    detector: null,
    cause: /^$/,
    byRates: "no",
    dependencies: {
      origin: {
        latency: {
          kind: "schedule",
          latency: ORIGIN.latency,
          factor: { kind: "windows", windows: [{ from: "6s", to: "9s", factor: 5 }] },
        },
      },
    },
  },
  {
    ...BASE,
    name: "noisy-neighbour",
    detector: null,
    cause: /^$/,
    byRates: "no",
    beside: () => startNeighbour(),
  },
  {
    ...BASE,
    name: "opossum",
    detector: "breaker",
    cause: /breaker opens/,
    size: { of: () => 1_000, within: 0.2 },
    byRates: "sized",
    dependencies: { origin: { ...ORIGIN, errors: { ratio: "10%", status: 503 } } },
    well: () => ({ WARD: "breaker" }),
    sick: () => ({ WARD: "breaker", THRESHOLD: "1", VOLUME: "1" }),
    lookAlikes: {
      "no-breaker": () => NO_BREAKER,
      // Half of each second's requests in one go, however the origin does; and what comes third at once.
      "sheds-seconds": () => ({ WARD: "shed", PER_S: "20" }),
      "sheds-at-once": () => ({ WARD: "shed", AT_ONCE: "2" }),
    },
  },
  {
    ...BASE,
    name: "opossum-outage",
    detector: null,
    cause: /^$/,
    byRates: "no",
    // All fails for four seconds, so that whoever opens is right; before and after all is well.
    dependencies: {
      origin: {
        ...ORIGIN,
        errors: [
          {
            kind: "during",
            during: { kind: "windows", windows: [{ from: "5500ms", to: "9500ms" }] },
            ratio: "100%",
            status: 503,
          },
        ],
      },
    },
    well: () => NO_BREAKER,
    // A tenth of the last ten seconds' calls.
    lookAlikes: { opens: () => ({ WARD: "breaker", THRESHOLD: "10" }) },
    rates: [1],
  },
];
