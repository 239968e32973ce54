import { join } from "node:path";
import { ROOT } from "../../e2e/cli.ts";
import { programs, startPostgres } from "../../emulator/postgres.ts";
import type { Beside, Env, WardCase, WardWorld } from "./model.ts";

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
    // Who waits for a connection waits without end, and gets it when the request has been given up (5 s).
    also: ["no-backpressure", "timeout-inversion"],
    ratePerSec: 40,
    dependencies: { origin: ORIGIN },
    well: () => well,
    sick: (world) => ({ ...well, POOL: String(poolOf(world)) }),
    lookAlikes: { "slow-before": () => ({ ...well, WAIT_BEFORE_MS: "150" }) },
    ...rest,
  };
}

/** Queries take 110 ms each, since whoever is slow here is not us. */
const PG: Env = { WARD: "pg-pool", QUERY_MS: "110" };

/** A real PostgreSQL behind a proxy: it knows nobody's requests, only when connections are busy. */
async function besidePostgres(): Promise<Beside> {
  const found = programs();
  if (found === null)
    throw new Error("postgres is not installed: leave the case out, or install it");
  const { stop, upstream } = await startPostgres(found);
  return {
    env: {},
    dependencies: { database: { protocol: "tcp", tcp: { upstream } } },
    [Symbol.asyncDispose]: stop,
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
  poolCase("pg-pool", PG, {
    dependencies: {},
    // Postgres takes a hundred connections.
    well: () => ({ ...PG, POOL: "24" }),
    sick: (world) => ({ ...PG, POOL: String(poolOf(world)) }),
    lookAlikes: { "slow-before": () => ({ ...PG, POOL: "24", WAIT_BEFORE_MS: "150" }) },
    beside: besidePostgres,
    rates: [1],
  }),
];
