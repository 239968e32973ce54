import { writeFileSync } from "node:fs";
import { messageOf, ShakedownError } from "../core/index.ts";
import { playbookMarkdown } from "../report/index.ts";
import { readPlaybook } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { checkOutput } from "./output-file.ts";
import { shortPath } from "./short-path.ts";

interface PlaybookArguments {
  readonly folder: string;
  readonly out?: string;
  readonly force: boolean;
}

async function playbook(io: CliIo, { folder, force, out }: PlaybookArguments): Promise<void> {
  if (out !== undefined) checkOutput(out, force);
  const model = await readPlaybook(folder);
  const text = playbookMarkdown(model);
  if (out === undefined) {
    io.stdout.write(text);
    return;
  }
  try {
    writeFileSync(out, text);
  } catch (cause) {
    const message = `cannot write ${out}: ${messageOf(cause)}`;
    throw new ShakedownError("OUTPUT_UNWRITABLE", message, { cause });
  }
  const unread = model.unread.length === 0 ? "" : `, ${model.unread.length} not read`;
  io.stdout.write(`${model.runs.length} runs${unread}, into ${shortPath(out)}\n`);
}

export const playbookCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("folder", { type: "string", demandOption: true, describe: "a folder of runs" })
      .option("out", { alias: "o", type: "string", describe: "a file, instead of standard output" })
      .option("force", { type: "boolean", default: false, describe: "replace the file" })
      .example("$0 playbook runs -o playbook.md", "what was tried, decided and seen"),
  handler: (given) => playbook(io, given as unknown as PlaybookArguments),
});
