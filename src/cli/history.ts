import { writeFileSync } from "node:fs";
import { messageOf, ShakedownError } from "../core/index.ts";
import { HISTORY_FORMATS, historyText } from "../report/index.ts";
import { readHistory } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { checkOutput } from "./output-file.ts";
import { wantsColor } from "./run.ts";
import { shortPath } from "./short-path.ts";
import { version } from "./version.ts";

interface HistoryArguments {
  readonly folder: string;
  readonly format?: string;
  readonly output?: string;
  readonly force: boolean;
  readonly json: boolean;
}

async function history(
  io: CliIo,
  { folder, force, format, json, output }: HistoryArguments,
): Promise<void> {
  if (json && format !== undefined && format !== "json") {
    const message = `--json is --format json, and --format ${format} is given`;
    throw new ShakedownError("USAGE", message);
  }
  if (output !== undefined) checkOutput(output, force, [], "--output");
  const read = await readHistory(folder, version);
  const name = json ? "json" : format;
  if (output === undefined && name === undefined) {
    const width = Math.min(io.stdout.columns ?? 100, 120);
    io.stdout.write(historyText(read, { color: wantsColor(io.stdout), width }));
    return;
  }
  const text = HISTORY_FORMATS[name ?? "text"]!(read);
  if (output === undefined) {
    io.stdout.write(text);
    return;
  }
  try {
    writeFileSync(output, text);
  } catch (cause) {
    const message = `cannot write ${output}: ${messageOf(cause)}`;
    throw new ShakedownError("OUTPUT_UNWRITABLE", message, { cause });
  }
  const unread = read.unread.length === 0 ? "" : `, ${read.unread.length} not read`;
  io.stdout.write(`${read.runs.length} runs${unread}, into ${shortPath(output)}\n`);
}

export const historyCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("folder", { type: "string", demandOption: true, describe: "a folder of runs" })
      .option("format", { choices: Object.keys(HISTORY_FORMATS), describe: "text unless given" })
      .option("output", { alias: "o", type: "string", describe: "a file, instead of the terminal" })
      .option("force", { type: "boolean", default: false, describe: "replace that file" })
      .option("json", { type: "boolean", default: false, describe: "the same as --format json" })
      .example("$0 history runs", "what changed, the newest first")
      .example("$0 history runs --format html -o history.html", "as a page"),
  handler: (given) => history(io, given as unknown as HistoryArguments),
});
