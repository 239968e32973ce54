import { PACINGS } from "../core/index.ts";
import { TRANSPORTS } from "../replay/index.ts";
import { renderSaturationText, saturationJson, saturationStepLine } from "../report/index.ts";
import { saturate, type SaturateFlags } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { READING_FLAGS, type ReadingArguments, readingOf } from "./reading-flags.ts";
import { wantsColor } from "./run.ts";
import { shortPath } from "./short-path.ts";
import {
  checkNumbers,
  SHARED_TARGET_FLAGS,
  type SharedTargetArguments,
  targetFlagsOf,
  workersNumber,
} from "./target-flags.ts";
import { version } from "./version.ts";

interface SaturateArguments
  extends SharedTargetArguments, ReadingArguments, Omit<SaturateFlags, "headers" | "tls"> {
  readonly out: string;
  readonly json: boolean;
}

async function findKnee(io: CliIo, given: SaturateArguments): Promise<void> {
  // With --json the result has standard output to itself.
  const progress = given.json ? io.stderr : io.stdout;
  const { maxInFlight, runs } = given;
  const workers = workersNumber(given.workers);
  checkNumbers({ runs, "max-in-flight": maxInFlight, workers });
  const { directory, exitCode, saturation } = await saturate(
    {
      flags: { ...given, ...targetFlagsOf(given) },
      reading: readingOf(io, given),
      out: given.out,
      version,
      command: ["shakedown", ...process.argv.slice(2)].join(" "),
      onEvent: (event) => {
        const line =
          event.kind === "note" ? event.text : saturationStepLine(event.step, wantsColor(progress));
        progress.write(`${line}\n`);
      },
    },
    io.signal,
  );
  if (given.json) io.stdout.write(saturationJson(saturation));
  else {
    io.stdout.write(`\n${renderSaturationText(saturation, { color: wantsColor(io.stdout) })}`);
    io.stdout.write(`\nreport   ${shortPath(directory.file("saturate.html"))}\n`);
  }
  io.exitCode = exitCode;
}

const TARGET_FLAGS = {
  target: {
    type: "string",
    demandOption: true,
    describe: "what is loaded until it no longer keeps up: http://127.0.0.1:8080",
  },
  control: { type: "string", describe: "a second target, of the build you trust: both, compared" },
  ...SHARED_TARGET_FLAGS,
} as const;

const SEARCH_FLAGS = {
  p99: {
    type: "string",
    describe: "the highest p99 response time that is well: 50ms (10 × that of a light load)",
  },
  step: { type: "string", default: "5s", describe: "how long each rate is held" },
  precision: { type: "string", default: "5%", describe: "how closely the knee is found" },
  "max-rate": { type: "string", default: "100000/s", describe: "never send more than this" },
  runs: { type: "number", describe: "search so many times, for an interval (1; with --control 3)" },
  margin: {
    type: "string",
    default: "10%",
    describe: "with --control: exit 1 when the knee is shown to be lower by more than this",
  },
  arrivals: { choices: ["poisson", "uniform"], default: "poisson" },
} as const;

const GENERATOR_FLAGS = {
  "max-in-flight": {
    type: "number",
    describe: "requests in flight, above which starts are dropped and counted (2000)",
  },
  timeout: { type: "string", default: "10s", describe: "when a request is given up" },
  workers: { type: "string", describe: "threads that send (as many as needed unless given)" },
  transport: { choices: ["auto", ...Object.keys(TRANSPORTS)], default: "auto" },
  pacing: { choices: ["auto", ...PACINGS], default: "auto" },
  seed: { type: "string", describe: "other seed, other arrivals" },
} as const;

const RESULT_FLAGS = {
  out: { type: "string", default: "runs", describe: "where the run's directory is made" },
  json: {
    type: "boolean",
    default: false,
    describe: "print saturate.json; progress goes to standard error",
  },
} as const;

export const saturateCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("profile", {
        type: "string",
        demandOption: true,
        describe:
          "a profile, or a capture as it is (GoReplay, HAR, access log); - for standard input",
      })
      .options(TARGET_FLAGS)
      .options(READING_FLAGS)
      .options(SEARCH_FLAGS)
      .options(GENERATOR_FLAGS)
      .options(RESULT_FLAGS)
      .group(Object.keys(TARGET_FLAGS), "Targets:")
      .group(Object.keys(READING_FLAGS), "Capture:")
      .group(Object.keys(SEARCH_FLAGS), "Search:")
      .group(Object.keys(GENERATOR_FLAGS), "Generator:")
      .group(Object.keys(RESULT_FLAGS), "Result:")
      .example("$0 saturate day.ndjson.zst --target http://127.0.0.1:8080 --p99 50ms", "one knee")
      .example(
        "$0 saturate day.ndjson.zst --target http://new:8080 --control http://old:8080",
        "has the knee moved?",
      ),
  handler: (given) => findKnee(io, given as unknown as SaturateArguments),
});
