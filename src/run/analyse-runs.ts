import { existsSync } from "node:fs";
import { NS_PER_S, ShakedownError } from "../core/index.ts";
import {
  compareMetrics,
  combinationOf,
  compareCombinations,
  compareRuns,
  decideArms,
  factorEffects,
  guardSegments,
  poolSoakRows,
  type MetricComparison,
  type Plan,
  planOfRun,
  registerPlan,
  type StageBlocks,
  type TrafficPart,
} from "../experiment/index.ts";
import type { ReportModel, Result, RunRow } from "../report/index.ts";
import { type AnalysedRun, analyseRun } from "./analyse.ts";
import { armRows, droppedStarts, type Tallies } from "./arm-rows.ts";
import { mergeAssignments } from "./assignment-row.ts";
import { besideAllRuns } from "./checks/index.ts";
import { comparisonRows, verdictRows } from "./comparison-rows.ts";
import { curvesOf } from "./curves.ts";
import { readExperimentFile } from "./experiment-file.ts";
import { firedInVain, inVainWords } from "./fired-in-vain.ts";
import { factorRows, isReplicated, levelsOf } from "./factor-rows.ts";
import { type Manifest, readManifest, readPlan } from "./manifest.ts";
import {
  joinDependencies,
  joinTimelines,
  mergeChecks,
  mergeEmulator,
  mergeFindings,
  mergeTallies,
  mergeWarnings,
} from "./merge-rows.ts";
import { responsesFound } from "./responses-found.ts";
import { registeredRules, timesOf, trailEntries, trailOf } from "./pictures.ts";
import type { RunDirectory } from "./run-directory.ts";
import { cutsOf, isWhole, looksOfStopped, stoppedBy, whyIncomplete } from "./runs-end.ts";

/** What is kept of a run that was analysed: its tables are let go before the next is read. */
interface OneRun {
  readonly run: number;
  readonly manifest: Manifest;
  readonly model: ReportModel;
  readonly stages: readonly StageBlocks[];
  readonly parts: readonly TrafficPart[];
  readonly comparisons: AnalysedRun["comparisons"];
  readonly findings: AnalysedRun["findings"];
  readonly late: AnalysedRun["late"];
  readonly tallies: Tallies;
  readonly responses: AnalysedRun["gathered"]["responses"];
  readonly routes: readonly string[];
}

function readRun(directory: RunDirectory, plan: Plan, run: number): OneRun | null {
  const own = directory.run(run);
  if (!existsSync(own.file("manifest.json"))) return null;
  const manifest = readManifest(own);
  const analysed = analyseRun(own, manifest);
  const { comparisons, findings, gathered, late, model, parts, stages } = analysed;
  if (gathered.registered.sha256 !== registerPlan(planOfRun(plan, run - 1)).sha256) {
    throw new ShakedownError("RUN_INVALID", `${own.path} is not of this experiment's plan`, {
      hint: "runs of one experiment are made together; report this one by itself",
    });
  }
  const { routes } = gathered.observations.meta;
  return {
    run,
    manifest,
    model,
    stages,
    parts,
    comparisons,
    findings,
    late,
    tallies: gathered.tallies,
    responses: gathered.responses,
    routes,
  };
}

/** Stopped from outside, which damages nothing that came before. */
const wasEnded = ({ manifest: { ended } }: OneRun): boolean =>
  (ended?.incompleteBecause ?? null) !== null;

/** The time that a run's rates are of: the plan's, or what it had where it was stopped. */
function countedSOf(run: OneRun, { stages }: Plan): number {
  const plannedS = (stages.at(-1)?.endNs ?? 0) / NS_PER_S;
  const stopped = !isWhole(run) || run.manifest.ended?.stoppedBy !== undefined;
  return stopped ? Math.min(run.model.result.run.durationS, plannedS) : plannedS;
}

/** The blocks of all runs, stage by stage, as if they were of one. */
function poolBlocks(runs: readonly Pick<OneRun, "stages">[]): StageBlocks[] {
  return (runs[0]?.stages ?? []).map(({ blocks, stage }, index) => ({
    stage,
    blocks: blocks.map((_, arm) => runs.flatMap(({ stages }) => stages[index]?.blocks[arm] ?? [])),
  }));
}

/** The protected segments, with the blocks of all runs. */
function poolParts(runs: readonly OneRun[]): TrafficPart[] {
  return (runs[0]?.parts ?? []).map((part, index) => ({
    ...part,
    stages: poolBlocks(runs.map(({ parts }) => ({ stages: parts[index]?.stages ?? [] }))),
  }));
}

/** Every metric, of all runs; at each combination of the factors' levels where there are factors. */
function comparisonsOf(
  plan: Plan,
  judged: readonly OneRun[],
  dependencies: readonly string[],
): MetricComparison[] {
  const pooledOf = (runs: readonly OneRun[]): MetricComparison[] =>
    compareMetrics(plan, poolBlocks(runs), dependencies, [
      ...guardSegments(plan, poolParts(runs)),
      ...poolSoakRows(runs),
    ]);
  if (plan.factors === undefined) return compareRuns(plan, judged, pooledOf(judged));
  const combinations = Map.groupBy(judged, ({ run }) => combinationOf(plan, plan.runs[run - 1]!));
  return compareCombinations(
    plan,
    [...combinations]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, runs]) => ({
        name,
        levels: plan.runs[runs[0]!.run - 1]?.levels ?? [],
        runs,
        pooled: pooledOf(runs),
      })),
  );
}

function rowOf(
  { comparisons, manifest, model, run }: OneRun,
  plan: Plan,
  judged: readonly OneRun[],
): RunRow {
  const { complete, durationS, id, incompleteBecause, startedAt } = model.result.run;
  return {
    run,
    id,
    seed: manifest.seed,
    slots: [...(plan.runs[run - 1]?.slots ?? [])],
    startedAt,
    durationS,
    complete,
    ...(incompleteBecause === undefined ? {} : { incompleteBecause }),
    judged: judged.some((each) => each.run === run),
    ...levelsOf(plan, run),
    comparisons: comparisonRows(plan, comparisons).map(({ arm, effect, metric, role, stage }) => ({
      arm,
      metric,
      role,
      stage,
      effect,
    })),
  };
}

function stageRows(runs: readonly OneRun[]): Result["stages"] {
  const [first] = runs;
  return (first?.model.result.stages ?? []).map((stage, index) => ({
    ...stage,
    completed: runs.every(({ model }) => model.result.stages[index]?.completed === true),
  }));
}

/**
 * Judges an experiment of several runs from its directory: every run by itself, then all whole runs
 * together, where the run is the sampling unit. Where none is whole, the first is shown, and nothing
 * decided. Counts are of all judged runs; one that fails an instrument check fails the experiment.
 * @throws RUN_INVALID, SPOOL_INVALID
 */
export function analyseRuns(directory: RunDirectory): ReportModel {
  const experiment = readExperimentFile(directory);
  const { plan, sha256 } = readPlan(directory, registerPlan);
  const runs = plan.runs.flatMap((_, index) => readRun(directory, plan, index + 1) ?? []);
  const [first] = runs;
  if (first === undefined) {
    throw new ShakedownError("RUN_INVALID", `${directory.path} holds no run that has begun`);
  }
  const whole = runs.filter(isWhole);
  const judged = whole.length > 0 ? whole : [first];
  const pooled = poolBlocks(judged);
  const dependencies = first.manifest.dependencies.map(({ name }) => name);
  const comparisons = comparisonsOf(plan, judged, dependencies);
  const effects = factorEffects(plan, judged);
  const findings = mergeFindings(
    judged.flatMap((one) => one.findings.map((value) => ({ run: one.run, value }))),
  );
  const checks = mergeChecks(
    judged.flatMap(({ late, model, run }) =>
      besideAllRuns({ checks: model.result.checks, late }, { comparisons, plan }).map((value) => ({
        run,
        value,
      })),
    ),
  );
  const tallies = mergeTallies(
    judged.map((run) => run.tallies),
    plan.timeoutNs,
  );
  const because = whyIncomplete(experiment, runs);
  const cuts = cutsOf(runs);
  const decided = decideArms({
    arms: plan.arms,
    cuts,
    cutsStand: runs.every((run) => isWhole(run) || wasEnded(run)),
    alpha: plan.alpha,
    hypothesis: plan.hypothesis,
    comparisons,
    findings,
    invalid: checks.filter(({ status }) => status === "fail"),
    doubts: checks.filter(({ status }) => status === "doubt"),
    incompleteBecause: because,
    stoppedBy: stoppedBy(runs),
    replicated: isReplicated(plan, judged),
    droppedStarts: droppedStarts(tallies),
  });
  const { needs, ...verdict } = decided.verdict;
  const models = judged.map(({ model }) => model);
  const ranS = models.reduce((sum, { result }) => sum + result.run.durationS, 0);
  const countedS = judged.reduce((sum, run) => sum + countedSOf(run, plan), 0);
  const entries = trailEntries(directory);
  const rowsOfVerdicts = verdictRows(decided.verdicts);
  const inVain = firedInVain(entries, { decision: verdict.decision, ...rowsOfVerdicts });
  const result: Result = {
    ...first.model.result,
    run: {
      ...first.model.result.run,
      id: experiment.id,
      startedAt: experiment.startedAt,
      durationS: ranS,
      complete: because === null,
      seed: plan.seed,
      planSha256: sha256,
      resends: models.reduce((sum, { result: { run } }) => sum + run.resends, 0),
      ...(because === null ? {} : { incompleteBecause: because }),
    },
    ...verdict,
    ...rowsOfVerdicts,
    findings: findings.map((finding) => ({ ...finding })),
    arms: armRows(plan.arms, first.routes, tallies, countedS),
    comparisons: comparisonRows(plan, comparisons),
    ...responsesFound(plan, first.routes, judged),
    ...mergeAssignments(models.map((model) => model.result)),
    // Each run's own result has them: pooled, they would not know how much runs differ.
    parts: [],
    runs: runs.map((run) => rowOf(run, plan, judged)),
    ...(plan.factors === undefined ? {} : { factors: factorRows(effects.rows) }),
    emulator: mergeEmulator(models.map((model) => model.result.emulator)),
    stages: stageRows(judged),
    checks,
    warnings: [
      ...inVainWords(inVain),
      ...mergeWarnings(judged.map(({ model, run }) => ({ run, value: model.result.warnings }))),
      ...effects.warnings,
    ],
  };
  // The first run's own are of that run.
  const {
    cuts: _c,
    gates: _g,
    looks: _l,
    needs: _n,
    soaks: _o,
    stoppedEarly: _s,
    ...whatever
  } = result;
  const ofAll = { ...whatever, ...looksOfStopped(runs) };
  return {
    result: needs === undefined ? ofAll : { ...ofAll, needs },
    curves: curvesOf(plan.arms, pooled, 1 - plan.alpha),
    timeline: joinTimelines(models.map(({ timeline }) => timeline)),
    dependencies: joinDependencies(models),
    pictures: {
      lifts: [],
      times: timesOf(plan.arms, tallies.arms),
      registered: registeredRules(plan),
      trail: trailOf(entries),
    },
  };
}
