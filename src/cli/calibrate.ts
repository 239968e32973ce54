import { writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import {
  EXIT,
  formatCount,
  formatRatio,
  formatUs,
  messageOf,
  parseRatio,
  ShakedownError,
} from "../core/index.ts";
import {
  type Calibration,
  judgeCompany,
  MIN_CALIBRATION_RUNS,
  MIN_COMPANY_PAIRS,
} from "../experiment/index.ts";
import { calibrate, type CalibrationRun, type MadeCalibration } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { wantsColor } from "./run.ts";
import { runView } from "./run-view.ts";
import { shortPath } from "./short-path.ts";
import { version } from "./version.ts";

interface CalibrateArguments {
  readonly scenario: string;
  readonly runs: number;
  readonly aloneRuns: number;
  readonly delayRuns: number;
  readonly delay: string;
  readonly validFor: number;
  readonly out: string;
  readonly save?: string;
  readonly json: boolean;
}

function whole(flag: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least && value <= 1_000) return value;
  throw new ShakedownError("USAGE", `--${flag} is a whole number from ${least} to 1000`);
}

function delayOf(text: string): number {
  const share = parseRatio(text);
  if (share > 0 && share <= 10) return share;
  throw new ShakedownError("USAGE", `--delay "${text}" is no delay`, {
    hint: "a share of the control's own time, such as --delay 5%",
  });
}

const signed = (value: number): string => formatRatio(value, { signed: true }).replace("-", "−");

/** `a/a 3: −0.4 % ± 1.9 %, ship`. */
function runLine({ decision, kind, number, primary, truth, why }: CalibrationRun): string {
  const name = `${kind} ${number}`;
  if (primary?.effect === null || primary === null) return `${name}: not judged: ${why}`;
  const { estimate, high, low } = primary.effect;
  const said = `${signed(estimate)} [${signed(low)}, ${signed(high)}]`;
  const meant =
    kind === "delay" ? `, of ${signed(Math.expm1(truth))} put in` : `, ${decision ?? "–"}`;
  return `${name}: ${primary.label} ${said}${meant}`;
}

function aloneRunsOf({ aloneRuns, runs }: CalibrateArguments): number {
  const enough = aloneRuns >= MIN_COMPANY_PAIRS && aloneRuns <= runs;
  if (Number.isInteger(aloneRuns) && (aloneRuns === 0 || enough)) return aloneRuns;
  const most = `--runs (${runs})`;
  throw new ShakedownError(
    "USAGE",
    `--alone-runs ${aloneRuns} is neither 0 nor a whole number from ${MIN_COMPANY_PAIRS} to ${most}`,
    { hint: "each has an A/A run of the same starts beside it" },
  );
}

/** What company does to control; how much is too much says the margin of whoever takes it. */
function companyLines({ alpha, interference, metric }: Calibration): string[] {
  if (interference === null) return [];
  const { estimate, high, low } = judgeCompany(interference, { alpha, margin: 0 });
  return [
    `control beside another one, over control alone: ${metric} ${signed(estimate)} ` +
      `[${signed(low)}, ${signed(high)}] (${interference.pairs.length} pairs of runs)`,
  ];
}

function summaryLines({ calibration, notes }: MadeCalibration): string[] {
  const { alpha, betweenRunSd, betweenRunSdEstimate, expiresAt, faults, host, positive, runs } =
    calibration;
  const alarms = runs.filter(({ decision }) => decision === "roll-back").length;
  const lines = [`${formatCount(runs.length)} whole A/A runs on ${host.description}`];
  if (runs.length >= MIN_CALIBRATION_RUNS) {
    lines.push(
      `  two runs of one build differ by ${formatRatio(betweenRunSdEstimate)} (SD beyond what their blocks say); at most ${formatRatio(betweenRunSd)}, which a plan takes`,
      `  false roll-backs: ${alarms} (alpha/2 = ${formatRatio(alpha / 2)})`,
    );
  }
  if (positive !== null) {
    const { delayUs, recovered, shown } = positive;
    lines.push(
      `${positive.runs.length} runs with ${formatUs(delayUs)} put before one arm: found by ${recovered}, shown as harm by ${shown}`,
    );
  }
  lines.push(...companyLines(calibration), ...notes, ...faults.map((fault) => `✗ ${fault}`));
  lines.push(
    faults.length === 0
      ? `✓ nothing is wrong with the instrument here; good until ${expiresAt.slice(0, 10)}`
      : "no verdict may lean on this calibration: more runs, or a better instrument " +
          "(a quieter machine, more cores, longer stages)",
  );
  return lines;
}

/** Where a scenario's calibration stands unless told: beside it. */
const placeOf = (scenario: string): string =>
  `${scenario.replace(/\.ya?ml$/i, "")}.calibration.json`;

function save(path: string, calibration: Calibration): void {
  try {
    writeFileSync(path, `${JSON.stringify(calibration, null, 2)}\n`);
  } catch (cause) {
    throw new ShakedownError("OUTPUT_UNWRITABLE", `cannot write ${path}: ${messageOf(cause)}`, {
      hint: "name another file with --save",
      cause,
    });
  }
}

async function run(io: CliIo, given: CalibrateArguments): Promise<void> {
  const told = given.json ? io.stderr : io.stdout;
  const view = runView(told, { color: wantsColor(told) });
  const made = await calibrate(
    {
      scenario: given.scenario,
      runs: whole("runs", given.runs, MIN_CALIBRATION_RUNS),
      aloneRuns: aloneRunsOf(given),
      delayRuns: whole("delay-runs", given.delayRuns, 0),
      delayShare: delayOf(given.delay),
      validDays: whole("valid-for", given.validFor, 1),
      out: given.out,
      version,
      command: ["shakedown", ...process.argv.slice(2)].join(" "),
      onEvent: view.show,
      onRun: (each) => void told.write(`${runLine(each)}\n`),
      onAloneRun: ({ level, number, why }) =>
        void told.write(
          `alone ${number}: ${level === null ? `not judged: ${why}` : `control ${formatUs(level)}`}\n`,
        ),
    },
    io.signal,
  ).finally(view.end);
  const path = given.save ?? placeOf(given.scenario);
  const { calibration, stoppedBy } = made;
  // What was stopped before it could tell anything must not replace one that could.
  const tells = stoppedBy === null || calibration.runs.length >= MIN_CALIBRATION_RUNS;
  if (tells) save(path, calibration);
  if (given.json) io.stdout.write(`${JSON.stringify(calibration, null, 2)}\n`);
  else {
    const named = relative(dirname(given.scenario), path);
    io.stdout.write(`\n${summaryLines(made).join("\n")}\n`);
    if (tells) io.stdout.write(`\nwritten  ${shortPath(path)}\n`);
    if (calibration.faults.length === 0) {
      io.stdout.write(`use it   design: { calibration: ${named} }\n`);
    }
  }
  if (calibration.faults.length > 0) io.exitCode = EXIT.hold;
  if (stoppedBy !== null) io.exitCode = stoppedBy.exitCode;
}

export const calibrateCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("scenario", {
        type: "string",
        demandOption: true,
        describe: "a scenario file (YAML)",
      })
      .option("runs", {
        type: "number",
        default: 20,
        describe: "A/A runs, each of the whole scenario",
      })
      .option("alone-runs", {
        type: "number",
        default: 5,
        describe: "of these, so many with a run of control alone beside them; 0 for none",
      })
      .option("delay-runs", {
        type: "number",
        default: 10,
        describe: "then so many with a known delay before one arm; 0 for none",
      })
      .option("delay", {
        type: "string",
        default: "5%",
        describe: "that delay, as a share of the control's primary quantile",
      })
      .option("valid-for", { type: "number", default: 30, describe: "days until it expires" })
      .option("out", {
        type: "string",
        default: "runs",
        describe: "where the runs' directories are made",
      })
      .option("save", {
        type: "string",
        describe: "the calibration's file; <scenario>.calibration.json unless given",
      })
      .option("json", {
        type: "boolean",
        default: false,
        describe: "print the calibration; progress goes to standard error",
      })
      .example(
        "$0 calibrate scenarios/aa.yaml --runs 20",
        "before the first verdict on a new host",
      ),
  handler: (given) => run(io, given as unknown as CalibrateArguments),
});
