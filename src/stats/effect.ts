import { tCdf, tQuantile } from "./distributions.ts";

/** The fewest blocks that are judged. Source: t intervals of block effects, K ≥ 20. */
export const MIN_BLOCKS = 20;
/** The fewest values above a quantile, in each arm, for that quantile to be judged. */
export const MIN_EXCEEDANCES = 100;
/** The power for which `BlockEffect.mde` is given. */
export const MDE_POWER = 0.8;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export type EffectWarningCode =
  /** An arm holds no value, or no trial. */
  | "empty-arm"
  /** Fewer than `MIN_BLOCKS` blocks. */
  | "few-blocks"
  /** Fewer than `MIN_EXCEEDANCES` values above the quantile. */
  | "few-exceedances"
  /** The quantile, or what its interval needs, lies among the censored values. */
  | "censored"
  /** A quantile of 0 has no logarithm. */
  | "zero-quantile"
  /** Every value around the quantile is the same. */
  | "no-spread"
  /** A ratio of 0 has no logarithm. */
  | "zero-ratio"
  /** A run has one value of it, and no spread. */
  | "one-per-run"
  /** Neighbouring blocks resemble each other; the interval was widened for it. */
  | "autocorrelated"
  /** So few events that a score interval has a say beside the blocks'. */
  | "rare-events";

export interface EffectWarning {
  readonly code: EffectWarningCode;
  readonly message: string;
}

/** The difference between two arms on one scale, with what is needed to judge it. */
export interface BlockEffect {
  /**
   * Whether the data suffice. When false, `warnings` says what is missing and how much more would
   * do, the interval is (−∞, ∞), `se` and `mde` are ∞ and `pHarm` is 1: whoever forgets to look at
   * `judged` still shows neither safety nor harm.
   */
  readonly judged: boolean;
  /** Variant minus control on the effect's scale; above 0 is worse. NaN when there is none. */
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly se: number;
  readonly df: number;
  /** Two-sided, e.g. 0.95. */
  readonly confidence: number;
  /** The arm's own quantile or ratio, in its unit; NaN when the arm is empty. */
  readonly control: number;
  readonly variant: number;
  /** Blocks the interval rests on, after merging. */
  readonly blocks: number;
  /** Lag-1 autocorrelation of those blocks' effects. */
  readonly lag1: number;
  /** By how much the variance was multiplied for autocorrelation; 1 when not. */
  readonly varianceFactor: number;
  /** Values above the quantile, or the ratio's numerators, by arm. */
  readonly exceedances: { readonly control: number; readonly variant: number };
  /** Minimum detectable effect: two-sided at 1 − confidence, power `MDE_POWER`. */
  readonly mde: number;
  /** One-sided p-value for "not worse" (effect ≤ 0); at most (1 − confidence)/2 where low > 0. */
  readonly pHarm: number;
  readonly warnings: readonly EffectWarning[];
}

/** The two-sided t interval around an estimate. */
export function tInterval(estimate: number, scale: TScale): Interval & { readonly mde: number } {
  const critical = tQuantile((1 + scale.confidence) / 2, scale.df);
  const mde = (critical + tQuantile(MDE_POWER, scale.df)) * scale.se;
  return { low: estimate - critical * scale.se, high: estimate + critical * scale.se, mde };
}

export interface TScale {
  readonly se: number;
  readonly df: number;
  readonly confidence: number;
}

/** One-sided p-value for "the effect is at most 0"; a standard error of 0 decides by sign. */
export function pAboveZero(estimate: number, scale: TScale): number {
  if (scale.se > 0) return tCdf(-estimate / scale.se, scale.df);
  if (estimate === 0) return 0.5;
  return estimate > 0 ? 0 : 1;
}

/** What is known of an effect that cannot be judged. */
export type Unjudged = Pick<
  BlockEffect,
  "estimate" | "confidence" | "control" | "variant" | "blocks" | "exceedances" | "warnings"
>;

/** An effect that cannot be judged: nothing is shown, whichever field is read. */
export function unjudged(known: Unjudged): BlockEffect {
  return {
    ...known,
    judged: false,
    low: -Infinity,
    high: Infinity,
    se: Infinity,
    df: Math.max(0, known.blocks - 1),
    lag1: 0,
    varianceFactor: 1,
    mde: Infinity,
    pHarm: 1,
  };
}

/** The warning for too few blocks, or none. */
export function blockShortage(blocks: number): EffectWarning[] {
  if (blocks >= MIN_BLOCKS) return [];
  const more =
    blocks === 0 ? "" : `: about ${(MIN_BLOCKS / blocks).toFixed(1)} × the time would do`;
  return [
    { code: "few-blocks", message: `need at least ${MIN_BLOCKS} blocks, have ${blocks}${more}` },
  ];
}
