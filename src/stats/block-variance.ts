import type { EffectWarning } from "./effect.ts";
import { tQuantile } from "./distributions.ts";
import { MIN_BLOCKS } from "./effect.ts";
import { slowVariance } from "./slow-variance.ts";

/** Lag-1 above which neighbouring blocks are merged, and the reader is warned. */
const MERGE_ABOVE = 0.3;
/** Corrected lag-1 above which the variance is widened. Lower buys little and costs width. */
const WIDEN_ABOVE = 0.1;
/** Corrected lag-1 above which lag 2 says how slowly the dependence fades. */
const DECAY_ABOVE = 0.2;
const DECAY_MAX = 0.9;
const RHO_MAX = 0.95;

export interface BlockVariance {
  /** Variance of the sum of the contributions; 0 when they are all alike. */
  readonly variance: number;
  readonly df: number;
  readonly blocks: number;
  readonly lag1: number;
  readonly factor: number;
  readonly warnings: readonly EffectWarning[];
}

interface Moments {
  readonly sumOfSquares: number;
  /** Σ (D_b − D̄)(D_{b+h} − D̄). */
  covariance(lag: number): number;
}

function momentsOf(values: readonly number[]): Moments {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - mean);
  const covariance = (lag: number): number => {
    let sum = 0;
    for (let i = lag; i < centred.length; i++) sum += centred[i]! * centred[i - lag]!;
    return sum;
  };
  return { sumOfSquares: covariance(0), covariance };
}

const lag1Of = (moments: Moments): number =>
  moments.sumOfSquares > 0 ? moments.covariance(1) / moments.sumOfSquares : 0;

/** Twice as long blocks; an odd last one joins the pair before it. */
function mergeNeighbours(values: readonly number[]): number[] {
  const merged: number[] = [];
  for (let i = 0; i + 1 < values.length; i += 2) merged.push(values[i]! + values[i + 1]!);
  if (values.length % 2 === 1) merged[merged.length - 1]! += values.at(-1)!;
  return merged;
}

/** Newey–West's weighted sum of autocovariances, with the usual number of lags. */
function bartlettSum(moments: Moments, blocks: number): number {
  const lags = Math.floor(4 * (blocks / 100) ** (2 / 9));
  let sum = moments.sumOfSquares;
  for (let lag = 1; lag <= lags; lag++) {
    sum += 2 * (1 - lag / (lags + 1)) * moments.covariance(lag);
  }
  return sum;
}

/**
 * The variance of a sum of block contributions that may resemble their neighbours.
 *
 * `V̂ = K/(K−1) · Σ(D_b − D̄)²` with K − 1 degrees of freedom, when the blocks are unrelated.
 * Where their lag-1 autocorrelation is above 0.3, neighbouring blocks are merged while at least
 * 20 remain. What is left of it, ρ (with the small-sample bias (1 + 4ρ)/K added back), widens V̂
 * from ρ > 0.1 on: by `1 + 2ρ/(1 − φ)`, φ being ρ itself or, from ρ > 0.2 on, lag 2 over lag 1
 * where that is larger (noise on top of a slow drift lowers lag 1, not how slowly it fades). The
 * Bartlett sum takes its place where larger. Degrees of freedom fall to K over that factor, less
 * one (at least 2).
 *
 * What moves slowly beneath noise hardly shows in neighbours: where `slowVariance` finds some, and its
 * 95 % interval is the wider one, it takes the place of all that.
 *
 * Widening starts at 0.1 and not at 0.3 because an untreated ρ of 0.2 alone doubles the false
 * alarms; it makes an interval of unrelated blocks 6 % wider at K = 60, 2 % at K = 120. Slow
 * movements make it another 3 % wider, which costs 1 (K = 24) to 2 points of a power of 70 to 80 %.
 *
 * What it gives, as the rate of one-sided p ≤ 0.025 where there is no effect (untreated beside it):
 * AR(1) effects of lag 1 up to 0.8, K ≥ 60: 0.018–0.025 (0.053–0.26); K = 40: 0.029 (0.27); K = 24:
 * 0.044 (0.27). AR(1) 0.8 under noise of 0.8 × its variance: 0.028 (0.20) at K = 120, 0.042 (0.20) at
 * K = 60, 0.063 at K = 40, 0.082 (0.19) at K = 24 (0.035, 0.051 and 0.063 by neighbours alone down to
 * 40); under three times as much noise, of which lag 1 shows 0.2: 0.031, 0.042 and 0.061 at K = 240,
 * 120 and 60 (0.063 to 0.073 by neighbours). `test/stats/false-harm.test.ts` holds these figures. More
 * blocks, or more runs, are the remedy.
 *
 * Source: Newey & West 1987 (the sum), Marriott & Pope 1954 (the bias), AR(1) and ARMA(1,1)
 * long-run variances (the factor).
 */
export function blockVariance(contributions: readonly number[]): BlockVariance {
  const near = neighbourVariance(contributions);
  const slow = near.variance > 0 ? slowVariance(contributions) : null;
  if (slow === null || halfOf(slow) <= halfOf(near)) return near;
  const factor = (near.factor * slow.variance) / near.variance;
  return { ...near, ...slow, factor };
}

/** Of two variances the one with the wider interval counts: that of 95 %. */
const halfOf = ({ df, variance }: { readonly df: number; readonly variance: number }): number =>
  tQuantile(0.975, df) * Math.sqrt(variance);

/** The same by neighbours alone, for whoever allows for what they hide in a way of its own. */
export function neighbourVariance(contributions: readonly number[]): BlockVariance {
  let values = contributions;
  let moments = momentsOf(values);
  while (lag1Of(moments) > MERGE_ABOVE && values.length / 2 >= MIN_BLOCKS) {
    values = mergeNeighbours(values);
    moments = momentsOf(values);
  }
  const blocks = values.length;
  const lag1 = lag1Of(moments);
  const scale = blocks / (blocks - 1);
  const plain = scale * moments.sumOfSquares;
  const rho = Math.min(lag1 + (1 + 4 * lag1) / blocks, RHO_MAX);
  if (rho <= WIDEN_ABOVE || plain === 0) {
    return { variance: plain, df: blocks - 1, blocks, lag1, factor: 1, warnings: [] };
  }
  const fading = rho > DECAY_ABOVE ? moments.covariance(2) / moments.covariance(1) : rho;
  const factor = 1 + (2 * rho) / (1 - Math.max(rho, Math.min(fading, DECAY_MAX)));
  const variance = Math.max(factor * plain, scale * bartlettSum(moments, blocks));
  return {
    variance,
    df: Math.max(2, blocks / factor - 1),
    blocks,
    lag1,
    factor: variance / plain,
    warnings: lag1 > MERGE_ABOVE ? [autocorrelated(lag1, blocks)] : [],
  };
}

const autocorrelated = (lag1: number, blocks: number): EffectWarning => ({
  code: "autocorrelated",
  message:
    `neighbouring blocks resemble each other (lag-1 ${lag1.toFixed(2)} over ${blocks} blocks): ` +
    "the interval is widened for it; longer blocks, or a longer run, would narrow it",
});
