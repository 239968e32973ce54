import { existsSync } from "node:fs";
import {
  isByStart,
  type Plan,
  type RegisteredPlan,
  registerPlan,
  type StartSegments,
} from "../experiment/index.ts";
import {
  type CallTable,
  type ConnectionTable,
  type ExchangeTable,
  type ExposureTable,
  type ObservationTable,
  readCalls,
  readConnections,
  readExchanges,
  readObservations,
  readResponses,
  readUsage,
  type ResponseLog,
  type UsageSample,
} from "../measure/index.ts";
import {
  InsideSignals,
  PROCESSES_FILE,
  type ProcessSample,
  readProcesses,
  readTelemetry,
  TELEMETRY_FILE,
} from "../telemetry/index.ts";
import type { Tallies } from "./arm-rows.ts";
import { exposuresOf } from "./exposures.ts";
import { type Manifest, readPlan } from "./manifest.ts";
import { type Observed, observe } from "./observed.ts";
import type { RunDirectory } from "./run-directory.ts";
import { readStartSegments } from "./start-segments.ts";
import { USAGE_FILE } from "./usage.ts";

/** A run's files, opened: small ones are read, tables are to be gone through. */
export interface RunFiles {
  readonly registered: RegisteredPlan;
  readonly manifest: Manifest;
  readonly observations: ObservationTable;
  readonly calls: CallTable | null;
  /** To TCP dependencies; null when there are none. */
  readonly connections: ConnectionTable | null;
  /** What was exchanged on them. */
  readonly exchanges: ExchangeTable | null;
  /** What the arms used; empty where nobody looked. */
  readonly usage: readonly UsageSample[];
  /** Answers that were compared, and whether their logs are whole; null where none were to be. */
  readonly responses: ResponseLog | null;
  /** Of a split: which start went where; null of another design, and where it is missing. */
  readonly exposures: ExposureTable | null;
  /** Of each start, for segments by header and session; null where there are none. */
  readonly starts: StartSegments | null;
  /** What arms told of themselves; null where nobody asked. */
  readonly inside: InsideSignals | null;
  /** What the processes of arms that were started used; empty where nobody looked. */
  readonly processes: readonly ProcessSample[];
}

/** A run's files, with what was seen when the observations were gone through. */
export interface Gathered extends RunFiles {
  readonly tallies: Tallies;
  /** What was seen of the observations, the tallies among it. */
  readonly observed: Observed;
}

function responsesOf(directory: RunDirectory, plan: Plan): ResponseLog | null {
  if (plan.responses === undefined) return null;
  const logs = directory.responseLogs().map(readResponses);
  const whole = logs.length > 0 && logs.every((log) => log.whole);
  return { pairs: logs.flatMap(({ pairs }) => pairs), whole };
}

function insideOf(directory: RunDirectory, manifest: Manifest): InsideSignals | null {
  const path = directory.file(TELEMETRY_FILE);
  if (!existsSync(path)) return null;
  return new InsideSignals(readTelemetry(path), manifest.emulatorLeadNs);
}

/** @throws RUN_INVALID, SPOOL_INVALID */
export function openRun(directory: RunDirectory, manifest: Manifest): RunFiles {
  const registered = readPlan(directory, registerPlan);
  const observations = readObservations(...directory.observationSpools());
  const callSpools = directory.callSpools();
  const calls = callSpools.length === 0 ? null : readCalls(callSpools, manifest.emulatorLeadNs);
  const connections = existsSync(directory.connections)
    ? readConnections(directory.connections, manifest.emulatorLeadNs)
    : null;
  const usagePath = directory.file(USAGE_FILE);
  const processesPath = directory.file(PROCESSES_FILE);
  return {
    registered,
    manifest,
    observations,
    calls,
    connections,
    exchanges: existsSync(directory.exchanges)
      ? readExchanges(directory.exchanges, manifest.emulatorLeadNs)
      : null,
    usage: existsSync(usagePath) ? readUsage(usagePath) : [],
    responses: responsesOf(directory, registered.plan),
    exposures: exposuresOf(directory, registered.plan),
    starts: readStartSegments(directory),
    inside: insideOf(directory, manifest),
    processes: existsSync(processesPath) ? readProcesses(processesPath) : [],
  };
}

/** @throws RUN_INVALID, SPOOL_INVALID */
export function gather(directory: RunDirectory, manifest: Manifest): Gathered {
  const files = openRun(directory, manifest);
  const observed = observe(files.observations, manifest, files.registered.plan);
  return { ...files, tallies: observed.tallies, observed };
}

/** Why a run is not whole; null when it is. */
export function incompleteBecause({
  calls,
  exposures,
  manifest,
  observations,
  registered,
  responses,
  starts,
}: Gathered): string | null {
  if (manifest.ended === null) return "the run was ended before it could finish";
  if (manifest.ended.incompleteBecause !== null) return manifest.ended.incompleteBecause;
  if (calls === null && manifest.dependencies.length > 0) {
    return "the file of emulated calls is missing";
  }
  if (observations.truncated || calls?.truncated === true || exposures?.truncated === true)
    return "an observation file is cut or damaged";
  if (starts === null && registered.plan.segments.some(isByStart)) {
    return "the file of which start is in which segment is missing";
  }
  if (responses?.whole === false) return "a log of compared answers is missing, cut or damaged";
  const { rows } = manifest.ended;
  if (rows.lost > 0) return `${rows.lost} observations could not be written`;
  // Cut exactly between two blocks, a file looks whole.
  const whole = observations.rows === rows.observations && (calls?.rows ?? 0) === rows.calls;
  if (!whole) return "an observation file does not hold what was written to it";
  return null;
}
