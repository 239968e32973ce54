import { isDeepStrictEqual } from "node:util";
import { formatRatio, ShakedownError } from "../../core/index.ts";
import {
  type ArmPair,
  armPairs,
  blockLists,
  countTold,
  cutIntoBlocks,
  cutIntoParts,
  isByStart,
  type MeasuredVariance,
  type MetricEffect,
  metricEffect,
  metricLabel,
  type MetricSpec,
  pairedBlocks,
  type PlannedStage,
  refusalsFail,
  type SegmentSpec,
  type StageBlocks,
  type StartSegments,
  toldSpecsOf,
  type VarianceOf,
} from "../../experiment/index.ts";
import { gather } from "../gather.ts";
import { stagesLookedAt } from "../looks-of.ts";
import { readManifest } from "../manifest.ts";
import { RunDirectory } from "../run-directory.ts";
import { keyGroupsOf, withKeys } from "./key-variance.ts";
import type { Plan } from "../../experiment/index.ts";

/** The pilot's stage that is most like a planned one: of the same name, else of the nearest rate. */
function likest(stages: readonly StageBlocks[], { name, ratePerSec }: PlannedStage): StageBlocks {
  const same = stages.find(({ stage }) => stage.name === name);
  const off = ({ stage }: StageBlocks): number => Math.abs(Math.log(stage.ratePerSec / ratePerSec));
  return same ?? stages.toSorted((a, b) => off(a) - off(b))[0]!;
}

/** Whether a pilot knows which of its starts a segment has. */
function tells(starts: StartSegments | null, segment: SegmentSpec): boolean {
  const { header, matches, name, session } = segment;
  if (!isByStart(segment)) return true;
  return (starts?.segments ?? []).some((each) =>
    isDeepStrictEqual(
      [each.name, each.header, each.matches, each.session],
      [name, header, matches, session],
    ),
  );
}

/** Two-sided: one metric of a pilot in a hundred is called different by chance. */
const DIFFER_BELOW = 0.01;

/** A change by more than is tolerated changes what varies, too. */
function doubtOf({ estimate, pHarm }: MetricEffect, { margin }: MetricSpec): string | null {
  const differ = 2 * Math.min(pHarm, 1 - pHarm) < DIFFER_BELOW && Math.abs(estimate) >= margin;
  if (!differ) return null;
  const size = formatRatio(estimate, { signed: true });
  return `the pilot's arms differ in it (${size}), so that it varies as the change has it; name an A/A run`;
}

/**
 * Blocks half a run later: what both arms shared, the same requests at the same moments, they share
 * no longer, as the arms of a split do not.
 */
function outOfStep<T>(blocks: readonly T[]): readonly T[] {
  const half = Math.floor(blocks.length / 2);
  return [...blocks.slice(half), ...blocks.slice(0, half)];
}

/** `everybody`: the requests of each arm meanwhile; `apart`: the plan is a split's, the pilot is not. */
function varianceIn(
  spec: MetricSpec,
  stage: StageBlocks,
  lists: Parameters<typeof metricEffect>[2],
  {
    apart,
    everybody,
    pair,
  }: { readonly apart: boolean; readonly everybody: StageBlocks; readonly pair: ArmPair },
): MeasuredVariance | string {
  const { dependency } = spec;
  if (dependency !== undefined && !lists.dependencies.includes(dependency)) {
    return `the pilot has no dependency ${dependency}`;
  }
  // Two-sided at any level: only the standard error is taken.
  const { control, variant } = pairedBlocks(stage, pair);
  const other = apart ? outOfStep(variant) : variant;
  const arms = { control, variant: other, confidence: 0.95, betweenRunSd: null };
  const found = metricEffect(spec, arms, lists);
  const { judged, theta, warnings } = found;
  if (!judged) {
    return `the pilot cannot tell: ${warnings[0]?.message ?? "too little was measured"}`;
  }
  const requests = (everybody.blocks[0] ?? []).reduce((sum, { started }) => sum + started, 0);
  return { se: theta.se, requests, doubt: doubtOf(found, spec) };
}

/**
 * How much each metric of a plan varies, from the files of a run that compares arms: a pilot, or an
 * A/A. The standard error is that of the paired blocks of its first variant in the stage most like the
 * planned one, as far as the run went. Where the arms are shown to differ by the metric's margin or
 * more, a doubt is told.
 * @throws RUN_INVALID, SPOOL_INVALID; RUN_INVALID for several runs, one arm, or no judged stage
 */
export function pilotVariance(path: string, plan: Plan): VarianceOf {
  const directory = new RunDirectory(path);
  if (directory.holdsRuns) {
    throw new ShakedownError("RUN_INVALID", `${path} holds several runs`, {
      hint: `name one of them, such as ${directory.run(1).path}`,
    });
  }
  const gathered = gather(directory, readManifest(directory));
  const { calls, manifest, observations, registered, starts, usage } = gathered;
  const dependencies = manifest.dependencies.map(({ name }) => name);
  const lists = blockLists(plan, dependencies);
  const lookedAt = stagesLookedAt(gathered);
  const stages = cutIntoBlocks({
    observations,
    calls,
    usage,
    responses: gathered.responses?.pairs ?? [],
    ...lists,
    stages: lookedAt,
    capNs: registered.plan.timeoutNs,
    refusalsFail: refusalsFail(plan),
  });
  countTold(stages, toldSpecsOf(plan), gathered.inside);
  if (registered.plan.arms.length < 2 || stages.length === 0) {
    const why = stages.length === 0 ? "has no judged stage" : "has one arm, and nothing is paired";
    throw new ShakedownError("RUN_INVALID", `${path} ${why}`, {
      hint: "name a run that compares arms: a pilot, or control against control (scenarios/aa.yaml)",
    });
  }
  const [pair] = armPairs(registered.plan);
  const { timeoutNs } = registered.plan;
  // Segments are the plan's, whatever the pilot's were.
  const cut = { ...plan, timeoutNs };
  const bySegment = plan.segments.some((segment) => segment.protected)
    ? cutIntoParts(cut, observations, lookedAt, starts).filter(({ by }) => by === "segment")
    : [];
  const apart = plan.assignment?.kind === "split" && registered.plan.assignment === undefined;
  const groups = keyGroupsOf(plan, gathered, { dependencies, stages: lookedAt });
  const known = new Map<string, MeasuredVariance | string>();
  return (spec, stage, segment) => {
    const like = likest(stages, stage);
    const key = `${metricLabel(spec)}@${segment ?? ""} in ${like.stage.name}`;
    const asked = plan.segments.find(({ name }) => name === segment);
    if (asked !== undefined && !tells(starts, asked)) {
      return `the pilot did not keep which of its requests were in segment ${segment}`;
    }
    const part = bySegment.find(({ name }) => name === segment)?.stages ?? stages;
    const seen = known.get(key);
    if (seen !== undefined) return seen;
    const given = { apart, everybody: like, pair: pair! };
    const byTime = varianceIn(spec, likest(part, stage), lists, given);
    const whole = typeof byTime === "string" || segment !== undefined;
    const keys = { plan, groups, stage: like.stage.name, lists, pair: pair! };
    const variance = whole ? byTime : withKeys(spec, byTime, keys);
    known.set(key, variance);
    return variance;
  };
}
