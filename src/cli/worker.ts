import { parseRatePerSec } from "../core/index.ts";
import { runWorker } from "../fleet/index.ts";
import type { CliIo, Command } from "./command.ts";
import { redisPassword } from "./fleet-flags.ts";
import { version } from "./version.ts";

interface WorkerArguments {
  readonly redis: string;
  readonly ceiling?: string;
  readonly cache?: string;
}

async function work(io: CliIo, given: WorkerArguments): Promise<void> {
  await runWorker(
    {
      redis: given.redis,
      ...redisPassword(process.env),
      version,
      ceilingPerSec: given.ceiling === undefined ? null : parseRatePerSec(given.ceiling),
      ...(given.cache === undefined ? {} : { cache: given.cache }),
      note: (line) => io.stdout.write(`${line}\n`),
    },
    io.signal,
  );
}

export const workerCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .option("redis", {
        type: "string",
        demandOption: true,
        describe: "where the fleet meets: redis://host:6379, rediss:// for TLS",
      })
      .option("ceiling", {
        type: "string",
        describe: "what this machine is known to send in time, as starts to all arms: 40000/s",
      })
      .option("cache", {
        type: "string",
        describe: "a folder for profiles that were fetched (in the temporary files unless given)",
      })
      .example("$0 worker --redis redis://10.0.0.2:6379", "until Ctrl-C, which finishes its run"),
  handler: (given) => work(io, given as unknown as WorkerArguments),
});
