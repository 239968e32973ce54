import { Histogram } from "../measure/index.ts";
import {
  type BlockEffect,
  pairedBlockDifference,
  pairedBlockLogRatio,
  pairedBlockQuantile,
} from "../stats/index.ts";
import type { Block } from "./blocks.ts";
import { largestBlockRatio } from "./largest-block.ts";
import { type BlockLists, type Evidence, familyOf, type MetricName } from "./metrics/index.ts";

/** Two arms' blocks at the same boundaries, and how sure an interval is to be. */
export interface ComparedArms {
  readonly control: readonly Block[];
  readonly variant: readonly Block[];
  /** Two-sided, e.g. 0.95. */
  readonly confidence: number;
  /** Registered before, on the log scale: for relative effects. */
  readonly betweenRunSd: number | null;
}

/** A metric's effect, variant against control, on the scale that its margin is on. */
export interface MetricEffect {
  readonly judged: boolean;
  readonly control: number;
  readonly variant: number;
  /** `relative`: variant/control − 1; `difference`: variant − control. */
  readonly kind: "relative" | "difference";
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  /** A size, above 0, in the direction of harm. */
  readonly mde: number;
  /** On the scale of inference: a log-ratio, or a difference; variant minus control. */
  readonly theta: { readonly estimate: number; readonly se: number; readonly df: number };
  /** One-sided, for "no harm": not higher, or not lower where higher is better. */
  readonly pHarm: number;
  readonly warnings: readonly { readonly message: string }[];
}

function quantileArm(blocks: readonly Block[], of: (block: Block) => Histogram) {
  const pooled = new Histogram();
  for (const block of blocks) pooled.add(of(block));
  const censoredCount = blocks.reduce((sum, block) => sum + block.censored, 0);
  return { pooled, blocks: blocks.map(of), censoredCount };
}

/** `variant` against `control` on the log scale, or as a difference of shares. */
function blockEffect(
  evidence: Evidence,
  kind: MetricEffect["kind"],
  { betweenRunSd, confidence, control, variant }: ComparedArms,
): BlockEffect {
  const between = betweenRunSd === null ? {} : { betweenRunSd };
  if (evidence.kind === "quantile") {
    const { of, p } = evidence;
    const arms = { control: quantileArm(control, of), variant: quantileArm(variant, of) };
    return pairedBlockQuantile({ p, confidence, ...arms, ...between });
  }
  const sums = { control: control.map(evidence.of), variant: variant.map(evidence.of) };
  if (kind === "difference") return pairedBlockDifference({ confidence, ...sums });
  const { amounts = false } = evidence;
  return pairedBlockLogRatio({ confidence, amounts, ...sums, ...between });
}

/**
 * The effect of a metric over paired blocks. Where higher is better, control is compared with the
 * variant and the result turned around, so that harm is tested the same way for every metric.
 */
export function metricEffect(
  name: MetricName,
  arms: ComparedArms,
  lists: BlockLists,
): MetricEffect {
  const { better, effect: kind, ...family } = familyOf(name);
  const evidence = family.evidence(name, lists);
  const turned = better === "higher";
  const given = turned ? { ...arms, control: arms.variant, variant: arms.control } : arms;
  const found =
    family.onePerRun === true && evidence.kind === "sums"
      ? largestBlockRatio({
          control: given.control.map(evidence.of),
          variant: given.variant.map(evidence.of),
          confidence: arms.confidence,
        })
      : blockEffect(evidence, kind, given);
  const sign = turned ? -1 : 1;
  // Log-ratios become relative changes: e^θ − 1.
  const scale = (value: number): number => (kind === "relative" ? Math.expm1(value) : value);
  const ends = [scale(sign * found.low), scale(sign * found.high)] as const;
  const [low, high] = turned ? [ends[1], ends[0]] : ends;
  return {
    // An interval that reaches past all numbers (two modes far apart) tells nothing.
    judged: found.judged && Number.isFinite(low) && Number.isFinite(high),
    control: turned ? found.variant : found.control,
    variant: turned ? found.control : found.variant,
    kind,
    estimate: scale(sign * found.estimate),
    low,
    high,
    mde: Math.abs(scale(sign * found.mde)),
    theta: { estimate: sign * found.estimate, se: found.se, df: found.df },
    pHarm: found.pHarm,
    warnings:
      found.judged && !(Number.isFinite(low) && Number.isFinite(high))
        ? [...found.warnings, { message: "the interval is too wide to be of any use" }]
        : found.warnings,
  };
}
