import { formatDurationNs } from "../core/index.ts";
import { COURSES, type ProbeCourse, type ProbeFlags, probeScenario } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { runAndShow, type ShowArguments } from "./run.ts";

type ProbeArguments = ProbeFlags & Omit<ShowArguments, "exitZero">;

/** Said before anything starts, since a course takes minutes. */
function beforehand({ cold, dependencies, durationNs, errorless, stages }: ProbeCourse): string {
  const real =
    errorless.length === 0
      ? ""
      : `left out  errors of ${errorless.join(", ")}: really there, behind a proxy of TCP\n`;
  const warm =
    cold === "no flush"
      ? "left out  cold cache: the scenario does not say how caches are emptied (flushCaches)\n"
      : "";
  const probed = [...dependencies, ...(cold === "probed" ? ["cold cache"] : [])].join(", ");
  return (
    `course   ${probed}: ${stages} stages, ${formatDurationNs(durationNs)} of traffic\n` +
    real +
    warm
  );
}

async function probe(io: CliIo, given: ProbeArguments): Promise<void> {
  const course = probeScenario(given);
  // With --json the result has standard output to itself.
  (given.json ? io.stderr : io.stdout).write(beforehand(course));
  await runAndShow(io, course.loaded, { ...given, exitZero: false });
}

const COURSE_FLAGS = {
  course: {
    choices: COURSES,
    default: "full",
    describe:
      "full: latency x2, x4, x8, errors 10 to 100 %, hang, outage, for each dependency, a cold cache " +
      "(flushCaches), and the load up and down; quick: the ends of these, and no ramps",
  },
  only: {
    type: "string",
    array: true,
    nargs: 1,
    default: [] as string[],
    describe:
      "payments, or payments:latency (errors, hang, outage), or cold; no ramps then (repeatable)",
  },
  stage: { type: "string", default: "5s", describe: "how long each probe lasts" },
  rate: { type: "string", default: "50%", describe: "of the scenario's rate, or 60/s" },
  seed: { type: "string", describe: "replaces the scenario's seed: other arrivals, other luck" },
} as const;

const RESULT_FLAGS = {
  out: { type: "string", default: "runs", describe: "where the run's directory is made" },
  json: {
    type: "boolean",
    default: false,
    describe: "print result.json; progress goes to standard error",
  },
} as const;

export const probeCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("scenario", {
        type: "string",
        demandOption: true,
        describe: "a scenario file (YAML); its stages and its hypothesis are left out",
      })
      .options(COURSE_FLAGS)
      .options(RESULT_FLAGS)
      .group(Object.keys(COURSE_FLAGS), "Course:")
      .group(Object.keys(RESULT_FLAGS), "Result:")
      .example("$0 probe scenarios/payment-pool.yaml", "how it stands trouble of every kind")
      .example(
        "$0 probe checkout.yaml --only payments:latency --stage 20s",
        "one thing, for longer",
      ),
  handler: (given) => probe(io, given as unknown as ProbeArguments),
});
