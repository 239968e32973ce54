import {
  mixtureScale,
  neighbourVariance,
  normalQuantile,
  oneSidedLogE,
  tQuantile,
} from "../../stats/index.ts";

/** The scale of a block's effect where no harm at all is tolerated. */
const SCALE_MIN = 0.01;

/**
 * The scale of the e-process of one metric in one stage, from what is known before it begins: blocks
 * that differ by about the margin.
 */
export function harmScale(margin: number, plannedBlocks: number, alpha: number): number {
  const scale = Math.max(margin, SCALE_MIN);
  const plannedSumOfSquares = Math.max(plannedBlocks, 1) * scale ** 2;
  return mixtureScale({ plannedSumOfSquares, alpha, sides: 1 });
}

/** Lag-1 from which blocks are taken to resemble their neighbours: a few of them tell it poorly. */
const RESEMBLE_ABOVE = 0.15;
const RHO_MAX = 0.95;
const DF_MIN = 2;

/** Lag-1 autocorrelation with its small-sample bias put back. Source: Marriott & Pope 1954. */
function lag1Of(effects: readonly number[], mean: number, squares: number): number {
  let products = 0;
  for (let i = 1; i < effects.length; i++) {
    products += (effects[i]! - mean) * (effects[i - 1]! - mean);
  }
  const lag1 = products / squares;
  return lag1 + (1 + 4 * lag1) / effects.length;
}

/**
 * How many times as much the sum of these effects varies as that of unrelated ones, at least 1: as
 * `neighbourVariance` says, and where lag 1 is above 0.15, for what a few blocks cannot tell of it: AR(1)
 * of a lag 1 that is one standard error higher, and the tail at `alpha` of t instead of the normal,
 * with as many degrees of freedom as that leaves.
 */
function dependence(effects: readonly number[], alpha: number): number {
  const count = effects.length;
  if (count < 2) return 1;
  const mean = effects.reduce((sum, effect) => sum + effect, 0) / count;
  const squares = effects.reduce((sum, effect) => sum + (effect - mean) ** 2, 0);
  if (squares === 0) return 1;
  const plain = (count / (count - 1)) * squares;
  const found = Math.max(1, neighbourVariance(effects).variance / plain);
  const rho = Math.min(lag1Of(effects, mean, squares), RHO_MAX);
  if (rho <= RESEMBLE_ABOVE) return found;
  const higher = Math.min(rho + Math.sqrt((1 - rho ** 2) / count), RHO_MAX);
  const factor = Math.max(found, (1 + higher) / (1 - higher));
  const df = Math.max(DF_MIN, count / factor - 1);
  return factor * (tQuantile(1 - alpha, df) / normalQuantile(1 - alpha)) ** 2;
}

/**
 * The evidence against "no harm" (θ ≤ 0) that a stage's blocks hold: ln of the most that the
 * e-process of `EProcess` has reached, with what blocks differ by widened by how they resemble their
 * neighbours, as all of them so far tell it, at the `alpha` that it is held against. Widening takes
 * evidence away and never adds any, so that of unrelated blocks the test keeps its alpha exactly;
 * `test/bench/gates.bench.ts` shows it for others.
 */
export function harmEvidence(
  effects: readonly number[],
  rho: number,
  alpha: number,
): { readonly lnE: number; readonly widening: number } {
  const widening = dependence(effects, alpha);
  let [sum, squares, lnE] = [0, 0, 0];
  for (const [index, effect] of effects.entries()) {
    sum += effect;
    squares += effect ** 2;
    const aboutMean = squares - sum ** 2 / (index + 1);
    lnE = Math.max(lnE, oneSidedLogE(sum, squares + (widening - 1) * aboutMean, rho));
  }
  return { lnE, widening };
}
