import { NS_PER_S } from "../core/index.ts";
import { MIN_BLOCKS, MIN_EXCEEDANCES, poissonQuantile, tCdf, tQuantile } from "../stats/index.ts";
import { metricLabel } from "./metric.ts";
import { familyOf, type MetricSpec } from "./metrics/index.ts";
import type { Plan, PlannedStage } from "./plan.ts";

/** What a pilot, or an A/A run, says of how much a metric varies within a run. */
export interface MeasuredVariance {
  /** Of the whole effect, on the scale of inference (a log-ratio, or a difference). */
  readonly se: number;
  /** Requests of each arm that it rests on. */
  readonly requests: number;
}

/** The variance of a metric in a stage, or why it is not known. */
export type VarianceOf = (spec: MetricSpec, stage: PlannedStage) => MeasuredVariance | string;

/** What a judged stage comes to. */
export interface SizedStage {
  readonly name: string;
  readonly judgedNs: number;
  readonly blocks: number;
  readonly blockNs: number;
  /** Expected of each arm, in judged time. */
  readonly requests: number;
}

/** One binding metric in one judged stage: what the plan can show of it. */
export interface SizedMetric {
  readonly label: string;
  readonly role: "primary" | "guardrail";
  readonly stage: string;
  readonly margin: number;
  readonly minimumEffect: number | null;
  /** Of showing the claim, or no harm, where there is no effect beside the claimed; null: unknown. */
  readonly power: number | null;
  /** The least margin, or gain, that is shown with the power wanted; on the margin's scale. */
  readonly mde: number | null;
  /** The same of a run without end: what differs between runs stays. */
  readonly floor: number;
  /** Judged time, blocks and requests of each run that would do; null: unknown. ∞: none would. */
  readonly needed: {
    readonly judgedNs: number;
    readonly blocks: number;
    readonly requests: number;
  } | null;
  /** Why the variance is not known. */
  readonly unknown: string | null;
}

export interface PlanSizing {
  readonly stages: readonly SizedStage[];
  readonly metrics: readonly SizedMetric[];
  /** Wanted of each test, so that all of them pass together with the plan's power. */
  readonly powerEach: number;
}

/** Expected starts in judged time: of a ramp, the area below it. */
function expectedRequests(stage: PlannedStage): number {
  const { endNs, fromPerSec, judgedFromNs, ratePerSec, startNs } = stage;
  if (judgedFromNs === null) return 0;
  const share = (judgedFromNs - startNs) / (endNs - startNs);
  const atJudged = fromPerSec + share * (ratePerSec - fromPerSec);
  return ((atJudged + ratePerSec) / 2) * ((endNs - judgedFromNs) / NS_PER_S);
}

function sizedStage(stage: PlannedStage): SizedStage {
  const judgedNs = stage.endNs - (stage.judgedFromNs ?? stage.endNs);
  return {
    name: stage.name,
    judgedNs,
    blocks: Math.floor(judgedNs / stage.blockNs),
    blockNs: stage.blockNs,
    requests: expectedRequests(stage),
  };
}

/** How far the truth is from what must be excluded, on the scale of inference. */
function roomOf({ margin, minimumEffect, metric }: MetricSpec): number {
  const { better, effect } = familyOf({ metric });
  const size = minimumEffect ?? margin;
  if (effect === "difference") return size;
  // A gain of what is better low, and harm to what is better high, are falls: ln(1 − x).
  const falls = (minimumEffect !== undefined) === (better === "lower");
  return falls ? -Math.log1p(-Math.min(size, 1)) : Math.log1p(size);
}

/** The same way back, to the margin's scale. */
function sizeOf({ metric, minimumEffect }: MetricSpec, room: number): number {
  const { better, effect } = familyOf({ metric });
  if (effect === "difference") return room;
  const falls = (minimumEffect !== undefined) === (better === "lower");
  return falls ? -Math.expm1(-room) : Math.expm1(room);
}

interface Wanted {
  readonly alpha: number;
  readonly power: number;
  readonly betweenRunSd: number | null;
  readonly runs: number;
}

/** Degrees of freedom of an effect over runs of `blocks` blocks, as the judge will count them. */
function dfOf(blocks: number, { betweenRunSd, runs }: Wanted): number {
  if (runs === 1) return blocks - 1;
  return runs < 4 && betweenRunSd !== null ? runs * (blocks - 1) : runs - 1;
}

/** Standard error over all runs, of one that is `withinSe` in each. */
const seOf = (withinSe: number, { betweenRunSd, runs }: Wanted): number =>
  Math.hypot(withinSe, betweenRunSd ?? 0) / Math.sqrt(runs);

const factorOf = ({ alpha, power }: Wanted, df: number): number =>
  tQuantile(1 - alpha / 2, df) + tQuantile(power, df);

/**
 * Blocks that would do: the fewest, at least 20, with `(t_{1−α/2} + t_{power}) · SE ≤ room`, where
 * SE² = (s²/K + betweenRunSd²)/R. ∞ where betweenRunSd alone is too much.
 */
function blocksFor(blockSd: number, room: number, wanted: Wanted): number {
  const enough = (blocks: number): boolean =>
    factorOf(wanted, dfOf(blocks, wanted)) * seOf(blockSd / Math.sqrt(blocks), wanted) <= room;
  if (!enough(1e9)) return Infinity;
  let [low, high] = [MIN_BLOCKS, MIN_BLOCKS];
  while (!enough(high)) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return enough(low) ? low : high;
}

function sizedMetric(
  spec: MetricSpec,
  role: SizedMetric["role"],
  stage: SizedStage,
  { variance, wanted }: { readonly variance: MeasuredVariance | string; readonly wanted: Wanted },
): SizedMetric {
  // Shares are judged without the between-run SD, which is on the log scale.
  const relative = familyOf(spec).effect === "relative";
  const asked = relative ? wanted : { ...wanted, betweenRunSd: 0 };
  const room = roomOf(spec);
  const known = {
    label: metricLabel(spec),
    role,
    stage: stage.name,
    margin: spec.margin,
    minimumEffect: spec.minimumEffect ?? null,
    floor: sizeOf(spec, factorOf(asked, dfOf(1e9, asked)) * seOf(0, asked)),
  };
  if (typeof variance === "string" || stage.blocks < 2) {
    const unknown = typeof variance === "string" ? variance : "the stage has no two blocks";
    return { ...known, power: null, mde: null, needed: null, unknown };
  }
  // What varies within a run does so as one over the number of requests.
  const withinSe = variance.se * Math.sqrt(variance.requests / stage.requests);
  const blockSd = withinSe * Math.sqrt(stage.blocks);
  const se = seOf(withinSe, asked);
  const df = dfOf(stage.blocks, asked);
  const blocks = blocksFor(blockSd, room, asked);
  return {
    ...known,
    power: tCdf(room / se - tQuantile(1 - asked.alpha / 2, df), df),
    mde: sizeOf(spec, factorOf(asked, df) * se),
    needed: {
      blocks,
      judgedNs: blocks * stage.blockNs,
      requests: Math.ceil((blocks * stage.requests) / stage.blocks),
    },
    unknown: null,
  };
}

/**
 * What a plan can show, before any traffic: power, minimum detectable effect and the time that would
 * do, for each binding metric in each judged stage. All of them must pass for `ship`, so each is
 * planned at power 1 − β/n, n being their number.
 *
 * Power is `P(T_ν ≤ room/SE − t_{ν,1−α/2})` with `SE² = (s²/K + betweenRunSd²)/R`: of no harm where there
 * is none, or of a gain as large as claimed; ν is K − 1 for one run, and for several as `runLevelEffect`
 * says. Source: Julious 2004 (non-inferiority), with t in the place of z.
 */
export function sizePlan(plan: Plan, varianceOf: VarianceOf): PlanSizing {
  const judged = plan.stages.filter(({ judgedFromNs }) => judgedFromNs !== null);
  const { guardrails, primary } = plan;
  const binding = [
    ...(primary === null ? [] : [{ spec: primary, role: "primary" as const }]),
    ...guardrails.map((spec) => ({ spec, role: "guardrail" as const })),
  ];
  const tests = Math.max(1, binding.length * judged.length);
  const powerEach = 1 - (1 - plan.power) / tests;
  const { alpha, betweenRunSd } = plan;
  const wanted = { alpha, power: powerEach, betweenRunSd, runs: Math.max(1, plan.runs.length) };
  const metrics = judged.flatMap((stage) =>
    binding.map(({ role, spec }) =>
      sizedMetric(spec, role, sizedStage(stage), { variance: varianceOf(spec, stage), wanted }),
    ),
  );
  return { stages: judged.map(sizedStage), metrics, powerEach };
}

/** Requests that a quantile needs so that, 19 times of 20, 100 of them are slower. */
export function requestsForQuantile(p: number): number {
  let exceedances = MIN_EXCEEDANCES;
  while (poissonQuantile(0.05, exceedances) < MIN_EXCEEDANCES) exceedances++;
  return Math.ceil(exceedances / (1 - p));
}
