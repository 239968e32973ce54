import { writeFileSync } from "node:fs";
import { messageOf, ShakedownError } from "../core/index.ts";
import { REPORT_FORMATS, renderText, type ReportModel } from "../report/index.ts";
import { exitCodeOf, judge, judgeAndReport, overridesOf, RunDirectory } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { checkOutput } from "./output-file.ts";
import { overrideLines } from "./override.ts";
import { wantsColor } from "./run.ts";
import { shortPath } from "./short-path.ts";

interface ReportArguments {
  readonly run: string;
  readonly format?: string;
  readonly output?: string;
  readonly force: boolean;
  readonly json: boolean;
  readonly exitZero: boolean;
}

const NAMES = REPORT_FORMATS.map(({ name }) => name);

/** One format, to standard output or a file; nothing in the run's directory is touched. */
async function reportAs(io: CliIo, name: string, given: ReportArguments): Promise<ReportModel> {
  const { force, output } = given;
  if (output !== undefined) checkOutput(output, force, [], "--output");
  const { model } = await judge(new RunDirectory(given.run), undefined, false);
  const format = REPORT_FORMATS.find((each) => each.name === name)!;
  const text = await format.render(model);
  if (output === undefined) io.stdout.write(text);
  else writeReport(output, text);
  return model;
}

function writeReport(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    const message = `cannot write ${path}: ${messageOf(cause)}`;
    throw new ShakedownError("OUTPUT_UNWRITABLE", message, {
      hint: "name another file with --output",
      cause,
    });
  }
}

/** All that a run's directory holds is made anew, and what a terminal shows is shown. */
async function reportAll(io: CliIo, run: string): Promise<ReportModel> {
  const directory = new RunDirectory(run);
  const model = await judgeAndReport(directory);
  const width = Math.min(io.stdout.columns ?? 100, 120);
  io.stdout.write(`${renderText(model, { color: wantsColor(io.stdout), width })}\n`);
  for (const line of overrideLines(overridesOf(directory))) io.stdout.write(`\n${line}`);
  io.stdout.write(`\nreport   ${shortPath(directory.file("report.html"))}\n`);
  return model;
}

async function report(io: CliIo, given: ReportArguments): Promise<void> {
  const format = given.json ? "json" : given.format;
  if (given.json && given.format !== undefined && given.format !== "json") {
    throw new ShakedownError(
      "USAGE",
      `--json is --format json, and --format ${given.format} is given`,
    );
  }
  if (given.output !== undefined && format === undefined) {
    throw new ShakedownError("USAGE", "--output needs --format: which report the file is to hold", {
      hint: `one of ${NAMES.join(", ")}`,
    });
  }
  const { result } =
    format === undefined ? await reportAll(io, given.run) : await reportAs(io, format, given);
  if (!given.exitZero) io.exitCode = exitCodeOf(result.decision);
}

export const reportCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("run", { type: "string", demandOption: true, describe: "a run directory" })
      .option("format", {
        choices: NAMES,
        describe: "print this report alone, and leave the run's directory as it is",
      })
      .option("output", {
        alias: "o",
        type: "string",
        describe: "with --format: the file that it is written to",
      })
      .option("force", {
        type: "boolean",
        default: false,
        describe: "replace the file that --output names",
      })
      .option("json", { type: "boolean", default: false, describe: "the same as --format json" })
      .option("exit-zero", {
        type: "boolean",
        default: false,
        describe: "exit 0 whatever the decision",
      })
      .example("$0 report runs/20260101T120000Z-payment-pool-cut-1a2b3c", "no request is sent")
      .example("$0 report runs/20260101T120000Z-shop-1a2b3c --format junit -o junit.xml", "for CI"),
  handler: (given) => report(io, given as unknown as ReportArguments),
});
