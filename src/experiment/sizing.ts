import { NS_PER_S } from "../core/index.ts";
import { MIN_EXCEEDANCES, poissonQuantile, powerEach, runsMde, runsPower } from "../stats/index.ts";
import { combinationOf, replicatesOf } from "./factors.ts";
import { plannedShares } from "../replay/index.ts";
import { variantShares } from "./looks/index.ts";
import { metricLabel } from "./metric.ts";
import { familyOf, type MetricSpec } from "./metrics/index.ts";
import type { Plan, PlannedStage } from "./plan.ts";
import { guardedInSegments } from "./segments.ts";
import { blocksFor, runsFor, type Wanted, WITHOUT_END } from "./sizing-needs.ts";

/** What a pilot, or an A/A run, says of how much a metric varies within a run. */
export interface MeasuredVariance {
  /** Of the whole effect, on the scale of inference (a log-ratio, or a difference). */
  readonly se: number;
  /** Requests of each arm meanwhile: everybody's, also where it is a segment's variance. */
  readonly requests: number;
  /** Why it may be another than the planned run's, if anything speaks for that. */
  readonly doubt?: string | null;
}

/** The variance of a metric in a stage, of everybody or of one segment; or why it is not known. */
export type VarianceOf = (
  spec: MetricSpec,
  stage: PlannedStage,
  segment?: string,
) => MeasuredVariance | string;

/** What a judged stage comes to. */
export interface SizedStage {
  readonly name: string;
  readonly judgedNs: number;
  readonly blocks: number;
  readonly blockNs: number;
  /** Mean rate of judged time, of starts to whichever arm gets them. */
  readonly ratePerSec: number;
  /** Expected of the arm that gets the fewest, in judged time. */
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
  /**
   * Runs as long as planned that would do: as many as planned, or the fewest more. ∞: no number that
   * a scenario may ask for. Of an unknown variance the fewest with which `floor` is no hindrance.
   */
  readonly runs: number;
  /** Why the variance is not known. */
  readonly unknown: string | null;
  /** Why the variance may be another than the planned run's. */
  readonly doubt: string | null;
}

export interface PlanSizing {
  readonly stages: readonly SizedStage[];
  readonly metrics: readonly SizedMetric[];
  /** Wanted of each test, so that all of them pass together with the plan's power. */
  readonly powerEach: number;
}

/** Expected starts in judged time: of a ramp, the area below it. */
function expectedStarts(stage: PlannedStage): number {
  const { endNs, fromPerSec, judgedFromNs, ratePerSec, startNs } = stage;
  if (judgedFromNs === null) return 0;
  const share = (judgedFromNs - startNs) / (endNs - startNs);
  const atJudged = fromPerSec + share * (ratePerSec - fromPerSec);
  return ((atJudged + ratePerSec) / 2) * ((endNs - judgedFromNs) / NS_PER_S);
}

/**
 * Of the starts that are planned, what the arm has that gets the fewest: all in a duet, its share of
 * a split, and in a crossover what falls into its own periods, less their washout.
 */
function shareOfArm({ arms, assignment, stages }: Plan, stage: PlannedStage): number {
  if (assignment === undefined) return 1;
  if (assignment.kind === "split") {
    return Math.min(...plannedShares(assignment, stages.indexOf(stage)));
  }
  return (1 - assignment.washoutNs / assignment.periodNs) / arms.length;
}

function sizedStage(plan: Plan, stage: PlannedStage): SizedStage {
  const judgedNs = stage.endNs - (stage.judgedFromNs ?? stage.endNs);
  const starts = expectedStarts(stage);
  return {
    name: stage.name,
    judgedNs,
    blocks: Math.floor(judgedNs / stage.blockNs),
    blockNs: stage.blockNs,
    ratePerSec: (starts / judgedNs) * NS_PER_S,
    requests: starts * shareOfArm(plan, stage),
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

/** One test that must pass. */
interface Binding {
  readonly spec: MetricSpec;
  readonly role: SizedMetric["role"];
  readonly segment?: string;
}

function sizedMetric(
  { role, segment, spec }: Binding,
  stage: SizedStage,
  { variance, wanted }: { readonly variance: MeasuredVariance | string; readonly wanted: Wanted },
): SizedMetric {
  // Shares are judged without the between-run SD, which is on the log scale.
  const relative = familyOf(spec).effect === "relative";
  const asked = relative ? wanted : { ...wanted, betweenRunSd: null };
  const room = roomOf(spec);
  const known = {
    label: segment === undefined ? metricLabel(spec) : `${metricLabel(spec)}@${segment}`,
    role,
    stage: stage.name,
    margin: spec.margin,
    minimumEffect: spec.minimumEffect ?? null,
    floor: sizeOf(spec, runsMde({ ...asked, ...WITHOUT_END }, asked.power)),
  };
  if (typeof variance === "string" || stage.blocks < 2) {
    const unknown = typeof variance === "string" ? variance : "the stage has no two blocks";
    const runs = runsFor(WITHOUT_END, room, asked);
    return { ...known, power: null, mde: null, needed: null, runs, unknown, doubt: null };
  }
  // What varies within a run does so as one over the number of requests.
  const withinSe = variance.se * Math.sqrt(variance.requests / stage.requests);
  const blockSd = withinSe * Math.sqrt(stage.blocks);
  const claim = { ...asked, withinSe, blocks: stage.blocks };
  const blocks = blocksFor(blockSd, room, asked);
  return {
    ...known,
    power: runsPower(claim, room),
    mde: sizeOf(spec, runsMde(claim, asked.power)),
    needed: {
      blocks,
      judgedNs: blocks * stage.blockNs,
      requests: Math.ceil((blocks * stage.requests) / stage.blocks),
    },
    runs: runsFor({ withinSe, blocks: stage.blocks }, room, asked),
    unknown: null,
    doubt: variance.doubt ?? null,
  };
}

/** All tests that must pass in each judged stage, those of protected segments among them. */
function bindingOf(plan: Plan): Binding[] {
  const { guardrails, primary, segments } = plan;
  const guarded = guardedInSegments(plan);
  return [
    ...(primary === null ? [] : [{ spec: primary, role: "primary" as const }]),
    ...guardrails.map((spec) => ({ spec, role: "guardrail" as const })),
    ...segments
      .filter((segment) => segment.protected)
      .flatMap(({ name }) =>
        guarded.map((spec) => ({ spec, role: "guardrail" as const, segment: name })),
      ),
  ];
}

/**
 * What a plan can show, before any traffic: power, minimum detectable effect and the time that would
 * do, for each binding metric in each judged stage. All of them must pass for `ship`, and no look and
 * no gate may have stopped the run falsely before; with factors, at each combination of levels, of which
 * each is taken to vary alike: with n tests each is planned at power 1 − β′/n, where
 * β′ is β less what looks and gates may spend of alpha.
 *
 * Power is that of the judge's own interval (`runsPower`) at alpha/2, the verdict's share: of no harm where
 * there is none, or of a gain as large as claimed. Looks can only roll back, so that they take nothing from
 * the alpha of what is shown to be well. Of several variants each is sized by itself, with its part of
 * alpha: the power is that of each to ship if it is well.
 * Source: Julious 2004 (non-inferiority); Schultzberg, Ankargren & Frånberg 2024 (β).
 */
export function sizePlan(plan: Plan, varianceOf: VarianceOf): PlanSizing {
  const judged = plan.stages.filter(({ judgedFromNs }) => judgedFromNs !== null);
  const binding = bindingOf(plan);
  const { gates, looks, verdict } = variantShares(plan);
  const conditions = new Set(plan.runs.map((run) => combinationOf(plan, run))).size;
  const tests = Math.max(1, binding.length * judged.length * conditions);
  const power = powerEach(plan.power + looks + gates, tests);
  const { betweenRunSd } = plan;
  const runs = Math.max(1, replicatesOf(plan, plan.runs));
  const wanted = { alpha: verdict, power, betweenRunSd, runs, conditions };
  const metrics = judged.flatMap((stage) =>
    binding.map((each) => {
      const variance = varianceOf(each.spec, stage, each.segment);
      return sizedMetric(each, sizedStage(plan, stage), { variance, wanted });
    }),
  );
  return { stages: judged.map((stage) => sizedStage(plan, stage)), metrics, powerEach: power };
}

/** Requests that a quantile needs so that, 19 times of 20, 100 of them are slower. */
export function requestsForQuantile(p: number): number {
  let exceedances = MIN_EXCEEDANCES;
  while (poissonQuantile(0.05, exceedances) < MIN_EXCEEDANCES) exceedances++;
  return Math.ceil(exceedances / (1 - p));
}
