import { shortPath } from "./short-path.ts";
import { EXIT, ShakedownError, withoutPasswords } from "../core/index.ts";
import { renderText } from "../report/index.ts";
import { type LoadMaker, type RunOptions, type RunOutcome, runScenario } from "../run/index.ts";
import { tellCi, unheeded } from "./ci-files.ts";
import type { CliIo, Command } from "./command.ts";
import { FLEET_FLAGS, type FleetFlags, fleetOf } from "./fleet-flags.ts";
import { type RevisionFlags, revisionsOf, withRevisionFlags } from "./revision-flags.ts";
import { portOf } from "./live-flags.ts";
import type { LivePage } from "./live-page.ts";
import { runView, type RunView } from "./run-view.ts";
import { version } from "./version.ts";

interface RunArguments extends ShowArguments, RevisionFlags, FleetFlags {
  readonly scenario?: string;
  /** The directory of a fleet's run whose own process is gone. */
  readonly resume?: string;
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
  if (given.resume !== undefined) {
    const { resume } = await import("./resume.ts");
    await resume(io, given.resume, given);
    return;
  }
  if (given.scenario === undefined) {
    throw new ShakedownError("USAGE", "name a scenario, or the run to --resume", {
      hint: "shakedown run --help",
    });
  }
  const fleet = await fleetOf(given);
  await using _fleet = fleet;
  await runAndShow(io, given.scenario, { ...given, ...revisionsOf(given) }, fleet);
}

/** What of a run's command line does not depend on where its scenario comes from. */
export interface ShowArguments extends Pick<RunOptions, "revisions"> {
  readonly out: string;
  readonly seed?: string;
  /** A run that tells how much each metric varies. */
  readonly pilot?: string;
  readonly json: boolean;
  readonly exitZero: boolean;
  readonly otel?: boolean;
  /** The port of a page on loopback that shows it while it goes on; empty for a free one. */
  readonly live?: string;
  /** Neither a banner nor progress, and of the verdict no more than its reason. */
  readonly quiet?: boolean;
  /** For a pipeline: plain lines, and the files that it shows. */
  readonly ci?: boolean;
}

/** With --json the summary has standard output to itself. */
export function viewOf(io: CliIo, { ci = false, json, quiet = false }: ShowArguments): RunView {
  const progress = json ? io.stderr : io.stdout;
  return runView(progress, { color: wantsColor(progress), quiet, plain: ci });
}

/** What stands before the first empty line is the verdict, with its cause. */
const headOf = (text: string): string => `${text.split("\n\n")[0]}\n`;

/** The verdict for people, or for a machine, what a pipeline reads, and the exit code. */
export async function tellOutcome(
  io: CliIo,
  outcome: RunOutcome,
  given: ShowArguments,
): Promise<void> {
  const { directory, exitCode, model, unwritten } = outcome;
  if (given.json) io.stdout.write(`${JSON.stringify(model.result, null, 2)}\n`);
  else showOutcome(io, outcome, given);
  if (given.ci === true) {
    const { env } = process;
    const stream = given.json ? io.stderr : io.stdout;
    await tellCi(model, { out: given.out, run: directory.path, env, stream, stderr: io.stderr });
  }
  if (unwritten !== null) {
    io.stderr.write(`shakedown: ${unwritten.message}\n  ${unwritten.hint ?? ""}\n`);
  }
  const decided = exitCode === EXIT.rollBack || exitCode === EXIT.hold;
  io.exitCode = given.exitZero && decided ? EXIT.ship : exitCode;
}

function showOutcome(io: CliIo, { directory, model }: RunOutcome, given: ShowArguments): void {
  const { ci = false, quiet = false } = given;
  const width = Math.min(io.stdout.columns ?? 100, 120);
  const text = renderText(model, { color: wantsColor(io.stdout) && !ci, width });
  const paths = [
    `report   ${shortPath(directory.file("report.html"))}`,
    `again    shakedown report ${shortPath(directory.path)}`,
  ];
  const whole = quiet ? headOf(text) : `\n${text}\n\n${paths.join("\n")}\n`;
  io.stdout.write(ci ? unheeded(whole, process.env) : whole);
}

/** Its address is told once, here: whoever knows it can stop the run. */
async function livePage(io: CliIo, { json, live }: ShowArguments): Promise<LivePage | null> {
  if (live === undefined) return null;
  const { startLivePage } = await import("./live-page.ts");
  const page = await startLivePage(portOf("--live", live));
  (json ? io.stderr : io.stdout).write(`live     ${page.address}\n`);
  return page;
}

/** Runs a scenario, shows it while it goes on and its verdict after, and sets the exit code. */
export async function runAndShow(
  io: CliIo,
  scenario: RunOptions["scenario"],
  given: ShowArguments,
  maker: LoadMaker | null = null,
): Promise<void> {
  const page = await livePage(io, given);
  await using _page = page;
  const view = viewOf(io, given);
  const command = withoutPasswords(["shakedown", ...process.argv.slice(2)].join(" "));
  const outcome = await runScenario(
    {
      scenario,
      out: given.out,
      version,
      command,
      ...(maker === null ? {} : { maker }),
      onEvent(event) {
        page?.hear(event);
        view.show(event);
      },
      ...(page === null ? {} : { controls: page.controls }),
      ...(given.seed === undefined ? {} : { seed: given.seed }),
      ...(given.otel === undefined ? {} : { otel: given.otel }),
      ...(given.pilot === undefined ? {} : { pilot: given.pilot }),
      ...(given.revisions === undefined ? {} : { revisions: given.revisions }),
    },
    io.signal,
  ).finally(view.end);
  await tellOutcome(io, outcome, given);
}

export const runCommand: Command = (io) => ({
  builder: (yargs) =>
    withRevisionFlags(yargs)
      .positional("scenario", {
        type: "string",
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
      .option("baseline", {
        type: "string",
        describe:
          "a run that tells how much each metric varies: the least effect is then said first",
      })
      .option("quiet", {
        type: "boolean",
        default: false,
        describe: "no progress, and of the verdict no more than its reason and cause",
      })
      .option("ci", {
        type: "boolean",
        default: false,
        describe: "for a pipeline: plain lines; report.md, junit.xml and more beside the run",
      })
      .option("live", {
        type: "string",
        describe:
          "a page on loopback that shows it while it goes on; a port, or none for a free one",
      })
      .options(FLEET_FLAGS)
      .option("resume", {
        type: "string",
        describe:
          "in place of a scenario: the directory of a fleet's run whose own process is gone",
      })
      .conflicts("resume", ["scenario", "seed", "baseline", "live", "workers"])
      .option("exit-zero", {
        type: "boolean",
        default: false,
        describe: "exit 0 on roll back and hold too (for demonstrations)",
      })
      .option("otel", {
        type: "boolean",
        default: false,
        describe: "export the run's own traces and metrics, as the OTEL_* environment says",
      })
      .example("$0 run scenarios/payment-pool.yaml", "watch a pool run dry")
      .example(
        "$0 run shop.yaml --control-ref main --variant-ref HEAD --build 'npm ci'",
        "two commits, side by side",
      )
      .example("$0 run checkout.yaml --out /tmp/runs --json", "for a machine to read"),
  handler: (given) => run(io, { ...given, pilot: given["baseline"] } as unknown as RunArguments),
});
