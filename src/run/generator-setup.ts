import { availableParallelism } from "node:os";
import {
  formatCount,
  formatDurationNs,
  formatRatePerSec,
  mayGoFirst,
  ShakedownError,
} from "../core/index.ts";
import { type Plan, refusalsFail, targetsOf } from "../experiment/index.ts";
import type { StoredProfile } from "../profile/index.ts";
import {
  choosePacing,
  chooseWorkers,
  type GeneratorArm,
  type GeneratorJob,
  goesFirst,
  type LookedAt,
  NOTHING_LOOKED_AT,
  TRANSPORT_LIMITS,
  type TransportName,
  type TransportTarget,
  unknownRoutes,
} from "../replay/index.ts";
import { arrivalsLabel } from "../schedule/index.ts";
import { connectionsPerArm } from "./descriptors.ts";
import type { LoadMaker } from "./load-maker.ts";
import type { LoadedScenario } from "./load-scenario.ts";
import type { Manifest } from "./manifest.ts";
import {
  assignedStarts,
  assignmentLabel,
  assignmentWarnings,
  keysOfSplit,
  stagesOfOneArm,
} from "./assigned-starts.ts";
import { expectFewKeys } from "./expected-keys.ts";
import { captureFacts, copiesOf, stageArrivals } from "./plan-load.ts";
import type { RunDirectory } from "./run-directory.ts";
import type { Scenario, ScenarioArm } from "./scenario/index.ts";
import { recordSegments, type RecordSegments } from "./start-segments.ts";
import type { Target } from "./target.ts";

/** An arm, as far as whoever sends to it needs to know it. */
export type Aim = Pick<Target, "address" | "arm" | "headers">;

/** How a run's load will be made: decided before anything is started. */
export interface GeneratorSetup {
  /** For people: arrivals, pacing, workers, connections. */
  readonly label: string;
  readonly warnings: readonly string[];
  /** Threads that send. */
  readonly workers: number;
  /** In which of the plan's segments each record is; null where routes alone tell. */
  readonly segments: RecordSegments | null;
  jobFor(targets: readonly Aim[], directory: RunDirectory, runId: string): GeneratorJob;
  /** The arms of such a job. */
  armsAt(targets: readonly Aim[]): readonly GeneratorArm[];
  describe(job: GeneratorJob): Manifest["generator"];
}

/** Beyond this, nothing of a capture's rhythm is left, and its clones take long to make. */
const COPIES_MAX = 1_000;
const LOOPBACK = /^(?:127\.|::1$|localhost$)/;

/** What other machines have to spare is theirs to know. */
const ELSEWHERE = { cores: Number.POSITIVE_INFINITY, neighbours: 0 };
const PACING_ELSEWHERE = { pacing: "alarm", label: "alarm: in a fleet" } as const;

/** Whether an arm will take a core of this machine. */
function isNeighbour(arm: ScenarioArm): boolean {
  return "command" in arm || LOOPBACK.test(new URL(arm.url).hostname.replaceAll(/^\[|\]$/g, ""));
}

/** The lean transport wherever it can be used: plain HTTP/1.1. */
function transportFor(wanted: Scenario["transport"], target: TransportTarget): TransportName {
  if (wanted !== "auto") return wanted;
  return target.tls === null && !target.http2 ? "wire" : "undici";
}

function warningsOf(
  scenario: Scenario,
  profile: StoredProfile,
  chosen: { readonly copies: number; readonly connectionsMax: number },
): string[] {
  const { connections, inFlightMax, keepConnections, rekey, substitute } = scenario;
  const { connectionsMax, copies } = chosen;
  const warnings: string[] = [];
  if (connections === undefined && connectionsMax < inFlightMax) {
    warnings.push(
      `only ${formatCount(connectionsMax)} connections to each arm fit into the files that may be open (ulimit -n), where ${formatCount(inFlightMax)} requests may be in flight`,
    );
  }
  if (copies > 1 && !rekey) {
    warnings.push(
      `the capture is superposed ${copies} times with the same keys (rekey off): caches will look better than with as many more users`,
    );
  }
  const { hasSessions } = profile.records;
  if (!hasSessions && keepConnections)
    warnings.push("the profile knows no sessions and no connections: there are none to keep");
  if (!hasSessions && substitute.length > 0)
    warnings.push("the profile knows no sessions: nothing that the target issues can be put back");
  return warnings;
}

/** A target may refuse pseudonyms where it wants secrets. */
function replaced(count: number): string[] {
  if (count === 0) return [];
  return [
    `${formatCount(count)} secrets of the capture are sent as pseudonyms (--no-redact sends them as captured)`,
  ];
}

/** Stages that end before they were to, with a capture that does not begin anew. */
function shortened({ stages }: Scenario, plan: Plan): string[] {
  return plan.stages.flatMap(({ endNs, name, startNs }, index) => {
    const wantedNs = stages[index]?.for ?? 0;
    const lastsNs = endNs - startNs;
    if (lastsNs >= wantedNs) return [];
    return [
      `stage ${name} ends with the capture, after ${formatDurationNs(lastsNs)} of ${formatDurationNs(wantedNs)}: loop begins it anew`,
    ];
  });
}

/** What is compared is looked at while the run goes on: the judged time. */
function lookedAt(plan: Plan): LookedAt {
  if (plan.primary === null) return NOTHING_LOOKED_AT;
  const windows = plan.stages.flatMap(({ blockNs, endNs, judgedFromNs, periods }, stage) =>
    judgedFromNs === null
      ? []
      : [{ stage, fromNs: judgedFromNs, toNs: endNs, blockNs, ...(periods && { periods }) }],
  );
  const refusals = refusalsFail(plan) ? { refusalsFail: true as const } : {};
  return { windows, targetsNs: targetsOf(plan), ...refusals };
}

function comparedResponses(
  { responses }: Plan,
  directory: RunDirectory,
  workers: number,
): Pick<GeneratorJob, "responses"> {
  if (responses === undefined) return {};
  const paths = Array.from({ length: workers }, (_, worker) => directory.responses(worker));
  return { responses: { ...responses, paths } };
}

/**
 * Chooses pacing, workers and connections for a plan. `replacedCount`: secrets of a raw capture
 * that were replaced when it was read. `maker`: who sends the load, where that is not this process.
 * @throws USAGE when more connections are asked for than there may be open files, or more copies of
 * the capture than make sense
 * @throws SCENARIO_INVALID when a rule learns from a route that the profile does not have, or a
 * segment is of requests that it does not have
 */
export function setUpGenerator(
  loaded: LoadedScenario,
  profile: StoredProfile,
  plan: Plan,
  replacedCount = 0,
  maker?: LoadMaker,
): GeneratorSetup {
  const { scenario } = loaded;
  const { load } = plan;
  const unknown = unknownRoutes(load.substitute, profile.records.routes);
  if (unknown.length > 0) {
    throw new ShakedownError(
      "SCENARIO_INVALID",
      `substitute: the profile has no route ${unknown.join(", ")}`,
      { hint: "`shakedown profile <file>` lists its routes; leave `on` out to learn from any" },
    );
  }
  const arms: readonly ScenarioArm[] = Object.values(scenario.arms);
  const emulators = Object.keys(scenario.dependencies).length > 0 ? 1 : 0;
  const cores = availableParallelism();
  const demand = { cores, neighbours: arms.filter(isNeighbour).length + emulators };
  const peakPerSec = Math.max(
    ...plan.stages.flatMap(({ fromPerSec, ratePerSec }) => [fromPerSec, ratePerSec]),
  );
  const connectionsMax = connectionsPerArm(scenario, arms.length);
  // Limits are shared out among workers, and each needs one of what there is.
  const startsPerSec = peakPerSec * (plan.assignment ? 1 : arms.length);
  const threads = chooseWorkers(scenario.workers, startsPerSec, maker ? ELSEWHERE : demand);
  const workers = Math.min(maker?.shardsFor(threads) ?? threads, connectionsMax, plan.inFlightMax);
  const pacing =
    maker !== undefined && scenario.pacing === "auto"
      ? PACING_ELSEWHERE
      : choosePacing(scenario.pacing, { ...demand, workers });
  const sleeps = goesFirst(pacing.pacing, startsPerSec / workers);
  // What another machine allows it finds out by itself.
  const first = sleeps && (maker !== undefined || mayGoFirst());
  const inRealTime = first && maker === undefined ? ", in real time" : "";
  const copies = copiesOf(load, plan.stages, profile);
  if (copies > COPIES_MAX) {
    throw new ShakedownError(
      "USAGE",
      `this rate takes ${formatCount(copies)} copies of the capture at once, and ${formatCount(COPIES_MAX)} are the most`,
      { hint: "with so much more load than was captured, use poisson arrivals at this rate" },
    );
  }
  const limits = {
    ...TRANSPORT_LIMITS,
    connectionsMax,
    keepConnections: load.keepConnections,
    bodyBytesMax: scenario.bodyLimit,
  };
  const keys = keysOfSplit(plan, profile);
  const facts = captureFacts(profile, load.speed);
  const times =
    load.arrivals.kind === "recorded" && facts !== null ? peakPerSec / facts.ratePerSec : 1;
  const scaled =
    Math.abs(times - 1) < 1e-9 ? "" : `, ${Number(times.toPrecision(3))} × the capture`;
  const label =
    `${arrivalsLabel(load.arrivals)} arrivals up to ${formatRatePerSec(peakPerSec)}${scaled}; ` +
    `${workers} ${workers === 1 ? "worker" : "workers"}, pacing by ${pacing.label}${inRealTime}${assignmentLabel(plan)}`;
  const warnings = [
    ...warningsOf(scenario, profile, { copies, connectionsMax }),
    ...shortened(scenario, plan),
    ...replaced(replacedCount),
    ...assignmentWarnings(plan, profile),
    ...expectFewKeys(plan, keys).map(({ cure, problem }) => `${problem}: ${cure} would do`),
  ];
  const armsAt = (targets: readonly Aim[]): GeneratorArm[] =>
    targets.map(({ address, arm, headers }) => ({
      name: arm,
      target: address,
      headers,
      transport: transportFor(scenario.transport, address),
    }));
  return {
    label,
    warnings,
    workers,
    segments: recordSegments(plan, profile, loaded),
    armsAt,
    jobFor: (targets, directory, runId) => ({
      arms: armsAt(targets),
      records: profile.records.data,
      stageNames: plan.stages.map(({ name }) => name),
      stages: stageArrivals(load, stagesOfOneArm(plan), profile),
      ...assignedStarts(plan, keys, { directory, workers }),
      lookedAt: lookedAt(plan),
      runId,
      seed: plan.seed,
      timeoutNs: plan.timeoutNs,
      inFlightMax: plan.inFlightMax,
      limits,
      pacing: pacing.pacing,
      goesFirst: first,
      workers,
      rekey: load.rekey,
      copies,
      substitute: load.substitute,
      ...comparedResponses(plan, directory, workers),
      spoolPaths: Array.from({ length: workers }, (_, worker) => directory.observations(worker)),
      untoldPaths: Array.from({ length: workers }, (_, worker) =>
        directory.observations(workers + worker),
      ),
    }),
    describe: (job) => ({
      load: label,
      workers,
      connections: connectionsMax,
      transports: Object.fromEntries(job.arms.map(({ name, transport }) => [name, transport])),
      warnings: [...warnings],
      copies,
    }),
  };
}

/** Re-keying a large capture takes a while, in which nothing else is told. */
export function startingLabel({ copies, records, rekey }: GeneratorJob): string {
  if (!rekey || copies === 1) return "generator";
  const requests = formatCount(records.columns.length);
  return `generator (new keys for ${formatCount(copies)} copies of ${requests} requests)`;
}
