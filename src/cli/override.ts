import { DECISIONS, type Override, overrideRun, overridesOf, RunDirectory } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";

/** Steering characters of a terminal, which a reason may hold, are taken out. */
// oxlint-disable-next-line no-control-regex -- control characters are what must go
const oneLine = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");

/** What people decided otherwise, a line each. */
export function overrideLines(overrides: readonly Override[]): string[] {
  return overrides.map(({ at, by, decision, reason }) => {
    const who = by === undefined ? "" : ` by ${oneLine(by)}`;
    return `override  ${oneLine(decision)}${who}, ${oneLine(at)}: ${oneLine(reason)}`;
  });
}

interface OverrideArguments extends Omit<Override, "at"> {
  readonly run: string;
}

function override(io: CliIo, { by, decision, reason, run }: OverrideArguments): void {
  const directory = new RunDirectory(run);
  overrideRun(directory, { by, decision, reason });
  io.stdout.write(`${overrideLines(overridesOf(directory)).at(-1)}\n`);
}

export const overrideCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("run", { type: "string", demandOption: true, describe: "a run directory" })
      .option("decision", { choices: DECISIONS, demandOption: true, describe: "what is done" })
      .option("reason", {
        type: "string",
        demandOption: true,
        describe: "what is known that the run does not know",
      })
      .option("by", { type: "string", describe: "who decided" })
      .example('$0 override runs/… --decision ship --reason "the rate never occurs"', ""),
  handler: (given) => override(io, given as unknown as OverrideArguments),
});
