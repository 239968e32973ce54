import { ShakedownError } from "../core/index.ts";
import { type BlockVariance, blockVariance } from "./block-variance.ts";
import { normalQuantile } from "./distributions.ts";
import {
  type BlockEffect,
  type EffectWarning,
  type Interval,
  blockShortage,
  pAboveZero,
  tInterval,
  unjudged,
} from "./effect.ts";
import { type Proportion, newcombe } from "./proportion/index.ts";

/** Events or misses below which, in either arm, the score interval has a say. */
export const RARE_BELOW = 20;

/** The two sums of one arm in one block: errors and requests, calls and requests. */
export interface RatioBlock {
  readonly numerator: number;
  readonly denominator: number;
}

export interface PairedBlockRatioInput {
  /** Two-sided, e.g. 0.95. */
  readonly confidence: number;
  /** In order of time; the same boundaries in both arms. A block may be empty. */
  readonly control: readonly RatioBlock[];
  readonly variant: readonly RatioBlock[];
  /** Standard deviation between runs on the effect's scale, registered before. */
  readonly betweenRunSd?: number;
  /** For `pairedBlockLogRatio`: numerators in some unit (µs), whose size says nothing of chance. */
  readonly amounts?: boolean;
}

/** One arm's pooled ratio. */
export interface ArmRatio {
  readonly ratio: number;
  readonly numerator: number;
  readonly denominator: number;
  /** Influence of each block on the ratio. */
  readonly influence: readonly number[];
}

interface Arms {
  readonly control: ArmRatio;
  readonly variant: ArmRatio;
  readonly blocks: number;
  readonly missing: readonly EffectWarning[];
}

/** The pooled ratio of one arm with what each block adds to it; NaN without a denominator. */
export function armRatio(blocks: readonly RatioBlock[]): ArmRatio {
  let [numerator, denominator] = [0, 0];
  for (const block of blocks) {
    numerator += block.numerator;
    denominator += block.denominator;
  }
  const ratio = denominator === 0 ? Number.NaN : numerator / denominator;
  // Multiplied out, so that counts that are alike in all blocks give exactly 0.
  const influence = blocks.map(
    (b) => (b.numerator * denominator - numerator * b.denominator) / denominator ** 2,
  );
  return { ratio, numerator, denominator, influence };
}

function armsOf(input: PairedBlockRatioInput): Arms {
  const { control, variant } = input;
  if (control.length !== variant.length) {
    throw new ShakedownError(
      "INTERNAL",
      `blocks do not fit: control has ${control.length}, variant ${variant.length}`,
      { hint: "cut both arms at the same boundaries" },
    );
  }
  const keep = (_: RatioBlock, b: number): boolean =>
    control[b]!.denominator + variant[b]!.denominator > 0;
  const arms = {
    control: armRatio(control.filter(keep)),
    variant: armRatio(variant.filter(keep)),
  };
  const blocks = arms.control.influence.length;
  const missing = blockShortage(blocks);
  for (const [name, arm] of Object.entries(arms)) {
    if (!(arm.denominator > 0))
      missing.push({ code: "empty-arm", message: `${name}: no requests` });
  }
  return { ...arms, blocks, missing };
}

interface Assembled extends Arms {
  readonly input: PairedBlockRatioInput;
  readonly estimate: number;
}

const known = (it: Assembled) => ({
  estimate: it.estimate,
  confidence: it.input.confidence,
  control: it.control.ratio,
  variant: it.variant.ratio,
  exceedances: { control: it.control.numerator, variant: it.variant.numerator },
});

/** The t interval of an effect whose blocks' variance is known. */
function judged(it: Assembled, spread: BlockVariance, withinSe: number): BlockEffect {
  const se = Math.hypot(withinSe, it.input.betweenRunSd ?? 0);
  const scale = { se, df: spread.df, confidence: it.input.confidence };
  return {
    ...known(it),
    ...tInterval(it.estimate, scale),
    ...scale,
    judged: true,
    blocks: spread.blocks,
    lag1: spread.lag1,
    varianceFactor: spread.factor,
    pHarm: pAboveZero(it.estimate, scale),
    warnings: spread.warnings,
  };
}

/**
 * By how much the variant's share of events differs from the control's: pooled ratio minus pooled
 * ratio (error ratio, misses of an SLO: give what is worse as the event), with a t interval over
 * paired time blocks. Numerators count events among the trials that the denominators count.
 *
 * Each block's influence is `ψ_b = (x_b − r·n_b)/N`; autocorrelation as in `blockVariance`. Where
 * either arm has fewer than 20 events or 20 misses, or the blocks do not differ at all, the
 * result is the wider of that and Newcombe's score interval on both sides (`rare-events`), and
 * `pHarm` the larger of the two p-values: no events at all give about ±3.8/N, never [0, 0].
 *
 * Not judged, with warnings: an arm with no trial; fewer than 20 blocks (those empty in both arms
 * do not count).
 *
 * @throws INTERNAL when the arms' blocks differ in number, or more events than trials are given.
 *
 * Source: Cochran 1977 §6 (linearised ratio); Deng, Knoblich & Lu 2018; Newcombe 1998.
 */
export function pairedBlockDifference(input: PairedBlockRatioInput): BlockEffect {
  const arms = armsOf(input);
  const { control, variant } = arms;
  for (const arm of [control, variant]) {
    if (arm.numerator > arm.denominator) {
      throw new ShakedownError(
        "INTERNAL",
        `${arm.numerator} events among ${arm.denominator} trials are not a share`,
        { hint: "compare ratios above 1 with pairedBlockLogRatio" },
      );
    }
  }
  const it: Assembled = { ...arms, input, estimate: variant.ratio - control.ratio };
  if (it.missing.length > 0) {
    return unjudged({ ...known(it), blocks: it.blocks, warnings: it.missing });
  }
  const spread = blockVariance(variant.influence.map((psi, b) => psi - control.influence[b]!));
  const blockwise = judged(it, spread, Math.sqrt(spread.variance));
  const fewest = Math.min(...[control, variant].flatMap(eventsAndMisses));
  return fewest < RARE_BELOW || spread.variance === 0 ? withScore(blockwise, it) : blockwise;
}

const eventsAndMisses = (arm: ArmRatio): number[] => [
  arm.numerator,
  arm.denominator - arm.numerator,
];

const proportion = (arm: ArmRatio): Proportion => ({
  events: arm.numerator,
  trials: arm.denominator,
});

/** The effect, no more certain on either side than the score interval of so few events. */
function withScore(effect: BlockEffect, it: Assembled): BlockEffect {
  const score = (confidence: number): Interval => {
    const plain = newcombe(proportion(it.variant), proportion(it.control), confidence);
    const between = normalQuantile((1 + confidence) / 2) * (it.input.betweenRunSd ?? 0);
    return {
      low: it.estimate - Math.hypot(it.estimate - plain.low, between),
      high: it.estimate + Math.hypot(plain.high - it.estimate, between),
    };
  };
  const wide = score(effect.confidence);
  const low = Math.min(effect.low, wide.low);
  const high = Math.max(effect.high, wide.high);
  const unit = tInterval(0, { ...effect, se: 1 });
  const se = Math.max(effect.se, (high - low) / 2 / unit.high);
  const message =
    `few events or few misses (events: control ${it.control.numerator}, ` +
    `variant ${it.variant.numerator}): ` +
    "the interval is no narrower than a score interval";
  return {
    ...effect,
    low,
    high,
    se,
    mde: unit.mde * se,
    pHarm: Math.max(effect.pHarm, scorePAboveZero(score)),
    warnings: [...effect.warnings, { code: "rare-events", message }],
  };
}

/** The one-sided level at which an interval's lower end crosses 0; at most 0.5. */
export function scorePAboveZero(interval: (confidence: number) => Interval): number {
  let [shown, not] = [-36, Math.log(0.5)];
  if (interval(1 - 2 * Math.exp(not)).low <= 0) return 0.5;
  for (let step = 0; step < 40; step++) {
    const middle = (shown + not) / 2;
    if (interval(1 - 2 * Math.exp(middle)).low > 0) not = middle;
    else shown = middle;
  }
  return Math.exp(not);
}

/**
 * By how much the variant's ratio differs from the control's on the log scale: ln of the ratio of
 * the pooled ratios (calls per request, bytes per request), with a t interval over paired time
 * blocks. Unit-free; `exp(effect) − 1` is the relative change. Ratios may be above 1.
 *
 * Each block's influence is `ψ_b = (x_b − r·n_b)/(N r)`; autocorrelation as in `blockVariance`. If
 * the blocks do not differ at all (each request makes exactly two calls), the score bound on what
 * was not seen, ln(1 + z²/Σx) for each arm, is the width. Of `amounts` there is no such bound: the
 * effect is not judged then, with `no-spread`.
 *
 * Not judged, with warnings: an arm with no request, or whose ratio is 0; fewer than 20 blocks
 * (those empty in both arms do not count).
 *
 * @throws INTERNAL when the arms' blocks differ in number.
 *
 * Source: Cochran 1977 §6 (linearised ratio); Deng, Knoblich & Lu 2018 (delta method).
 */
export function pairedBlockLogRatio(input: PairedBlockRatioInput): BlockEffect {
  const arms = armsOf(input);
  const { control, variant } = arms;
  const missing = [...arms.missing];
  for (const [name, arm] of Object.entries({ control, variant })) {
    if (arm.ratio <= 0) {
      missing.push({ code: "zero-ratio", message: `${name}: the ratio is 0 and has no logarithm` });
    }
  }
  const ratio = Math.log(variant.ratio / control.ratio);
  const estimate = Number.isFinite(ratio) ? ratio : Number.NaN;
  const it: Assembled = { ...arms, input, estimate };
  if (missing.length > 0) return unjudged({ ...known(it), blocks: it.blocks, warnings: missing });
  const spread = blockVariance(
    variant.influence.map((psi, b) => psi / variant.ratio - control.influence[b]! / control.ratio),
  );
  if (spread.variance === 0 && input.amounts === true) {
    const message = "every block is the same, so chance has no size: finer values would do";
    return unjudged({
      ...known(it),
      blocks: it.blocks,
      warnings: [{ code: "no-spread", message }],
    });
  }
  const z = normalQuantile((1 + input.confidence) / 2);
  const unseen = (arm: ArmRatio): number => Math.log1p(z ** 2 / arm.numerator) / z;
  const se =
    spread.variance > 0 ? Math.sqrt(spread.variance) : Math.hypot(unseen(control), unseen(variant));
  return judged(it, spread, se);
}
