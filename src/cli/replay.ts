import { PACINGS, ShakedownError } from "../core/index.ts";
import { TRANSPORTS } from "../replay/index.ts";
import { type ReplayFlags, replayScenario } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { FLEET_FLAGS, type FleetFlags, fleetOf } from "./fleet-flags.ts";
import { READING_FLAGS, type ReadingArguments, readingOf } from "./reading-flags.ts";
import { runAndShow, type ShowArguments, viewOf } from "./run.ts";
import {
  checkNumbers,
  SHARED_TARGET_FLAGS,
  type SharedTargetArguments,
  targetFlagsOf,
  workersNumber,
} from "./target-flags.ts";

interface ReplayArguments
  extends
    ShowArguments,
    SharedTargetArguments,
    ReadingArguments,
    Omit<ReplayFlags, "headers" | "filter" | "rekey" | "tls"> {
  readonly rekey: unknown;
  /** The URL of a Redis. */
  readonly fleet?: string;
  readonly filter: readonly string[];
}

const FILTERS = ["method", "route", "status"] as const;

/** `method=GET`, `route=GET /products/*`, `status=2xx`, each as often as wanted. */
function filterOf(texts: readonly string[]): ReplayFlags["filter"] {
  const lists: Record<(typeof FILTERS)[number], string[]> = { method: [], route: [], status: [] };
  for (const text of texts) {
    const [, field, value] = /^(\w+)=(.+)$/.exec(text) ?? [];
    const known = FILTERS.find((name) => name === field);
    if (known === undefined || value === undefined) {
      throw new ShakedownError("USAGE", `--filter "${text}" is not a filter`, {
        hint: "write method=GET, route='GET /products/*' or status=2xx",
      });
    }
    // A route may have a comma in it.
    lists[known].push(...(known === "route" ? [value] : value.split(",")));
  }
  return Object.fromEntries(Object.entries(lists).filter(([, values]) => values.length > 0));
}

async function replay(io: CliIo, given: ReplayArguments): Promise<void> {
  const { connections, maxInFlight, speed } = given;
  const workers = workersNumber(given.workers);
  checkNumbers({ speed, connections, "max-in-flight": maxInFlight, workers });
  const fleet = given.fleet === undefined ? null : await fleetOf(fleetFlags(given.fleet, workers));
  await using _fleet = fleet;
  const rekey = onOrOff(given.rekey);
  const own = { ...given, ...targetFlagsOf(given), rekey, filter: filterOf(given.filter) };
  // A fleet's are machines: how many threads each has is theirs.
  const flags = fleet === null ? own : { ...own, workers: "auto" };
  const reading = readingOf(io, given);
  const { end, show } = viewOf(io, given);
  const scenario = await replayScenario(flags, io.signal, { reading, onEvent: show }).finally(end);
  await runAndShow(io, scenario, given, fleet);
}

const fleetFlags = (fleet: string, workers: number | undefined): FleetFlags =>
  workers === undefined ? { fleet } : { fleet, workers };

/** `on`, `off`, or `--no-…`. */
function onOrOff(value: unknown): boolean {
  if (value === false || value === "off") return false;
  if (value === "on" || value === "") return true;
  throw new ShakedownError("USAGE", `--rekey "${String(value)}" is neither on nor off`);
}

const LOAD_FLAGS = {
  rate: {
    type: "string",
    describe: "500/s, 30000/m, 0.2/s, or so many times the captured rate: 2x (1x unless given)",
  },
  arrivals: {
    type: "string",
    describe:
      "recorded (unless given), uniform, poisson, burst[:ratio=5,share=10%,mean=2s], " +
      "sinusoid[:amplitude=50%,period=60s]",
  },
  speed: { type: "number", describe: "recorded arrivals, so many times as fast: 2, 0.5" },
  duration: { type: "string", describe: "30s, 10m (as long as the capture unless given)" },
  ramp: { type: "string", describe: "rise to the rate over this time first: 30s" },
  loop: {
    type: "boolean",
    default: false,
    describe: "begin the capture anew when it is over, until --duration",
  },
  rekey: {
    type: "string",
    default: "on",
    describe:
      "on: clones of a capture that is scaled up get keys of their own; off (--no-rekey): the same",
  },
  filter: {
    type: "string",
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: "keep some records: method=GET, route='GET /products/*', status=2xx (repeatable)",
  },
  sample: { type: "string", describe: "keep a share of the records: 10%" },
  by: {
    choices: ["request", "session"],
    describe: "what --sample draws (requests unless given)",
  },
} as const;

const TARGET_FLAGS = {
  target: {
    type: "string",
    demandOption: true,
    describe: "where the requests go: http://127.0.0.1:8080",
  },
  control: {
    type: "string",
    describe: "a second target, of the build you trust: the same requests, compared",
  },
  substitute: {
    type: "string",
    array: true,
    nargs: 1,
    default: [] as string[],
    describe:
      "put what the target issues in place of what was captured: " +
      "'response.json(token) -> request.header(authorization)' (repeatable)",
  },
  http2: { type: "boolean", default: false, describe: "speak HTTP/2" },
  ...SHARED_TARGET_FLAGS,
} as const;

const GENERATOR_FLAGS = {
  connections: { type: "number", describe: "that may be open to a target" },
  "keep-connections": {
    type: "boolean",
    default: false,
    describe: "requests of one captured session, or connection, keep their connection and order",
  },
  "max-in-flight": {
    type: "number",
    describe: "requests in flight, above which starts are dropped and counted (2000)",
  },
  fleet: FLEET_FLAGS.fleet,
  workers: {
    type: "string",
    describe:
      "threads that send (as many as needed unless given); with --fleet: workers (1 unless given)",
  },
  transport: { choices: ["auto", ...Object.keys(TRANSPORTS)], default: "auto" },
  pacing: {
    choices: ["auto", ...PACINGS],
    default: "auto",
    describe: "spin is exact and takes a core; alarm is within 0.3 ms; timer is off by 1 ms",
  },
  timeout: { type: "string", describe: "when a request is given up (10s)" },
  "body-limit": { type: "string", describe: "of one response (256 MiB)" },
  seed: { type: "string", describe: "other seed, other arrivals" },
} as const;

const VERDICT_FLAGS = {
  metric: {
    type: "string",
    describe: "with --control: what must not get worse (response_time_p99 unless given)",
  },
  margin: { type: "string", describe: "with --control: by as much as this (10% unless given)" },
  "between-run-sd": {
    type: "string",
    describe: "with --control: how much two runs of one build differ: widens intervals",
  },
  calibration: {
    type: "string",
    describe: "with --control: what `shakedown calibrate` wrote; without it one run never ships",
  },
  out: { type: "string", default: "runs", describe: "where the run's directory is made" },
  json: {
    type: "boolean",
    default: false,
    describe: "print result.json; progress goes to standard error",
  },
  "exit-zero": {
    type: "boolean",
    default: false,
    describe: "exit 0 on roll back and hold too",
  },
} as const;

export const replayCommand: Command = (io) => ({
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
      .options(LOAD_FLAGS)
      .options(GENERATOR_FLAGS)
      .options(VERDICT_FLAGS)
      .group(Object.keys(TARGET_FLAGS), "Targets:")
      .group(Object.keys(READING_FLAGS), "Capture:")
      .group(Object.keys(LOAD_FLAGS), "Load:")
      .group(Object.keys(GENERATOR_FLAGS), "Generator:")
      .group(Object.keys(VERDICT_FLAGS), "Result:")
      .example("$0 replay yesterday.gor --target http://staging:8080 --speed 2", "twice as fast")
      .example("zcat day*.log.gz | $0 replay - --target http://127.0.0.1:8080", "standard input")
      .example(
        "$0 replay day.ndjson.zst --target http://127.0.0.1:8080 --rate 10x --duration 5m --loop",
        "ten times the load, with ten times the users",
      )
      .example(
        "$0 replay day.ndjson.zst --target http://new:8080 --control http://old:8080 --rate 200/s --arrivals poisson",
        "two builds, compared",
      ),
  handler: (given) => replay(io, given as unknown as ReplayArguments),
});
