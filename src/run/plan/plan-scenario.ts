import { formatCount, formatDurationNs, formatRatio, formatRatePerSec } from "../../core/index.ts";
import {
  familyOf,
  LEAK_JUDGED_MIN_NS,
  type MetricSpec,
  type Plan,
  type PlanSizing,
  type RegisteredPlan,
  registerPlan,
  replicatesOf,
  requestsForQuantile,
  type SizedStage,
  sizePlan,
  variantShares,
} from "../../experiment/index.ts";
import { MIN_BLOCKS } from "../../stats/index.ts";
import { readCaptured } from "../captured.ts";
import { servedDependencies } from "../dependencies.ts";
import { keysOfSplit } from "../assigned-starts.ts";
import { expectFewKeys } from "../expected-keys.ts";
import { usedCalibration } from "../used-calibration.ts";
import { type LoadedScenario, loadScenario } from "../load-scenario.ts";
import { makePlan } from "../make-plan.ts";
import { recordSegments } from "../start-segments.ts";
import { pilotVariance } from "./pilot.ts";

/** Why a plan cannot end in `ship` however good the variant is, and what would do. */
export interface PlanProblem {
  readonly problem: string;
  readonly cure: string;
}

/** A scenario's plan, and what it can show, before any traffic. */
export interface PlannedScenario {
  readonly loaded: LoadedScenario;
  readonly registered: RegisteredPlan;
  readonly sizing: PlanSizing;
  readonly problems: readonly PlanProblem[];
}

const secondsUp = (durationNs: number): string =>
  formatDurationNs(Math.ceil(durationNs / 1e9) * 1e9);

function* blockProblems({ blockNs, blocks, judgedNs, name }: SizedStage): Generator<PlanProblem> {
  if (blocks >= MIN_BLOCKS) return;
  yield {
    problem: `stage ${name} has ${blocks} blocks of ${formatDurationNs(blockNs)}; ${MIN_BLOCKS} are the fewest that are judged`,
    cure: `judge it for ${secondsUp(MIN_BLOCKS * blockNs)} instead of ${formatDurationNs(judgedNs)}`,
  };
}

function* leakProblems({ stages }: Plan, { judgedNs, name }: SizedStage): Generator<PlanProblem> {
  const leak = stages.find((stage) => stage.name === name)?.soak?.leak ?? null;
  if (leak === null || judgedNs >= LEAK_JUDGED_MIN_NS) return;
  const least = formatDurationNs(LEAK_JUDGED_MIN_NS);
  yield {
    problem: `the soak ${name} is judged for ${formatDurationNs(judgedNs)}; ${least} are the least that leaks are judged by`,
    cure: `judge it for ${least}, or write leak: false`,
  };
}

function* quantileProblems(spec: MetricSpec, stage: SizedStage): Generator<PlanProblem> {
  const evidence = familyOf(spec).evidence(spec, { dependencies: [], prices: [], targets: [] });
  if (evidence.kind !== "quantile") return;
  const needed = requestsForQuantile(evidence.p);
  if (stage.requests >= needed) return;
  const times = needed / stage.requests;
  // The quantile that so many requests can tell.
  const lower = Math.floor((1 - (1 - evidence.p) * times) * 100);
  const other = lower >= 50 ? `; or judge p${lower}` : "";
  yield {
    problem:
      `${spec.metric} in stage ${stage.name}: ${formatCount(stage.requests)} requests an arm, ` +
      `and ${formatCount(needed)} are needed for 100 slower ones`,
    cure:
      `judge it for ${secondsUp(stage.judgedNs * times)}, or at ` +
      `${formatRatePerSec(stage.ratePerSec * times)}${other}`,
  };
}

/** What helps where runs differ too much. */
function moreRuns({ betweenRunSd }: Plan, runs: number): string {
  const more = Number.isFinite(runs) ? `write design.runs: ${runs}, or more, or claim` : "claim";
  return `runs differ by ${formatRatio(betweenRunSd ?? 0)} (betweenRunSd): ${more} less`;
}

const orRuns = (runs: number): string =>
  Number.isFinite(runs) ? `, or as it is in ${runs} runs (design.runs)` : "";

function* powerProblems({ metrics, powerEach }: PlanSizing, plan: Plan): Generator<PlanProblem> {
  // All must pass, unstopped; that one of them fails is at most as likely as their failures together.
  const { gates, looks } = variantShares(plan);
  const missed = metrics.reduce((sum, { power }) => sum + 1 - (power ?? 1), looks + gates);
  const enough = 1 - missed >= plan.power;
  for (const row of metrics) {
    const { floor, label, margin, mde, minimumEffect, needed, power, runs, stage } = row;
    const claim = minimumEffect === null ? "a margin of" : "a gain of";
    const size = minimumEffect ?? margin;
    if (power === null && size < floor) {
      yield {
        problem:
          `${label} in stage ${stage}: ${claim} ${formatRatio(size)} is less than runs differ by ` +
          `themselves lets show, however long they are: ${formatRatio(floor)}`,
        cure: moreRuns(plan, runs),
      };
    }
    if (power === null || mde === null || needed === null) continue;
    if (enough || power >= powerEach) continue;
    const problem =
      `${label} in stage ${stage}: ${claim} ${formatRatio(size)} is shown with ` +
      `power ${power.toFixed(2)} (${powerEach.toFixed(3)} is wanted); the least is ${formatRatio(mde)}`;
    const cure = Number.isFinite(needed.judgedNs)
      ? `judge it for ${secondsUp(needed.judgedNs)} (${formatCount(needed.blocks)} blocks, ` +
        `${formatCount(needed.requests)} requests an arm)${orRuns(runs)}`
      : `no length does; ${moreRuns(plan, runs)}`;
    yield { problem, cure };
  }
}

const HISTORY = "A/A runs of this host (`shakedown calibrate`, design.calibration)";

function unreplicated({ factors, runs }: Plan): PlanProblem {
  if (factors !== undefined) {
    return {
      problem: "one run at each combination of levels cannot tell it from luck: it never ships",
      cure: `two of each (design.runs: ${2 * runs.length}), or ${HISTORY}`,
    };
  }
  return {
    problem: "one run cannot tell a change from the luck of its processes: it never ships",
    cure: `more runs (design.runs), or ${HISTORY}`,
  };
}

function problemsOf(plan: Plan, sizing: PlanSizing): PlanProblem[] {
  const { guardrails, primary } = plan;
  const specs = [...(primary === null ? [] : [primary]), ...guardrails];
  const once = replicatesOf(plan, plan.runs) < 2 && primary !== null;
  return [
    ...sizing.stages.flatMap((stage) => [...blockProblems(stage), ...leakProblems(plan, stage)]),
    ...sizing.stages.flatMap((stage) =>
      specs.flatMap((spec) => [...quantileProblems(spec, stage)]),
    ),
    ...powerProblems(sizing, plan),
    ...(once && plan.betweenRunSd === null ? [unreplicated(plan)] : []),
  ];
}

/**
 * What a scenario plans, and what that can show: no request is sent, nothing is started.
 * @throws what loading the scenario, its profile, its dependencies and the pilot's run throw
 */
export async function planScenario(
  path: string,
  options: { readonly pilot?: string | undefined; readonly version: string },
  signal: AbortSignal,
): Promise<PlannedScenario> {
  const loaded = loadScenario(path);
  const { dir, profilePath, scenario } = loaded;
  const { seed } = scenario;
  const captured = await readCaptured(profilePath, { scenario, seed, signal });
  using profile = captured.profile;
  const from = { dir, manifestOf: () => profile.manifest, warn: () => {} };
  const served = await servedDependencies(scenario.dependencies, from);
  const here = { profileSha256: profile.sha256, version: options.version };
  const calibration = usedCalibration(loaded, here);
  const registered = registerPlan(makePlan(loaded, profile, seed, served, calibration));
  const { plan } = registered;
  const keys = expectFewKeys(plan, keysOfSplit(plan, profile));
  // Refused now where a segment has no request.
  recordSegments(plan, profile, loaded);
  const varianceOf =
    options.pilot === undefined
      ? () => "no pilot is given (--baseline <run>)"
      : pilotVariance(options.pilot, plan);
  const sizing = sizePlan(plan, varianceOf);
  return { loaded, registered, sizing, problems: [...keys, ...problemsOf(plan, sizing)] };
}
