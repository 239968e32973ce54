import { dirname, resolve } from "node:path";
import { regainRun } from "../fleet/index.ts";
import { resumeRun, RunDirectory } from "../run/index.ts";
import type { CliIo } from "./command.ts";
import { type FleetFlags, redisPassword } from "./fleet-flags.ts";
import { type ShowArguments, tellOutcome, viewOf } from "./run.ts";
import { version } from "./version.ts";

/** `run --resume`: goes on with a fleet's run whose own process is gone, and shows what it came to. */
export async function resume(
  io: CliIo,
  run: string,
  given: ShowArguments & FleetFlags,
): Promise<void> {
  const redis = given.fleet === undefined ? {} : { redis: given.fleet };
  const options = { ...redis, ...redisPassword(process.env) };
  const view = viewOf(io, given);
  const outcome = await resumeRun(
    {
      directory: new RunDirectory(run),
      version,
      regain: (directory, signal) => regainRun(directory, options, signal),
      onEvent: view.show,
    },
    io.signal,
  ).finally(view.end);
  await tellOutcome(io, outcome, { ...given, out: dirname(resolve(run)) });
}
