import { canonicalJson, sha256Hex } from "../core/index.ts";
import {
  armLevel,
  companyEffect,
  type Interference,
  type MetricSpec,
  type Plan,
  plannedInterference,
  type StageBlocks,
} from "../experiment/index.ts";
import type { AnalysedRun } from "./analyse.ts";
import type { LoadedScenario } from "./load-scenario.ts";
import type { Scenario, ScenarioArm } from "./scenario/index.ts";

/** The control's spec; a scenario with a hypothesis has one. */
export const controlOf = ({
  scenario,
}: Pick<LoadedScenario, "scenario">): ScenarioArm & { port?: number | undefined } =>
  (scenario.arms as Readonly<Record<string, ScenarioArm>>)["control"]!;

/** Why control alone says nothing of what company does to it; null where it does. */
export function notAloneBecause({ design, hypothesis, responses }: Scenario): string | null {
  const metric = hypothesis?.then.metric ?? "";
  if (design.kind !== "duet")
    return `in a ${design.kind} control does not get every start beside a variant that does`;
  if (!/^(?:response|service)_time_/.test(metric))
    return `the primary metric is ${metric}, and company is told by times`;
  if (responses !== undefined)
    return "with `responses` starts are repeated, and no answer of one arm alone is compared";
  return null;
}

/** A scenario with its control alone, which is measured and compared with nothing in the run. */
export function aloneScenario(loaded: LoadedScenario): LoadedScenario {
  const { hypothesis: _claim, ...scenario } = loaded.scenario;
  const { port: _fixed, ...control } = controlOf(loaded);
  return {
    ...loaded,
    path: `${loaded.path} (alone)`,
    scenario: {
      ...scenario,
      scenario: `${scenario.scenario.replace(/: a\/a$/, "")}: alone`,
      arms: { target: control },
      secondary: [],
      guardrails: [],
      negativeControls: [],
      segments: [],
    },
  };
}

/**
 * SHA-256 of what control's own times depend on: what it is, what it calls, and when it is asked
 * what. Which arms are beside it, and what is compared, is no part of it.
 */
export function controlLoadSha256(loaded: LoadedScenario, plan: Plan): string {
  const { port: _any, ...control } = controlOf(loaded);
  const { inputs, load, stages, telemetry, timeoutNs } = plan;
  const { dependenciesSha256, profileSha256 } = inputs;
  const asked = stages.map(({ endNs, fromPerSec, judgedFromNs, probe, ratePerSec, startNs }) => ({
    startNs,
    endNs,
    judgedFromNs,
    fromPerSec,
    ratePerSec,
    ...(probe === undefined ? {} : { probe }),
  }));
  const { flushCaches, incidents } = loaded.scenario;
  const isFlushed = stages.some(({ probe }) => probe?.cold === true);
  const flushes = isFlushed ? { flushCaches } : {};
  const told = telemetry === undefined ? {} : { telemetry };
  const called = { dependenciesSha256, incidents };
  const whole = { control, asked, load, profileSha256, timeoutNs, ...called, ...told, ...flushes };
  return sha256Hex(canonicalJson(JSON.parse(JSON.stringify(whole))));
}

/** A plan with what its calibration has measured of company, if it has. */
export function withInterference(
  plan: Plan,
  loaded: LoadedScenario,
  measured: Interference | null,
): Plan {
  if (measured === null) return plan;
  // At other levels of its factors control is loaded otherwise.
  const { factors } = plan;
  const sameLoad = factors === undefined && controlLoadSha256(loaded, plan) === measured.loadSha256;
  return { ...plan, interference: plannedInterference(measured, sameLoad) };
}

/** Control's primary in the judged stage that comes last, warm-up included; NaN where it has none. */
export function controlLevel(spec: MetricSpec, plan: Plan, stages: readonly StageBlocks[]): number {
  return armLevel(spec, plan, stages.at(-1)?.blocks[0] ?? []);
}

/** One run of control, alone or in company. */
export interface CompanyRun {
  /** Its primary, in the metric's unit; null where it could not be told, with why. */
  readonly level: number | null;
  readonly why: string;
}

/** What of an analysed run is kept to be held beside another one's. */
export function companyRun(spec: MetricSpec, { cut, gathered, model }: AnalysedRun): CompanyRun {
  const { run } = model.result;
  if (!run.complete) return { level: null, why: run.incompleteBecause ?? "it is incomplete" };
  const level = controlLevel(spec, gathered.registered.plan, cut);
  return level > 0
    ? { level, why: "" }
    : { level: null, why: "too few requests for the primary metric" };
}

/** What the pairs of runs that both told something come to; null where they are too few. */
export function interferenceOf(
  pairs: readonly { readonly alone: CompanyRun; readonly beside: CompanyRun }[],
  loadSha256: string,
): Interference | null {
  const told = pairs.flatMap(({ alone, beside }) =>
    alone.level === null || beside.level === null
      ? []
      : [{ alone: alone.level, beside: beside.level }],
  );
  const effect = companyEffect(told);
  return effect === null ? null : { ...effect, pairs: told, loadSha256 };
}
