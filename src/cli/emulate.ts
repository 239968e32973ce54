import { randomBytes } from "node:crypto";
import {
  formatDurationNs,
  monotonicClock,
  parseDurationNs,
  ShakedownError,
} from "../core/index.ts";
import { type Emulator, startEmulatorThread } from "../emulator/index.ts";
import { dependencyEnvName, loadScenario } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";

interface EmulateArguments {
  readonly scenario: string;
  readonly for?: string;
  readonly json: boolean;
}

function addressLines(emulator: Emulator): string[] {
  const arms = Object.keys(Object.values(emulator.addresses)[0] ?? {});
  return arms.flatMap((arm) => [
    `# for arm ${arm}`,
    ...Object.entries(emulator.addresses).map(
      ([name, byArm]) => `${dependencyEnvName(name)}=${byArm[arm]}`,
    ),
  ]);
}

/** Until Ctrl-C, the given time, or the emulator's own end, which is thrown. */
async function untilOver(emulator: Emulator, forNs: number, signal: AbortSignal): Promise<void> {
  const clock = monotonicClock(process.hrtime.bigint());
  const over = clock.sleepUntilNs(forNs, signal).catch((thrown: unknown) => {
    if (!signal.aborted) throw thrown;
  });
  const failed = await Promise.race([over, emulator.failed]);
  if (failed !== undefined) throw failed;
}

async function emulate(io: CliIo, given: EmulateArguments): Promise<void> {
  const { scenario } = loadScenario(given.scenario);
  const forNs = given.for === undefined ? Number.POSITIVE_INFINITY : parseDurationNs(given.for);
  if (Object.keys(scenario.dependencies).length === 0) {
    throw new ShakedownError("USAGE", `${given.scenario} has no dependencies to emulate`);
  }
  await using emulator = await startEmulatorThread({
    arms: Object.keys(scenario.arms),
    dependencies: scenario.dependencies,
    seed: scenario.seed,
    runId: randomBytes(8).toString("hex"),
    originNs: process.hrtime.bigint(),
    spoolPath: null,
  });
  if (given.json) io.stdout.write(`${JSON.stringify(emulator.addresses)}\n`);
  else {
    io.stdout.write(`${addressLines(emulator).join("\n")}\n`);
    io.stderr.write(
      forNs === Number.POSITIVE_INFINITY ? "until Ctrl-C\n" : `for ${formatDurationNs(forNs)}\n`,
    );
  }
  await untilOver(emulator, forNs, io.signal);
  const counts = await emulator.snapshot();
  if (given.json) io.stdout.write(`${JSON.stringify(counts)}\n`);
  else {
    for (const [dependency, byArm] of Object.entries(counts)) {
      for (const [arm, { aborted, calls, errors, limited }] of Object.entries(byArm)) {
        const line = `${dependency} for ${arm}: ${calls} calls, ${errors} errors, ${limited} limited, ${aborted} aborted`;
        io.stderr.write(`${line}\n`);
      }
    }
  }
}

export const emulateCommand: Command = (io) => ({
  command: "emulate <scenario>",
  describe: "play a scenario's dependencies alone, for trying a service by hand",
  builder: (yargs) =>
    yargs
      .positional("scenario", {
        type: "string",
        demandOption: true,
        describe: "a scenario file (YAML)",
      })
      .option("for", { type: "string", describe: "how long: 30s, 10m (until Ctrl-C unless given)" })
      .option("json", {
        type: "boolean",
        default: false,
        describe: "print addresses, and counts at the end, as JSON",
      })
      .example("$0 emulate scenarios/payment-pool.yaml", "prints PAYMENTS_URL=… and serves"),
  handler: (given) => emulate(io, given as unknown as EmulateArguments),
});
