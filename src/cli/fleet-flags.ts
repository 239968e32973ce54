import { ShakedownError } from "../core/index.ts";
import type { Fleet } from "../fleet/index.ts";
import { version } from "./version.ts";

/** Flags of commands whose load a fleet can send. */
export interface FleetFlags {
  /** The URL of the Redis where workers are found. */
  readonly fleet?: string;
  /** How many of them. */
  readonly workers?: number;
}

export const FLEET_FLAGS = {
  fleet: {
    type: "string",
    describe: "the load is sent by `shakedown worker`s, met at this Redis: redis://host:6379",
  },
  workers: { type: "number", describe: "with --fleet: how many of them (1 unless given)" },
} as const;

/** A Redis' password, for a URL without one: on a command line everybody could read it. */
export function redisPassword(env: NodeJS.ProcessEnv): { readonly password?: string } {
  const password = env["SHAKEDOWN_REDIS_PASSWORD"];
  return password === undefined ? {} : { password };
}

/**
 * The fleet that is asked for; null where none is.
 * @throws USAGE when flags do not fit; FLEET_UNREACHABLE when its Redis cannot be used
 */
export async function fleetOf({ fleet, workers }: FleetFlags): Promise<Fleet | null> {
  if (fleet === undefined) {
    if (workers === undefined) return null;
    throw new ShakedownError("USAGE", "--workers counts the workers of a fleet", {
      hint: "name its Redis: --fleet redis://host:6379 (threads are the scenario's: workers)",
    });
  }
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1 && workers <= 10_000)) {
    throw new ShakedownError("USAGE", "--workers takes a number from 1 to 10,000");
  }
  const { Fleet } = await import("../fleet/index.ts");
  return Fleet.connect({
    redis: fleet,
    ...redisPassword(process.env),
    workers: workers ?? 1,
    version,
  });
}
