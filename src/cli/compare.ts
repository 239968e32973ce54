import { compareTwo } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import {
  checkCompareOutput,
  type CompareOutput,
  namedRun,
  type NoiseArguments,
  noiseOf,
  putComparison,
  withCompareFlags,
} from "./compare-output.ts";
import { version } from "./version.ts";

interface CompareArguments extends CompareOutput, NoiseArguments {
  readonly before: string;
  readonly after: string;
}

async function compare(io: CliIo, given: CompareArguments): Promise<void> {
  const noise = noiseOf(given);
  checkCompareOutput(given);
  const [before, after] = [await namedRun(given.before), await namedRun(given.after)];
  const report = compareTwo(before, after, { ...noise, version });
  putComparison(io, report, given);
}

export const compareCommand: Command = (io) => ({
  builder: (yargs) =>
    withCompareFlags(yargs)
      .positional("before", { type: "string", demandOption: true, describe: "a run directory" })
      .positional("after", { type: "string", demandOption: true, describe: "another one" })
      .example("$0 compare runs/20260101T120000Z-shop-1a2b3c runs/20260201T120000Z-shop-3c2b1a", "")
      .example("$0 compare runs/… runs/… --format html -o compared.html", "as a page"),
  handler: (given) => compare(io, given as unknown as CompareArguments),
});
