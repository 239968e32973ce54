import { formatRatePerSec, formatUs, parseRatePerSec, ShakedownError } from "../core/index.ts";
import { kubernetesManifests, runWorker } from "../fleet/index.ts";
import { type CeilingStep, generatorCeiling } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { redisPassword } from "./fleet-flags.ts";
import { version } from "./version.ts";

interface WorkerArguments {
  readonly redis?: string;
  readonly ceiling?: string;
  readonly emulateAt?: string;
  readonly cache?: string;
  readonly printKubernetes: boolean;
  readonly image: string;
  readonly replicas: number;
  readonly cores: number;
}

function printKubernetes(io: CliIo, { cores, image, replicas }: WorkerArguments): void {
  for (const [flag, count] of Object.entries({ replicas, cores })) {
    if (Number.isInteger(count) && count >= 1) continue;
    throw new ShakedownError("USAGE", `--${flag} takes a whole number, 1 or more`);
  }
  io.stdout.write(kubernetesManifests({ image, workers: replicas, cores }));
}

const stepLine = ({ held, lagP99Us, ratePerSec }: CeilingStep): string =>
  `  ${formatRatePerSec(ratePerSec)}: ${held ? "in time" : "late"}, by ${formatUs(lagP99Us)} at p99`;

/** What is typed, what is measured now, or null: nobody knows. */
async function ceilingOf(io: CliIo, given: string | undefined): Promise<number | null> {
  if (given === undefined) return null;
  if (given !== "measure") return parseRatePerSec(given);
  const note = (line: string): unknown => io.stdout.write(`${line}\n`);
  note("measuring what this machine sends in time, to a server of its own");
  const ratePerSec = await generatorCeiling((step) => note(stepLine(step)), io.signal);
  note(`ceiling ${formatRatePerSec(ratePerSec)}`);
  return ratePerSec;
}

async function work(io: CliIo, given: WorkerArguments): Promise<void> {
  if (given.printKubernetes) {
    printKubernetes(io, given);
    return;
  }
  if (given.redis === undefined) {
    throw new ShakedownError("USAGE", "a worker needs to know where its fleet meets", {
      hint: "name its Redis: --redis redis://host:6379",
    });
  }
  await runWorker(
    {
      redis: given.redis,
      ...redisPassword(process.env),
      version,
      ceiling: () => ceilingOf(io, given.ceiling),
      ...(given.emulateAt === undefined ? {} : { emulateAt: given.emulateAt }),
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
        describe: "where the fleet meets: redis://host:6379, rediss:// for TLS",
      })
      .option("emulate-at", {
        type: "string",
        describe:
          "emulate dependencies, too, for runs with --emulators: the address of this machine that arms reach",
      })
      .option("ceiling", {
        type: "string",
        describe:
          "what this machine sends in time, as starts to all arms: 40000/s as it is known, or `measure` (half a minute, when it starts)",
      })
      .option("cache", {
        type: "string",
        describe: "a folder for profiles that were fetched (in the temporary files unless given)",
      })
      .option("print-kubernetes", {
        type: "boolean",
        default: false,
        describe: "print manifests of a fleet with its own Redis, and do nothing else",
      })
      .option("image", {
        type: "string",
        default: "shakedown:latest",
        describe: "with --print-kubernetes: the workers' container image",
      })
      .option("replicas", {
        type: "number",
        default: 4,
        describe: "with --print-kubernetes: how many workers",
      })
      .option("cores", {
        type: "number",
        default: 2,
        describe: "with --print-kubernetes: whole cores for each",
      })
      .example("$0 worker --redis redis://10.0.0.2:6379", "until Ctrl-C, which finishes its run")
      .example("$0 worker --print-kubernetes | kubectl apply -f -", "a fleet of four"),
  handler: (given) => work(io, given as unknown as WorkerArguments),
});
