import { formatDurationNs, formatRatio, sha256Hex, ShakedownError } from "../core/index.ts";
import {
  defaultBlockNs,
  INSTRUMENT_LIMITS,
  metricLabel,
  type Plan,
  type PlannedStage,
} from "../experiment/index.ts";
import type { DependencySpec } from "../emulator/index.ts";
import type { StoredProfile } from "../profile/index.ts";
import { dependencySha256 } from "./dependencies.ts";
import type { LoadedScenario } from "./load-scenario.ts";
import { captureFacts, fullRatePerSec, plannedLoad, stageRatePerSec } from "./plan-load.ts";
import type { Scenario } from "./scenario.ts";

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
    const blockNs = design.block ?? defaultBlockNs(endNs - (judgedFromNs ?? startNs));
    const planned = { name, ratePerSec, fromPerSec, startNs, endNs, judgedFromNs, blockNs };
    startNs = endNs;
    return planned;
  });
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

function plannedHypothesis({
  hypothesis,
}: Scenario): Pick<Plan, "hypothesis" | "otherwise" | "primary"> {
  if (hypothesis === undefined) return { hypothesis: null, otherwise: null, primary: null };
  const { because, if: change, then } = hypothesis;
  const primary = { metric: then.metric, dependency: then.dependency, margin: then.margin };
  const label = metricLabel(primary);
  const margin = formatRatio(then.margin);
  return {
    hypothesis: {
      ...(because === undefined ? {} : { because }),
      if: change,
      then: `${label} changes by less than ${margin}`,
    },
    otherwise: `${label} grows by ${margin} or more`,
    primary,
  };
}

const hashesOf = (served: Readonly<Record<string, DependencySpec>>): Record<string, string> =>
  Object.fromEntries(Object.entries(served).map(([name, spec]) => [name, dependencySha256(spec)]));

/**
 * What a scenario, a profile and the dependencies as they are served come to: everything that the
 * verdict will depend on, fixed before the first request.
 * @throws PROFILE_INVALID when it has no rate of its own, or is over before a stage begins
 */
export function makePlan(
  { scenario, text }: LoadedScenario,
  profile: StoredProfile,
  seed: string,
  served: Readonly<Record<string, DependencySpec>>,
): Plan {
  return {
    planVersion: 1,
    scenario: scenario.scenario,
    ...plannedHypothesis(scenario),
    secondary: scenario.secondary,
    guardrails: withErrorRatio(scenario),
    arms: Object.keys(scenario.arms),
    stages: planStages(scenario, profile),
    alpha: scenario.design.alpha,
    betweenRunSd: scenario.design.betweenRunSd ?? null,
    load: plannedLoad(scenario),
    timeoutNs: scenario.timeout,
    inFlightMax: scenario.inFlightMax,
    seed,
    inputs: {
      scenarioSha256: sha256Hex(text),
      profileSha256: profile.sha256,
      dependenciesSha256: hashesOf(served),
    },
    limits: INSTRUMENT_LIMITS,
  };
}
