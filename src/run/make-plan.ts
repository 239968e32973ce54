import {
  formatDurationNs,
  formatRatio,
  NS_PER_S,
  sha256Hex,
  ShakedownError,
} from "../core/index.ts";
import {
  defaultBlockNs,
  familyOf,
  INSTRUMENT_LIMITS,
  metricLabel,
  type MetricSpec,
  type Plan,
  PLAN_VERSION,
  type PlannedStage,
  planRuns,
} from "../experiment/index.ts";
import { withInterference } from "./control-alone.ts";
import { designOf, plannedFactors, runsWanted } from "./factors.ts";
import type { DependencySpec } from "../emulator/index.ts";
import type { StoredProfile } from "../profile/index.ts";
import { dependencySha256 } from "./dependencies.ts";
import { plannedAssignment, turnsOf } from "./planned-assignment.ts";
import { plannedResponses } from "./planned-responses.ts";
import type { UsedCalibration } from "./used-calibration.ts";
import type { LoadedScenario } from "./load-scenario.ts";
import { plannedSoak } from "./planned-soak.ts";
import { plannedThrottle } from "./planned-throttle.ts";
import { captureFacts, fullRatePerSec, plannedLoad, stageRatePerSec } from "./plan-load.ts";
import type { Scenario } from "./scenario/index.ts";

function planStages(scenario: Scenario, profile: StoredProfile): PlannedStage[] {
  const { arrivals, design, loop, speed, stages } = scenario;
  const facts = captureFacts(profile, speed);
  const fullPerSec = fullRatePerSec(scenario.rate, facts);
  // A capture that does not begin anew ends when it is over.
  const once = arrivals.kind === "recorded" && !loop && facts !== null;
  const overNs = once ? facts.periodNs : Number.POSITIVE_INFINITY;
  let startNs = 0;
  return stages.map((stage, index) => {
    const ratePerSec = stageRatePerSec(stage.rate, fullPerSec);
    const fromPerSec =
      stage.from === undefined ? ratePerSec : stageRatePerSec(stage.from, fullPerSec);
    const name = stage.name ?? `stage-${index + 1}`;
    const endNs = Math.min(startNs + stage.for, overNs);
    if (endNs <= startNs) throw captureOver(name, startNs);
    const judgedFromNs = stage.judge ? startNs + stage.settle : null;
    const blockNs = design.block ?? blockNsOf(scenario, endNs - (judgedFromNs ?? startNs));
    const block = turnsOf(scenario) ?? { blockNs };
    const rate = { ratePerSec, fromPerSec };
    const onHold = stage.onHold === "stop" ? { onHold: stage.onHold } : {};
    const probe = stage.probe === undefined ? {} : { probe: stage.probe };
    const asked = {
      ...onHold,
      ...probe,
      ...plannedSoak(scenario, stage),
      ...plannedThrottle(stage),
    };
    const planned = { name, ...rate, startNs, endNs, judgedFromNs, ...block, ...asked };
    startNs = endNs;
    return planned;
  });
}

/** What arms tell of themselves comes once a second: a block below that has nothing of it. */
function blockNsOf({ guardrails, hypothesis, secondary }: Scenario, judgedNs: number): number {
  const specs = [
    ...guardrails,
    ...secondary,
    ...(hypothesis === undefined ? [] : [hypothesis.then]),
  ];
  const told = specs.some(({ metric }) => metric === "otel");
  return Math.max(defaultBlockNs(judgedNs), told ? NS_PER_S : 0);
}

function captureOver(stage: string, startNs: number): ShakedownError {
  return new ShakedownError(
    "PROFILE_INVALID",
    `the capture is over before ${stage} begins, ${formatDurationNs(startNs)} into it`,
    { hint: "let it begin anew (loop), make the stages shorter, or leave this one out" },
  );
}

/** A target that fails fast must not pass for a quick one: failures are always guarded. */
const ERROR_RATIO_GUARD = { metric: "error_ratio", margin: 0.01 };

function withErrorRatio({ guardrails, hypothesis }: Scenario): Plan["guardrails"] {
  if (hypothesis === undefined) return guardrails;
  const registered = [hypothesis.then, ...guardrails].some(
    ({ metric }) => metric === "error_ratio",
  );
  return registered ? guardrails : [...guardrails, ERROR_RATIO_GUARD];
}

/** What is claimed of the primary metric, and what would count as failure. */
function claimWords(primary: MetricSpec): { readonly then: string; readonly otherwise: string } {
  const label = metricLabel(primary);
  const margin = formatRatio(primary.margin);
  const gain = primary.minimumEffect;
  const worse = familyOf(primary).better === "lower" ? "grows" : "falls";
  if (gain === undefined) {
    return {
      then: `${label} changes by less than ${margin}`,
      otherwise: `${label} ${worse} by ${margin} or more`,
    };
  }
  return {
    then: `${label} gets better by ${formatRatio(gain)} or more`,
    otherwise: `${label} does not get better, or by less than ${formatRatio(gain)}`,
  };
}

function plannedHypothesis({
  hypothesis,
}: Scenario): Pick<Plan, "hypothesis" | "otherwise" | "primary"> {
  if (hypothesis === undefined) return { hypothesis: null, otherwise: null, primary: null };
  const { because, if: change, otherwise, then: primary } = hypothesis;
  const claim = claimWords(primary);
  return {
    hypothesis: {
      ...(because === undefined ? {} : { because }),
      if: change,
      then: claim.then,
    },
    otherwise: otherwise ?? claim.otherwise,
    primary,
  };
}

const hashesOf = (served: Readonly<Record<string, DependencySpec>>): Record<string, string> =>
  Object.fromEntries(Object.entries(served).map(([name, spec]) => [name, dependencySha256(spec)]));

/** What calls cost, where the scenario says so: without a price, plans are as they were. */
function pricesOf(served: Readonly<Record<string, DependencySpec>>): Pick<Plan, "prices"> {
  const priced = Object.entries(served).flatMap(([name, spec]) =>
    spec.protocol === "tcp" || spec.price === undefined ? [] : [[name, spec.price] as const],
  );
  return priced.length === 0 ? {} : { prices: Object.fromEntries(priced) };
}

/**
 * What a scenario, a profile and the dependencies as they are served come to: everything that the
 * verdict will depend on, fixed before the first request.
 * @throws PROFILE_INVALID when it has no rate of its own, or is over before a stage begins
 */
export function makePlan(
  loaded: LoadedScenario,
  profile: StoredProfile,
  seed: string,
  served: Readonly<Record<string, DependencySpec>>,
  calibration: UsedCalibration | null = null,
): Plan {
  const { scenario, text } = loaded;
  const design = designOf(scenario);
  const runs = runsWanted(scenario, design);
  const plan: Plan = {
    planVersion: PLAN_VERSION,
    scenario: scenario.scenario,
    ...plannedHypothesis(scenario),
    secondary: scenario.secondary,
    guardrails: withErrorRatio(scenario),
    negativeControls: scenario.negativeControls,
    segments: scenario.segments,
    stop: scenario.stop,
    arms: Object.keys(scenario.arms),
    stages: planStages(scenario, profile),
    ...plannedAssignment(scenario),
    alpha: scenario.design.alpha,
    power: scenario.design.power,
    betweenRunSd: calibration?.betweenRunSd ?? scenario.design.betweenRunSd ?? null,
    ...(scenario.design.warmUpMax === 0 ? {} : { warmUpMax: scenario.design.warmUpMax }),
    ...(calibration === null ? {} : { calibrationSha256: calibration.sha256 }),
    ...pricesOf(served),
    ...plannedResponses(scenario),
    load: plannedLoad(scenario),
    ...(scenario.telemetry?.receive === true ? { telemetry: { receive: true } } : {}),
    timeoutNs: scenario.timeout,
    inFlightMax: scenario.inFlightMax,
    seed,
    runs: planRuns(seed, runs, Object.keys(scenario.arms), design),
    ...(design.length === 0 ? {} : { factors: plannedFactors(scenario) }),
    inputs: {
      scenarioSha256: sha256Hex(text),
      profileSha256: profile.sha256,
      dependenciesSha256: hashesOf(served),
    },
    limits: INSTRUMENT_LIMITS,
  };
  return withInterference(plan, loaded, calibration?.interference ?? null);
}
