import { EXIT, ShakedownError } from "../core/index.ts";
import { planScenario, writeLock } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { planJson, planText } from "./plan-view.ts";
import { shortPath } from "./short-path.ts";
import { version } from "./version.ts";

interface PlanArguments {
  readonly scenario: string;
  readonly pilot?: string;
  readonly json: boolean;
  readonly lock: boolean;
  readonly amend?: string;
}

async function plan(io: CliIo, given: PlanArguments): Promise<void> {
  if (given.amend !== undefined && !given.lock) {
    throw new ShakedownError(
      "USAGE",
      "--amend says why a lock is replaced, and there is no --lock",
    );
  }
  const planned = await planScenario(given.scenario, { pilot: given.pilot, version }, io.signal);
  io.stdout.write(given.json ? planJson(planned) : planText(planned));
  // With --json the plan has standard output to itself.
  const told = given.json ? io.stderr : io.stdout;
  if (planned.problems.length > 0) {
    io.exitCode = EXIT.hold;
    if (given.lock) told.write("not locked\n");
    return;
  }
  if (!given.lock) return;
  const { lock, path, written } = await writeLock(
    planned.loaded,
    planned.registered.plan,
    given.amend,
  );
  const verb = written ? "locked  " : "locked already  ";
  const amended = lock.amendments.at(-1);
  const why =
    amended === undefined || !written ? "" : `; replaces ${amended.replaces.slice(0, 12)}`;
  told.write(`${verb}${shortPath(path)} (${lock.sha256.slice(0, 12)}${why})\n`);
}

export const planCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("scenario", {
        type: "string",
        demandOption: true,
        describe: "a scenario file (YAML)",
      })
      .option("baseline", {
        type: "string",
        describe: "the directory of a pilot, or an A/A run: how much each metric varies",
      })
      .option("lock", {
        type: "boolean",
        default: false,
        describe: "write <scenario>.lock.json: `run` refuses any other plan",
      })
      .option("amend", {
        type: "string",
        describe: "with --lock: why a plan that is locked is replaced; kept in the lock",
      })
      .option("json", { type: "boolean", default: false, describe: "print it for a machine" })
      .example("$0 plan checkout.yaml --baseline runs/20260101T120000Z-a-a-1a2b3c", "is it enough?")
      .example("$0 plan checkout.yaml --lock", "register it"),
  handler: (given) => plan(io, { ...given, pilot: given["baseline"] } as unknown as PlanArguments),
});
