import { NS_PER_S } from "../core/index.ts";
import type { Finding } from "../detect/index.ts";
import {
  decideArms,
  exploreParts,
  familyOf,
  type MetricComparison,
  type Plan,
  stagesAfter,
  type TrafficPart,
  type Verdicts,
  type WarmUp,
} from "../experiment/index.ts";
import { type ReportModel, type Result, RESULT_SCHEMA_VERSION } from "../report/index.ts";
import { armRows, droppedStarts } from "./arm-rows.ts";
import { assignmentRow } from "./assignment-row.ts";
import { harmAtStop, instrumentChecks, type Late } from "./checks/index.ts";
import { type ComparedRun, compareRun } from "./compare-run.ts";
import { comparisonRows, partRows, verdictRows } from "./comparison-rows.ts";
import { curvesOf } from "./curves.ts";
import { firedInVain, inVainWords } from "./fired-in-vain.ts";
import { sampleWords } from "./findings-of.ts";
import { type Gathered, incompleteBecause } from "./gather.ts";
import { liftsOf } from "./lifts.ts";
import { armEnds, looksOf } from "./looks-of.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { settledWords, soakRows } from "./soak-rows.ts";
import { picturesOf, trailEntries } from "./pictures.ts";
import { revisionsIn } from "./revision/index.ts";
import type { RunDirectory } from "./run-directory.ts";
import { seeRun, type SeenBeside } from "./see-run.ts";
import { responsesFound } from "./responses-found.ts";
import { heldWords } from "./held-ramp.ts";
import { throttleWords } from "./throttle-words.ts";
import { warmUpWords, warningsOf } from "./warnings.ts";

/**
 * Whether A/A runs of this host tell how much runs differ. A number that the scenario names widens the
 * interval and is nobody's history; and either is of a ratio, and says nothing of how much a share
 * differs from run to run.
 */
const knowsOtherRuns = ({ calibrationSha256, primary }: Plan): boolean =>
  calibrationSha256 !== undefined && primary !== null && familyOf(primary).effect === "relative";

function verdictOf(
  gathered: Gathered,
  judged: {
    readonly comparisons: readonly MetricComparison[];
    readonly findings: readonly Finding[];
    readonly checks: readonly Result["checks"][number][];
  },
): Verdicts {
  const { plan } = gathered.registered;
  return decideArms({
    arms: plan.arms,
    alpha: plan.alpha,
    hypothesis: plan.hypothesis,
    comparisons: judged.comparisons,
    findings: judged.findings,
    invalid: judged.checks.filter((check) => check.status === "fail"),
    doubts: judged.checks.filter((check) => check.status === "doubt"),
    incompleteBecause: incompleteBecause(gathered),
    stoppedBy: gathered.manifest.ended?.stoppedBy,
    throttled: gathered.manifest.ended?.throttlings?.map(throttleWords).join("; "),
    held: gathered.manifest.ended?.held?.map(heldWords).join("; "),
    replicated: knowsOtherRuns(plan),
    droppedStarts: droppedStarts(gathered.tallies),
    cuts: gathered.manifest.ended?.cuts ?? [],
    cutsStand: (gathered.manifest.ended?.incompleteBecause ?? null) !== null,
  });
}

function stageRows(plan: Plan, ranNs: number, warmUps: readonly WarmUp[]): Result["stages"] {
  const after = stagesAfter(warmUps, plan.stages);
  return after.map((stage) => ({
    name: stage.name,
    ratePerSec: stage.ratePerSec,
    startS: stage.startNs / NS_PER_S,
    endS: stage.endNs / NS_PER_S,
    judgedFromS: stage.judgedFromNs === null ? null : stage.judgedFromNs / NS_PER_S,
    completed: ranNs >= stage.endNs,
  }));
}

/** None where the scenario was made of a command line. */
const fileOf = ({ scenario: { path } }: Manifest): { file?: string } =>
  /\.ya?ml$/i.test(path) ? { file: path } : {};

function runRow(
  { manifest, registered }: Gathered,
  ranNs: number,
  because: string | null,
): Result["run"] {
  return {
    id: manifest.runId,
    scenario: manifest.scenario.name,
    ...fileOf(manifest),
    profile: manifest.profile.name,
    startedAt: manifest.startedAt,
    durationS: ranNs / NS_PER_S,
    complete: because === null,
    ...(because === null ? {} : { incompleteBecause: because }),
    seed: manifest.seed,
    planSha256: registered.sha256,
    pacing: manifest.pacing,
    load: manifest.generator.load,
    workers: manifest.generator.workers,
    connections: manifest.generator.connections,
    resends: manifest.ended?.resends ?? 0,
    command: manifest.command,
    ...revisionsIn(manifest),
    host: manifest.host,
  };
}

/** One run, judged by itself: what of it is compared with other runs, and what is shown. */
export interface AnalysedRun extends Pick<
  ComparedRun,
  "comparisons" | "cut" | "gathered" | "stages"
> {
  /** Its protected segments. */
  readonly parts: readonly TrafficPart[];
  readonly findings: readonly Finding[];
  /** What of the instrument was late: of several runs, held against what all of them show. */
  readonly late: readonly Late[];
  readonly model: ReportModel;
}

/**
 * Judges a run from its directory alone: the same files give the same result, whenever and however
 * often it is done. The manifest is read from there too, unless it could not be written.
 * @throws RUN_INVALID, SPOOL_INVALID
 */
export function analyse(
  directory: RunDirectory,
  manifest: Manifest = readManifest(directory),
): ReportModel {
  return analyseRun(directory, manifest).model;
}

/** As `analyse`, with what the result was made of. @throws RUN_INVALID, SPOOL_INVALID */
export function analyseRun(directory: RunDirectory, manifest: Manifest): AnalysedRun {
  const run = compareRun(directory, manifest);
  return concludeRun(directory, run, seeRun(run.gathered));
}

/** As `analyseRun`, of what was compared, and what others saw of the run. */
export function concludeRun(
  directory: RunDirectory,
  run: ComparedRun,
  { callsSeen, detected: { findings, resilience, sampled } }: SeenBeside,
): AnalysedRun {
  const { comparisons, cut, gathered, leftOut, lookedAt, parts, settled, soaks, stages, warmUps } =
    run;
  const { calls, exposures, manifest, observations, observed, registered, tallies } = gathered;
  const { plan } = registered;
  const { ranNs } = observed;
  const dependencies = manifest.dependencies.map(({ name }) => name);
  const ends = armEnds(manifest);
  const entries = trailEntries(directory);
  const { checks, late } = instrumentChecks({
    plan,
    manifest,
    observations,
    observed,
    calls,
    callsSeen,
    exposures,
    tallies,
    stages: cut,
    comparisons,
    harmAtStop: harmAtStop(entries, comparisons, manifest.ended?.stoppedBy),
    ends,
  });
  const { verdict, verdicts } = verdictOf(gathered, { comparisons, findings, checks });
  const plannedNs = plan.stages.at(-1)?.endNs ?? NS_PER_S;
  // Of a run that was stopped, rates are those of the time that it had.
  const whole = incompleteBecause(gathered) === null && manifest.ended?.stoppedBy === undefined;
  const countedNs = whole ? plannedNs : Math.min(ranNs, plannedNs);
  const rowsOfVerdicts = verdictRows(verdicts);
  const inVain = firedInVain(entries, { decision: verdict.decision, ...rowsOfVerdicts });
  const result: Result = {
    schemaVersion: RESULT_SCHEMA_VERSION,
    tool: manifest.tool,
    run: runRow(gathered, ranNs, incompleteBecause(gathered)),
    hypothesis:
      plan.hypothesis === null ? null : { ...plan.hypothesis, otherwise: plan.otherwise ?? "" },
    decision: verdict.decision,
    reason: verdict.reason,
    ...(verdict.needs === undefined ? {} : { needs: verdict.needs }),
    ...rowsOfVerdicts,
    findings: findings.map((finding) => ({ ...finding })),
    arms: armRows(plan.arms, observations.meta.routes, tallies, countedNs / NS_PER_S),
    comparisons: comparisonRows(plan, comparisons, ends),
    ...responsesFound(plan, observations.meta.routes, [gathered]),
    parts: partRows(exploreParts(plan, parts, ends)),
    emulator: callsSeen?.emulator ?? {},
    stages: stageRows(plan, ranNs, leftOut),
    ...soakRows(soaks.courses),
    ...assignmentRow(plan, exposures, lookedAt),
    ...looksOf(directory, gathered),
    checks: [...checks],
    warnings: [
      ...inVainWords(inVain),
      ...warningsOf(gathered, callsSeen),
      ...warmUpWords(plan, warmUps),
      ...settledWords(settled, plan.stages),
      ...sampleWords(sampled),
    ],
  };
  const model: ReportModel = {
    result,
    ...(resilience === null ? {} : { resilience }),
    curves: curvesOf(plan.arms, stages, 1 - plan.alpha),
    timeline: observed.timeline.rows(),
    dependencies: callsSeen?.series ?? [],
    pictures: picturesOf(
      plan,
      tallies.arms,
      entries,
      liftsOf(plan, stages, { dependencies, ends, entries }),
    ),
  };
  const guardedParts = parts.filter((part) => part.protected);
  return { gathered, cut, stages, parts: guardedParts, comparisons, findings, late, model };
}
