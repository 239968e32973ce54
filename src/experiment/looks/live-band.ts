import { asymptoticHalfWidth, MIN_BLOCKS } from "../../stats/index.ts";

/** Ends of a band, on the margin's scale; above 0 for worse. */
export interface LiveBand {
  readonly low: number;
  readonly high: number;
}

/**
 * A confidence band around a metric's harm so far, for those who watch: it may be looked at after
 * every block. What decides is the e-process. None before there are as many blocks as a verdict needs,
 * or where all are alike.
 *
 * @param harm of all blocks so far, on the margin's scale
 * @param effects of each block, log-ratios where the metric is `relative`
 * @param widening how many times as much they vary as unrelated ones
 * Source: the asymptotic confidence sequence of `asymptoticHalfWidth`.
 */
export function liveBand(
  harm: number | null,
  effects: readonly number[],
  of: {
    readonly relative: boolean;
    readonly widening: number;
    readonly plannedN: number;
    readonly alpha: number;
  },
): LiveBand | null {
  const { alpha, plannedN, relative, widening } = of;
  const n = effects.length;
  // Where no block has an event there is no telling how much they vary.
  if (effects.every((effect) => effect === effects[0])) return null;
  if (harm === null || n < MIN_BLOCKS || (relative && harm <= -1)) return null;
  const mean = effects.reduce((sum, effect) => sum + effect, 0) / n;
  const squares = effects.reduce((sum, effect) => sum + (effect - mean) ** 2, 0);
  const sd = Math.sqrt((widening * squares) / (n - 1));
  const half = asymptoticHalfWidth({ n, sd, plannedN: Math.max(plannedN, 1), alpha });
  const at = relative ? Math.log1p(harm) : harm;
  const scale = (value: number): number => (relative ? Math.expm1(value) : value);
  return { low: scale(at - half), high: scale(at + half) };
}
