import { join } from "node:path";
import { ROOT } from "../../e2e/cli.ts";
import type { Env, WardCase, WardWorld } from "./model.ts";

/** 112 ms a call: at 40 requests a second 4.5 calls are wanted at once. */
const ORIGIN = { latency: { kind: "lognormal", median: "100ms", p99: "300ms" } };
const POOL = 4;

const poolOf = ({ rate }: WardWorld): number => POOL * rate;

function poolCase(name: string, own: Env, rest: Partial<WardCase> = {}): WardCase {
  const well: Env = { ...own, POOL: "256" };
  return {
    name,
    detector: "pool-exhaustion",
    cause: /pool exhaustion/,
    size: { of: poolOf, within: 0 },
    byRates: "sized",
    // Who waits for a connection waits without end.
    also: ["no-backpressure"],
    ratePerSec: 40,
    dependencies: { origin: ORIGIN },
    well: () => well,
    sick: (world) => ({ ...well, POOL: String(poolOf(world)) }),
    lookAlikes: { "slow-before": () => ({ ...well, WAIT_BEFORE_MS: "150" }) },
    ...rest,
  };
}

export const POOL_CASES: readonly WardCase[] = [
  poolCase("undici-pool", { WARD: "undici-pool" }),
  poolCase("generic-pool", { WARD: "generic-pool" }),
  poolCase(
    "python-pool",
    {},
    { command: `python3 -u ${join(ROOT, "scenarios/services/ward/pool.py")}`, rates: [1, 3] },
  ),
];
