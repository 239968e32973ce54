import { ShakedownError } from "../core/index.ts";
import { blockVariance } from "./block-variance.ts";
import { type BlockCounts, type Distribution, rankOf } from "./distribution.ts";
import { normalQuantile } from "./distributions.ts";
import {
  type BlockEffect,
  type EffectWarning,
  MIN_EXCEEDANCES,
  blockShortage,
  pAboveZero,
  tInterval,
  unjudged,
} from "./effect.ts";

/** One arm: all its values, and the same values cut at the block boundaries both arms share. */
export interface ArmBlocks {
  readonly pooled: Distribution;
  /** In order of time; a block may be empty. */
  readonly blocks: readonly BlockCounts[];
  /** How many of the pooled values are only known to be at least the cap (requests that failed). */
  readonly censoredCount?: number;
}

export interface PairedBlockQuantileInput {
  /** The quantile, in (0, 1): 0.99 for p99. */
  readonly p: number;
  /** Two-sided, e.g. 0.95. */
  readonly confidence: number;
  readonly control: ArmBlocks;
  readonly variant: ArmBlocks;
  /** Standard deviation between runs on the log scale, registered before, when it is one run. */
  readonly betweenRunSd?: number;
}

/** One arm's quantile, and what is missing to judge it. */
export interface ArmQuantile {
  readonly value: number;
  readonly exceedances: number;
  /** Influence of each block on the logarithm of the quantile. */
  readonly influence: readonly number[];
  /** Variance of that logarithm if all values were independent. */
  readonly independentVariance: number;
  readonly missing: readonly EffectWarning[];
}

/** Which quantile, how sure, and what messages call it. */
export interface Asked {
  readonly p: number;
  readonly confidence: number;
  readonly name: string;
}

const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);

/** A share of the independent values' variance that only rounding leaves. */
const NOTHING = 1e-9;

/** `p99`, `p99.9` */
export const quantileName = (p: number): string => `p${Number((p * 100).toFixed(4))}`;

function shortage(exceedances: number, arm: string, name: string): EffectWarning[] {
  if (exceedances >= MIN_EXCEEDANCES) return [];
  const times = (MIN_EXCEEDANCES / exceedances).toFixed(1);
  const more = exceedances === 0 ? "" : `: about ${times} × the requests would do`;
  const message = `${arm}: need at least ${MIN_EXCEEDANCES} slower than ${name}, have ${exceedances}${more}`;
  return [{ code: "few-exceedances", message }];
}

/** How far values among which the quantile may lie spread: `[Q(p−h), Q(p+h)]`, widened over ties. */
function densityAt(arm: ArmBlocks, p: number, h: { wanted: number; most: number }) {
  for (let half = Math.min(h.wanted, h.most); ; half = Math.min(2 * half, h.most)) {
    const width = arm.pooled.quantile(p + half) - arm.pooled.quantile(p - half);
    if (width > 0) return (2 * half) / width;
    if (!(half < h.most)) return Infinity;
  }
}

/** One arm's quantile with what each block adds to it. `label`: the arm, for messages. */
export function armQuantile(arm: ArmBlocks, label: string, asked: Asked): ArmQuantile {
  const { p, name } = asked;
  const count = arm.pooled.count;
  const value = count === 0 ? Number.NaN : arm.pooled.quantile(p);
  const exceedances = count === 0 ? 0 : count - arm.pooled.countAtOrBelow(value);
  const failed = (code: EffectWarning["code"], message: string): ArmQuantile => ({
    value,
    exceedances,
    influence: [],
    independentVariance: 0,
    missing: [{ code, message: `${label}: ${message}` }],
  });
  if (count === 0) return failed("empty-arm", "no values");
  const uncensored = count - (arm.censoredCount ?? 0);
  if (rankOf(count, p) > uncensored) {
    return failed(
      "censored",
      `${name} lies beyond the cap, among ${arm.censoredCount} requests without an answer`,
    );
  }
  if (!(value > 0)) return failed("zero-quantile", `${name} is ${value} and has no logarithm`);

  const excess = arm.blocks.map((block) => p * block.count - block.countAtOrBelow(value));
  const binomial = p * (1 - p) * count;
  const deff = Math.max(1, blockDispersion(excess) / binomial);
  const plain = normalQuantile((1 + asked.confidence) / 2) * Math.sqrt((p * (1 - p)) / count);
  const most = Math.min(p - 1 / count, 1 - 1 / count - p, uncensored / count - p);
  if (most < Math.min(plain, p - 1 / count, 1 - 1 / count - p)) {
    return failed(
      "censored",
      `the interval of ${name} reaches beyond the cap, among the requests without an answer`,
    );
  }
  const density = densityAt(arm, p, { wanted: plain * Math.sqrt(deff), most });
  if (density === Infinity) {
    const tooFew = count * (1 - p) < MIN_EXCEEDANCES ? shortage(exceedances, label, name) : [];
    const tied = failed("no-spread", `all values around ${name} are the same`);
    return tooFew.length > 0 ? { ...tied, missing: tooFew } : tied;
  }
  const scale = count * density * value;
  return {
    value,
    exceedances,
    influence: excess.map((x) => x / scale),
    independentVariance: binomial / scale ** 2,
    missing: shortage(exceedances, label, name),
  };
}

function blockDispersion(excess: readonly number[]): number {
  const mean = sum(excess) / excess.length;
  const squares = sum(excess.map((x) => (x - mean) ** 2));
  return excess.length < 2 ? 0 : (excess.length / (excess.length - 1)) * squares;
}

/** Both arms without the blocks that are empty in both. */
function usable(input: PairedBlockQuantileInput): { control: ArmBlocks; variant: ArmBlocks } {
  const { control, variant } = input;
  for (const arm of [control, variant]) {
    const inBlocks = sum(arm.blocks.map((block) => block.count));
    if (arm.blocks.length !== control.blocks.length || inBlocks !== arm.pooled.count) {
      throw new ShakedownError(
        "INTERNAL",
        `blocks do not fit: ${arm.blocks.length} blocks of ${inBlocks} values beside ` +
          `${control.blocks.length} blocks, pooled ${arm.pooled.count}`,
        { hint: "cut both arms at the same boundaries, and pool exactly what is in the blocks" },
      );
    }
  }
  const keep = (_: BlockCounts, b: number): boolean =>
    control.blocks[b]!.count + variant.blocks[b]!.count > 0;
  return {
    control: { ...control, blocks: control.blocks.filter(keep) },
    variant: { ...variant, blocks: variant.blocks.filter(keep) },
  };
}

/**
 * By how much the variant's quantile differs from the control's: θ = ln Q_v − ln Q_c, with a
 * t interval over paired time blocks. Unit-free; `exp(θ) − 1` is the relative change. Values may be
 * correlated within blocks in any way; blocks that resemble their neighbours are treated as
 * `blockVariance` says. With histograms everything is true to the width of a bucket.
 *
 * Each block's influence on ln Q is `ψ_b = (p·n_b − s_b)/(N f̂ Q̂)`: s_b of its n_b values are at or
 * below Q̂, f̂ is the density there from `Q̂(p ± h)`, h the half-width of Woodruff's interval with
 * the arm's design effect. `V̂` is the variance of Σ(ψ_vb − ψ_cb); SE² = V̂ + betweenRunSd². The
 * degrees of freedom are the blocks', taking betweenRunSd as known. If the blocks do not differ at
 * all (V̂ = 0) the variance of independent values takes V̂'s place.
 *
 * Not judged, with warnings: an empty arm; fewer than 20 blocks (those empty in both arms do not
 * count); fewer than 100 values above a quantile; a quantile that is 0, or all of whose neighbours
 * are the same, or that lies among the censored values or within its own interval of them.
 *
 * @throws INTERNAL when the arms' blocks differ in number or do not add up to the pooled values.
 *
 * Source: Bahadur 1966; Woodruff 1952; Francisco & Fuller 1991; Deng, Knoblich & Lu 2018.
 */
export function pairedBlockQuantile(input: PairedBlockQuantileInput): BlockEffect {
  const { p, confidence } = input;
  const arms = usable(input);
  const asked: Asked = { p, confidence, name: quantileName(p) };
  const control = armQuantile(arms.control, "control", asked);
  const variant = armQuantile(arms.variant, "variant", asked);
  const estimate = Math.log(variant.value / control.value);
  const blocks = arms.control.blocks.length;
  const missing = [...blockShortage(blocks), ...control.missing, ...variant.missing];
  const known = {
    estimate: Number.isFinite(estimate) ? estimate : Number.NaN,
    confidence,
    control: control.value,
    variant: variant.value,
    exceedances: { control: control.exceedances, variant: variant.exceedances },
  };
  if (missing.length > 0) return unjudged({ ...known, blocks, warnings: missing });

  const spread = blockVariance(variant.influence.map((psi, b) => psi - control.influence[b]!));
  const independent = control.independentVariance + variant.independentVariance;
  const within = spread.variance > NOTHING * independent ? spread.variance : independent;
  const se = Math.sqrt(within + (input.betweenRunSd ?? 0) ** 2);
  const scale = { se, df: spread.df, confidence };
  return {
    ...known,
    ...tInterval(estimate, scale),
    ...scale,
    judged: true,
    blocks: spread.blocks,
    lag1: spread.lag1,
    varianceFactor: spread.factor,
    pHarm: pAboveZero(estimate, scale),
    warnings: spread.warnings,
  };
}
