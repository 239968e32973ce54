import { MDE_POWER, MIN_BLOCKS, tQuantile, trend } from "../../stats/index.ts";
import { type ArmPair, familyConfidence } from "../arm-pairs.ts";
import type { StageBlocks } from "../blocks.ts";
import type { RawComparison } from "../compare.ts";
import { metricLabel } from "../metric.ts";
import { familyOf } from "../metrics/index.ts";
import type { Plan } from "../plan.ts";
import type { EffectCourse } from "./model.ts";
import type { Settled } from "./settle.ts";
import { shortfall, shortWords } from "./short.ts";
import { effectSlices } from "./slices.ts";

export interface Drift {
  readonly row: RawComparison;
  readonly effect: EffectCourse;
}

/** Which way the effect went that then kept its level. */
function settledCourse(settled: Settled, scale: (value: number) => number): EffectCourse {
  const { early, late, untilNs } = settled;
  const course = Math.abs(early) > Math.abs(late) ? "novelty" : "delayed";
  const levels = { afterNs: untilNs, early: scale(early), late: scale(late) };
  return { course, settled: levels, change: null };
}

/**
 * Whether the primary metric's effect keeps its level over a soak: its trend over slices of the stage
 * (what came before it settled left out), as the change over the plan's horizon, in the direction of
 * harm a guardrail.
 */
export function driftOf(
  plan: Plan,
  stage: StageBlocks,
  context: {
    readonly dependencies: readonly string[];
    readonly pair: ArmPair;
    readonly settled: Settled | undefined;
  },
): Drift {
  const { pair, settled } = context;
  const { blockNs, name, soak } = stage.stage;
  const primary = plan.primary!;
  const { better, effect: kind, unit } = familyOf(primary);
  const scale = (value: number): number => (kind === "relative" ? Math.expm1(value) : value);
  const before: EffectCourse =
    settled?.arm === pair.arm
      ? settledCourse(settled, scale)
      : { course: "unknown", settled: null, change: null };
  const blank: RawComparison = {
    label: `drift:${metricLabel(primary)}`,
    arm: pair.arm,
    stage: name,
    role: "guardrail",
    unit,
    better,
    control: null,
    variant: null,
    confidence: familyConfidence(plan),
    effect: null,
    margin: soak!.drift,
    mde: null,
    theta: null,
    pHarm: null,
    warnings: [],
  };
  const slices = effectSlices(plan, stage, context);
  const found = trend(slices, blank.confidence);
  if (found === null) {
    const blocks = stage.blocks[0]?.length ?? 0;
    const warning =
      blocks < MIN_BLOCKS
        ? shortWords(MIN_BLOCKS * blockNs)
        : "too few requests to judge: a slice of the soak has none that tells the metric";
    return { row: { ...blank, warnings: [warning] }, effect: before };
  }
  const judgedNs = (stage.blocks[0]?.length ?? 0) * blockNs;
  const times = soak!.horizonNs / judgedNs;
  const theta = { estimate: times * found.change, se: times * found.se, df: found.df };
  const [low, high] = [scale(times * found.low), scale(times * found.high)];
  const effect = { kind, estimate: scale(theta.estimate), low, high };
  const turned = better === "higher" ? -1 : 1;
  const margin = kind === "relative" ? Math.log1p(soak!.drift) : soak!.drift;
  const half = (times * (found.high - found.low)) / 2;
  const harm = turned * theta.estimate;
  const { horizonNs } = soak!;
  const warnings = shortfall({ estimate: harm, margin, half, judgedNs, horizonNs });
  const shown = found.low > 0 || found.high < 0;
  const change = {
    estimate: scale(found.change),
    low: scale(found.low),
    high: scale(found.high),
  };
  const course = before.settled === null ? (shown ? "moving" : "steady") : before.course;
  const mde = Math.abs(scale(tQuantile(MDE_POWER, found.df) * theta.se + half));
  return {
    row: {
      ...blank,
      effect,
      mde,
      theta,
      pHarm: turned > 0 ? found.pRise : 1 - found.pRise,
      warnings,
    },
    effect: { ...before, course, change },
  };
}
