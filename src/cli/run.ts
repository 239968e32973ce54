import { shortPath } from "./short-path.ts";
import { EXIT } from "../core/index.ts";
import { renderText } from "../report/index.ts";
import { type RunOptions, runScenario } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { runView, type RunView } from "./run-view.ts";
import { version } from "./version.ts";

interface RunArguments extends ShowArguments {
  readonly scenario: string;
}

/** Colours for people only: a terminal, and no wish against it (no-color.org). */
export function wantsColor(stream: CliIo["stdout"]): boolean {
  return (
    stream.isTTY === true &&
    (process.env["NO_COLOR"] ?? "") === "" &&
    process.env["TERM"] !== "dumb"
  );
}

async function run(io: CliIo, given: RunArguments): Promise<void> {
  await runAndShow(io, given.scenario, given);
}

/** What of a run's command line does not depend on where its scenario comes from. */
export interface ShowArguments {
  readonly out: string;
  readonly seed?: string;
  readonly json: boolean;
  readonly exitZero: boolean;
}

/** With --json the summary has standard output to itself. */
export function viewOf(io: CliIo, { json }: ShowArguments): RunView {
  const progress = json ? io.stderr : io.stdout;
  return runView(progress, { color: wantsColor(progress) });
}

/** Runs a scenario, shows it while it goes on and its verdict after, and sets the exit code. */
export async function runAndShow(
  io: CliIo,
  scenario: RunOptions["scenario"],
  given: ShowArguments,
): Promise<void> {
  const view = viewOf(io, given);
  const command = ["shakedown", ...process.argv.slice(2)].join(" ");
  const { directory, exitCode, model, unwritten } = await runScenario(
    {
      scenario,
      out: given.out,
      version,
      command,
      onEvent: view.show,
      ...(given.seed === undefined ? {} : { seed: given.seed }),
    },
    io.signal,
  ).finally(view.end);
  if (given.json) io.stdout.write(`${JSON.stringify(model.result, null, 2)}\n`);
  else {
    const width = Math.min(io.stdout.columns ?? 100, 120);
    io.stdout.write(`\n${renderText(model, { color: wantsColor(io.stdout), width })}\n`);
    io.stdout.write(`\nreport   ${shortPath(directory.file("report.html"))}\n`);
    io.stdout.write(`again    shakedown report ${shortPath(directory.path)}\n`);
  }
  if (unwritten !== null) {
    io.stderr.write(`shakedown: ${unwritten.message}\n  ${unwritten.hint ?? ""}\n`);
  }
  const decided = exitCode === EXIT.rollBack || exitCode === EXIT.hold;
  io.exitCode = given.exitZero && decided ? EXIT.ship : exitCode;
}

export const runCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("scenario", {
        type: "string",
        demandOption: true,
        describe: "a scenario file (YAML)",
      })
      .option("out", {
        type: "string",
        default: "runs",
        describe: "where the run's directory is made",
      })
      .option("seed", {
        type: "string",
        describe: "replaces the scenario's seed: other arrivals, other luck",
      })
      .option("json", {
        type: "boolean",
        default: false,
        describe: "print result.json; progress goes to standard error",
      })
      .option("exit-zero", {
        type: "boolean",
        default: false,
        describe: "exit 0 on roll back and hold too (for demonstrations)",
      })
      .example("$0 run scenarios/payment-pool.yaml", "watch a pool run dry")
      .example("$0 run checkout.yaml --out /tmp/runs --json", "for a machine to read"),
  handler: (given) => run(io, given as unknown as RunArguments),
});
