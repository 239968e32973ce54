import { ShakedownError } from "../core/index.ts";
import type { Fleet } from "../fleet/index.ts";
import { version } from "./version.ts";

/** Flags of commands whose load a fleet can send. */
export interface FleetFlags {
  /** The URL of the Redis where workers are found. */
  readonly fleet?: string;
  /** How many of them. */
  readonly workers?: number;
  /** How many others emulate dependencies. */
  readonly emulators?: number;
}

export const FLEET_FLAGS = {
  fleet: {
    type: "string",
    describe: "the load is sent by `shakedown worker`s, met at this Redis: redis://host:6379",
  },
  workers: { type: "number", describe: "with --fleet: how many of them (1 unless given)" },
  emulators: {
    type: "number",
    describe:
      "with --fleet: how many others emulate, of those with --emulate-at (here unless given)",
  },
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
export async function fleetOf({ emulators, fleet, workers }: FleetFlags): Promise<Fleet | null> {
  checkCount("emulators", emulators);
  if (fleet === undefined) {
    if (emulators !== undefined) {
      throw new ShakedownError("USAGE", "--emulators counts workers of a fleet", {
        hint: "name its Redis: --fleet redis://host:6379",
      });
    }
    if (workers === undefined) return null;
    throw new ShakedownError("USAGE", "--workers counts the workers of a fleet", {
      hint: "name its Redis: --fleet redis://host:6379 (threads are the scenario's: workers)",
    });
  }
  checkCount("workers", workers);
  const { Fleet } = await import("../fleet/index.ts");
  return Fleet.connect({
    redis: fleet,
    ...redisPassword(process.env),
    workers: workers ?? 1,
    emulators: emulators ?? 0,
    version,
  });
}

function checkCount(flag: string, count: number | undefined): void {
  if (count === undefined || (Number.isInteger(count) && count >= 1 && count <= 10_000)) return;
  throw new ShakedownError("USAGE", `--${flag} takes a number from 1 to 10,000`);
}
