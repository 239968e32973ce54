import { MDE_POWER, type Trend, TREND_SLICES, tQuantile, trend } from "../../stats/index.ts";
import type { TimeWindow } from "../../telemetry/index.ts";
import { type ArmPair, familyConfidence } from "../arm-pairs.ts";
import type { StageBlocks } from "../blocks.ts";
import type { RawComparison } from "../compare.ts";
import type { Plan } from "../plan.ts";
import type { HeldByArm, ResourceCourse, SoakSources } from "./model.ts";
import { type Floors, floorsOf, type Resource, RESOURCES } from "./resources.ts";
import { shortfall, shortWords } from "./short.ts";

const HOUR_NS = 3600e9;
/**
 * The shortest soak that is judged for leaks. What is given back within a slice is in no floor, and a
 * connection that stands idle is kept for some seconds: of like arms over a minute, one that closed what
 * the warm-up had opened and one that had closed it before differed by 23 % in open files; over five, by
 * 9 %.
 */
export const LEAK_JUDGED_MIN_NS = TREND_SLICES * 30e9;

export interface Growth {
  readonly row: RawComparison;
  readonly course: ResourceCourse;
}

const isWhole = (floors: Floors["floors"]): floors is readonly number[] =>
  floors.every((floor) => floor !== null);

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** What one arm held, and how that went. */
function heldBy(floors: readonly number[], own: Trend, judgedNs: number): HeldByArm {
  const hours = judgedNs / HOUR_NS;
  const perHour = { estimate: own.change / hours, low: own.low / hours, high: own.high / hours };
  return { level: meanOf(floors), perHour };
}

/** Stands where it cannot be judged. */
function blankRow(
  plan: Plan,
  stage: StageBlocks,
  { resource, pair }: { readonly resource: Resource; readonly pair: ArmPair },
): RawComparison {
  return {
    label: `leak:${resource.name}`,
    arm: pair.arm,
    stage: stage.stage.name,
    role: "guardrail",
    unit: resource.unit === "MB" ? "MB per hour" : "per hour",
    better: "lower",
    control: null,
    variant: null,
    confidence: familyConfidence(plan),
    effect: null,
    margin: stage.stage.soak!.leak!,
    mde: null,
    theta: null,
    pHarm: null,
    warnings: [],
  };
}

const SHARED = "control grows as much: a leak that both share is none of the variant's doing";

/** The growth of the variant beyond control's, judged. */
function judged(
  blank: RawComparison,
  floors: { readonly control: readonly number[]; readonly variant: readonly number[] },
  of: { readonly judgedNs: number; readonly horizonNs: number; readonly resource: Resource },
): Growth {
  const { horizonNs, judgedNs, resource } = of;
  const { confidence, margin } = blank;
  const apart = floors.variant.map((floor, i) => floor - floors.control[i]!);
  // Of `TREND_SLICES` numbers there is always a trend.
  const [control, variant, beyond] = [floors.control, floors.variant, apart].map((slices) =>
    trend(slices, confidence)!,
  ) as [Trend, Trend, Trend];
  const level = Math.max(meanOf(floors.control), resource.levelMin);
  const times = horizonNs / judgedNs / level;
  const share = times * beyond.change;
  const [low, high] = [times * beyond.low, times * beyond.high];
  const half = (high - low) / 2;
  const shown = ({ low: from }: Trend): boolean => from > 0;
  const large = ({ change }: Trend): boolean => times * change >= margin;
  const leaks = shown(beyond) && share >= margin;
  const both = [control, variant].every((each) => shown(each) && large(each));
  const course = leaks ? "leak" : both ? "shared" : "steady";
  const warnings = [
    ...shortfall({ estimate: share, margin, half, judgedNs, horizonNs }),
    ...(course === "shared" ? [SHARED] : []),
  ];
  // Over runs, shares add up on the log scale, as all relative effects do.
  const factor = Math.max(1 + share, Number.EPSILON);
  const se = times * beyond.se;
  const held = {
    control: heldBy(floors.control, control, judgedNs),
    variant: heldBy(floors.variant, variant, judgedNs),
  };
  return {
    row: {
      ...blank,
      control: held.control.perHour.estimate,
      variant: held.variant.perHour.estimate,
      effect: { kind: "relative", estimate: share, low, high },
      mde: half + tQuantile(MDE_POWER, beyond.df) * se,
      theta: { estimate: Math.log(factor), se: se / factor, df: beyond.df },
      pHarm: beyond.pRise,
      warnings,
    },
    course: { resource: resource.name, unit: resource.unit, course, ...held },
  };
}

/** The judged time of a soak, up to where its variant was cut, in equal slices. */
function slicesOf({ blocks, stage }: StageBlocks, { untilNs = Infinity }: ArmPair): TimeWindow[] {
  const fromNs = stage.judgedFromNs!;
  const toNs = Math.min(fromNs + (blocks[0]?.length ?? 0) * stage.blockNs, untilNs);
  return Array.from({ length: TREND_SLICES }, (_, i) => {
    const at = (end: number): number => fromNs + ((toNs - fromNs) * end) / TREND_SLICES;
    return { fromNs: at(i), toNs: at(i + 1) };
  });
}

/** A row that judges nothing, and why. */
function unknown(blank: RawComparison, { name, unit }: Resource, warning: string): Growth {
  const course = { resource: name, unit, course: "unknown", control: null, variant: null } as const;
  return { row: { ...blank, warnings: [warning] }, course };
}

/** Null where neither arm tells of it. */
function growthOf(
  plan: Plan,
  stage: StageBlocks,
  of: { readonly resource: Resource; readonly pair: ArmPair; readonly sources: SoakSources },
): Growth | null {
  const { pair, resource, sources } = of;
  const slices = slicesOf(stage, pair);
  const judgedNs = slices.at(-1)!.toNs - slices[0]!.fromNs;
  const [control, variant] = [pair.control, pair.variant].map((index) =>
    floorsOf(resource, { index, name: plan.arms[index]! }, slices, sources),
  ) as [Floors, Floors];
  if (!control.told && !variant.told) return null;
  const blank = blankRow(plan, stage, of);
  if (!control.told || !variant.told) {
    const silent = control.told ? pair.arm : plan.arms[pair.control];
    return unknown(blank, resource, `${silent} does not tell it, so that it cannot be compared`);
  }
  if (judgedNs < LEAK_JUDGED_MIN_NS) {
    return unknown(blank, resource, shortWords(LEAK_JUDGED_MIN_NS));
  }
  if (!isWhole(control.floors) || !isWhole(variant.floors)) {
    const gaps = "it was not told all the time: slices of the soak have too little of it";
    return unknown(blank, resource, gaps);
  }
  const floors = { control: control.floors, variant: variant.floors };
  return judged(blank, floors, { judgedNs, horizonNs: stage.stage.soak!.horizonNs, resource });
}

const NOBODY_TELLS =
  "nobody tells what the arms hold: no process of theirs, and no gauge, was seen";

/**
 * Whether a variant leaks what control does not: of each resource that is told, the trend of the
 * variant's floor less control's over slices of a soak, as a share of control's level over the plan's
 * horizon. Floors leave a garbage collector's sawtooth out; control's own trend tells a leak that both
 * share. Where nothing at all is told, there is a row of memory that judges nothing.
 */
export function growthsOf(
  plan: Plan,
  stage: StageBlocks,
  context: { readonly pair: ArmPair; readonly sources: SoakSources },
): Growth[] {
  const { leak = null } = stage.stage.soak ?? {};
  if (leak === null) return [];
  const rows = RESOURCES.flatMap(
    (resource) => growthOf(plan, stage, { ...context, resource }) ?? [],
  );
  if (rows.length > 0) return rows;
  const resource = RESOURCES[0]!;
  return [unknown(blankRow(plan, stage, { ...context, resource }), resource, NOBODY_TELLS)];
}
