import { join } from "node:path";
import type { CommandModule } from "yargs";
import { parseRatio, ShakedownError } from "../core/index.ts";
import {
  checkWorthKeeping,
  compareWithKept,
  exitCodeOf,
  keptNameOf,
  readKeptFrom,
  writeKept,
} from "../run/index.ts";
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
import { checkOutput } from "./output-file.ts";
import { shortPath } from "./short-path.ts";
import { version } from "./version.ts";

interface SaveArguments {
  readonly run: string;
  readonly output?: string;
  readonly dir?: string;
  readonly force: boolean;
}

interface BesideArguments extends CompareOutput, NoiseArguments {
  readonly run: string;
  readonly with: string;
  readonly arm?: string;
  readonly against?: string;
  readonly metric?: string;
  readonly margin?: string;
  readonly exitZero: boolean;
}

async function save(io: CliIo, { dir, force, output, run }: SaveArguments): Promise<void> {
  if ((output === undefined) === (dir === undefined)) {
    throw new ShakedownError("USAGE", "say where to: -o FILE, or --dir FOLDER", {
      hint: "a folder can hold several runs, which tell how much runs differ",
    });
  }
  const path = output ?? join(dir!, keptNameOf(run));
  if (output !== undefined) checkOutput(output, force, [], "--output");
  const read = await namedRun(run);
  checkWorthKeeping(run, read);
  writeKept(path, read.measured);
  const { host, run: kept } = read.measured;
  io.stdout.write(
    `kept     ${shortPath(path)}\n` +
      `of       ${kept.scenario}, ${kept.startedAt.slice(0, 10)}, on ${host.description}\n` +
      ["use it   shakedown baseline compare <run> --with", `${shortPath(dir ?? path)}\n`].join(" "),
  );
}

function marginOf(text: string | undefined): { margin?: number } {
  if (text === undefined) return {};
  const margin = parseRatio(text);
  if (margin > 0) return { margin };
  throw new ShakedownError("USAGE", `--margin ${text} is no margin`, {
    hint: "how much worse is tolerated, above 0: --margin 10%",
  });
}

async function beside(io: CliIo, given: BesideArguments): Promise<void> {
  const { against, arm, metric } = given;
  const noise = noiseOf(given);
  const margin = marginOf(given.margin);
  checkCompareOutput(given);
  const kept = readKeptFrom(given.with);
  const report = compareWithKept(await namedRun(given.run), kept, {
    ...noise,
    ...margin,
    version,
    ...(against === undefined ? {} : { against }),
    ...(arm === undefined ? {} : { arm }),
    ...(metric === undefined ? {} : { metric }),
  });
  putComparison(io, report, given);
  if (!given.exitZero) io.exitCode = exitCodeOf(report.verdict?.decision ?? null);
}

const saveCommand = (io: CliIo): CommandModule => ({
  command: "save <run>",
  describe: "keep what of a run others can be compared with: a small file, for a cache or a branch",
  builder: (yargs) =>
    yargs
      .positional("run", { type: "string", demandOption: true, describe: "a run directory" })
      .option("output", { alias: "o", type: "string", describe: "the file" })
      .option("dir", { type: "string", describe: "or a folder, in which it gets the run's name" })
      .option("force", { type: "boolean", default: false, describe: "replace the file" })
      .example("$0 baseline save runs/20260101T120000Z-shop-1a2b3c --dir perf/baselines", ""),
  handler: (given) => save(io, given as unknown as SaveArguments),
});

const besideCommand = (io: CliIo): CommandModule => ({
  command: "compare <run>",
  describe: "decide on a run beside runs that were kept, which were measured elsewhere",
  builder: (yargs) =>
    withCompareFlags(yargs)
      .positional("run", { type: "string", demandOption: true, describe: "a run directory" })
      .option("with", {
        type: "string",
        demandOption: true,
        requiresArg: true,
        describe: "a kept run's file, or a folder of them",
      })
      .option("arm", { type: "string", describe: "of the run; its variant, or its only arm" })
      .option("against", { type: "string", describe: "what was kept; its control, or only arm" })
      .option("metric", {
        type: "string",
        describe: "for a run of one arm: what must not get worse (response_time_p99)",
      })
      .option("margin", { type: "string", describe: "and by how much at most (10%)" })
      .option("exit-zero", {
        type: "boolean",
        default: false,
        describe: "exit 0 whatever the decision",
      })
      .example("$0 baseline compare runs/20260201T120000Z-shop-3c2b1a --with perf/baselines", ""),
  handler: (given) => beside(io, given as unknown as BesideArguments),
});

export const keptRunCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .command(saveCommand(io))
      .command(besideCommand(io))
      .demandCommand(1, "say which: save or compare"),
  handler: () => {},
});
