import { EProcess, mixtureScale } from "../../stats/index.ts";

/** Lag-1 above which neighbouring blocks are taken together; from so many blocks it can be told. */
const MERGE_ABOVE = 0.3;
const TOLD_FROM = 10;
const FACTOR_MAX = 8;
/** The scale of a block's effect where no harm at all is tolerated. */
const SCALE_MIN = 0.01;

function lag1(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let own = 0;
  let next = 0;
  for (const [i, value] of values.entries()) {
    own += (value - mean) ** 2;
    if (i > 0) next += (value - mean) * (values[i - 1]! - mean);
  }
  return own > 0 ? next / own : 0;
}

function inGroups(values: readonly number[], size: number): number[] {
  const groups = Math.floor(values.length / size);
  return Array.from({ length: groups }, (_, group) =>
    values.slice(group * size, (group + 1) * size).reduce((sum, value) => sum + value, 0),
  );
}

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
 * The evidence against "no harm" (θ ≤ 0) that a stage's blocks hold: ln of the most that the
 * e-process has reached. Blocks that resemble their neighbours (lag-1 above 0.3) are taken two, four
 * or eight together; the last ones, which make no group yet, wait.
 */
export function harmEvidence(
  effects: readonly number[],
  rho: number,
): { readonly lnE: number; readonly blocks: number; readonly together: number } {
  let together = 1;
  let groups = [...effects];
  while (groups.length >= TOLD_FROM && lag1(groups) > MERGE_ABOVE && together < FACTOR_MAX) {
    together *= 2;
    groups = inGroups(effects, together);
  }
  const evidence = new EProcess({ nullEffect: 0, alternative: "greater", rho });
  for (const effect of groups) evidence.add(effect);
  return { lnE: evidence.state.maxLogE, blocks: groups.length, together };
}
