import { blockVariance, mixtureScale, oneSidedLogE } from "../../stats/index.ts";

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

/**
 * How many times as much the sum of these effects varies as that of unrelated ones, at least 1: blocks
 * that resemble their neighbours are taken as `blockVariance` says.
 */
function dependence(effects: readonly number[]): number {
  const count = effects.length;
  if (count < 2) return 1;
  const mean = effects.reduce((sum, effect) => sum + effect, 0) / count;
  const squares = effects.reduce((sum, effect) => sum + (effect - mean) ** 2, 0);
  const plain = (count / (count - 1)) * squares;
  return plain > 0 ? Math.max(1, blockVariance(effects).variance / plain) : 1;
}

/**
 * The evidence against "no harm" (θ ≤ 0) that a stage's blocks hold: ln of the most that the
 * e-process of `EProcess` has reached, with what blocks differ by widened by how they resemble their
 * neighbours, as all of them so far tell it. Widening takes evidence away and never adds any, so that
 * of unrelated blocks the test keeps its alpha exactly; `test/bench/gates.bench.ts` shows it for others.
 */
export function harmEvidence(
  effects: readonly number[],
  rho: number,
): { readonly lnE: number; readonly widening: number } {
  const widening = dependence(effects);
  let [sum, squares, lnE] = [0, 0, 0];
  for (const [index, effect] of effects.entries()) {
    sum += effect;
    squares += effect ** 2;
    const aboutMean = squares - sum ** 2 / (index + 1);
    lnE = Math.max(lnE, oneSidedLogE(sum, squares + (widening - 1) * aboutMean, rho));
  }
  return { lnE, widening };
}
