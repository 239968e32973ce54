import { EXIT } from "../core/index.ts";
import { renderText } from "../report/index.ts";
import { judgeAndReport, overridesOf, RunDirectory } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { overrideLines } from "./override.ts";
import { wantsColor } from "./run.ts";
import { shortPath } from "./short-path.ts";

async function report(
  io: CliIo,
  given: { run: string; json: boolean; exitZero: boolean },
): Promise<void> {
  const directory = new RunDirectory(given.run);
  const model = await judgeAndReport(directory);
  if (given.json) io.stdout.write(`${JSON.stringify(model.result, null, 2)}\n`);
  else {
    const width = Math.min(io.stdout.columns ?? 100, 120);
    io.stdout.write(`${renderText(model, { color: wantsColor(io.stdout), width })}\n`);
    for (const line of overrideLines(overridesOf(directory))) io.stdout.write(`\n${line}`);
    io.stdout.write(`\nreport   ${shortPath(directory.file("report.html"))}\n`);
  }
  const { decision } = model.result;
  const codes = { ship: EXIT.ship, hold: EXIT.hold, "roll-back": EXIT.rollBack };
  const code = decision === null ? EXIT.ship : codes[decision];
  io.exitCode = given.exitZero ? EXIT.ship : code;
}

export const reportCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("run", { type: "string", demandOption: true, describe: "a run directory" })
      .option("json", { type: "boolean", default: false, describe: "print result.json" })
      .option("exit-zero", {
        type: "boolean",
        default: false,
        describe: "exit 0 whatever the decision",
      })
      .example("$0 report runs/20260101T120000Z-payment-pool-cut-1a2b3c", "no request is sent"),
  handler: (given) => report(io, given as unknown as Parameters<typeof report>[1]),
});
