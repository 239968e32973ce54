import { writeFileSync } from "node:fs";
import type { Argv } from "yargs";
import { messageOf, parseRatio, ShakedownError } from "../core/index.ts";
import { APART_FORMATS, type ApartReport, apartText } from "../report/index.ts";
import { measureRun, type NamedRun, type NoiseFlags, RunDirectory } from "../run/index.ts";
import type { CliIo } from "./command.ts";
import { checkOutput } from "./output-file.ts";
import { wantsColor } from "./run.ts";

/** Where a comparison goes, and as what. */
export interface CompareOutput {
  readonly format?: string;
  readonly output?: string;
  readonly force: boolean;
  readonly json: boolean;
}

export interface NoiseArguments {
  readonly betweenRunSd?: string;
  readonly betweenHostSd?: string;
}

export const withCompareFlags = (yargs: Argv): Argv =>
  yargs
    .option("between-run-sd", {
      type: "string",
      describe: "how much two runs of one build differ (SD of one, e.g. 2%), where you know",
    })
    .option("between-host-sd", {
      type: "string",
      describe: "and two hosts, where the runs were on different ones",
    })
    .option("format", {
      choices: Object.keys(APART_FORMATS),
      describe: "text unless given",
    })
    .option("output", { alias: "o", type: "string", describe: "a file, instead of the terminal" })
    .option("force", { type: "boolean", default: false, describe: "replace that file" })
    .option("json", { type: "boolean", default: false, describe: "the same as --format json" });

function sdOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const share = parseRatio(text);
  if (share > 0 && share <= 1) return share;
  throw new ShakedownError("USAGE", `${flag} ${text} is no standard deviation`, {
    hint: `a share above 0, such as ${flag} 2%`,
  });
}

/** @throws USAGE */
export function noiseOf({ betweenHostSd, betweenRunSd }: NoiseArguments): NoiseFlags {
  const runSd = sdOf("--between-run-sd", betweenRunSd);
  const hostSd = sdOf("--between-host-sd", betweenHostSd);
  return {
    ...(runSd === undefined ? {} : { runSd }),
    ...(hostSd === undefined ? {} : { hostSd }),
  };
}

/** Looks, before anything is read, whether the output can be written. @throws USAGE, OUTPUT_UNWRITABLE */
export function checkCompareOutput({ force, format, json, output }: CompareOutput): void {
  if (json && format !== undefined && format !== "json") {
    const message = `--json is --format json, and --format ${format} is given`;
    throw new ShakedownError("USAGE", message);
  }
  if (output !== undefined) checkOutput(output, force, [], "--output");
}

/** @throws OUTPUT_UNWRITABLE */
export function putComparison(io: CliIo, report: ApartReport, given: CompareOutput): void {
  const format = given.json ? "json" : given.format;
  if (given.output === undefined && format === undefined) {
    const width = Math.min(io.stdout.columns ?? 100, 120);
    io.stdout.write(apartText(report, { color: wantsColor(io.stdout), width }));
    return;
  }
  const text = APART_FORMATS[format ?? "text"]!(report);
  if (given.output === undefined) {
    io.stdout.write(text);
    return;
  }
  try {
    writeFileSync(given.output, text);
  } catch (cause) {
    const message = `cannot write ${given.output}: ${messageOf(cause)}`;
    throw new ShakedownError("OUTPUT_UNWRITABLE", message, { cause });
  }
}

/** A run that was named on the command line, measured. */
export const namedRun = async (path: string): Promise<NamedRun> => ({
  name: path,
  ...(await measureRun(new RunDirectory(path))),
});
