import { cusum } from "./cusum.ts";

/** Below this a series has no half that could tell what is usual. */
export const MIN_WARM_UP_VALUES = 20;
/** Decision interval in standard deviations: wide, since level and spread are estimated. */
const DECISION_INTERVAL = 8;
const ALLOWANCE = 0.5;

/**
 * How many values at the beginning of a series, in order of time, are not yet at its level: a CUSUM
 * that goes backwards from the middle to the beginning, with level and spread of the second half
 * (mean and standard deviation of ten values or more). 0 when it does not alarm; when the level was
 * found again before the beginning, for that is no warm-up; when it is more than `atMost` of the
 * values (below a half), for that is a drift, which no cut mends; and for fewer than
 * `MIN_WARM_UP_VALUES`.
 *
 * It finds one where there is none in at most 1 of 100 series of unrelated normal values, 24 to 120 of
 * them (`test/stats/warm-up.test.ts`); of values that resemble their neighbours in many more: cut
 * only by what says nothing of what is compared.
 *
 * Source: Page 1954; Robinson 2007 (limits from the second half); White 1997 (from the end backwards).
 */
export function warmUpLength(values: readonly number[], atMost: number): number {
  const count = values.length;
  if (count < MIN_WARM_UP_VALUES) return 0;
  const middle = Math.floor(count / 2);
  const usual = values.slice(middle);
  const mean = usual.reduce((sum, value) => sum + value, 0) / usual.length;
  const squares = usual.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const sd = Math.sqrt(squares / (usual.length - 1));
  if (!(sd > Number.EPSILON * Math.abs(mean))) return 0;
  const backwards = values.slice(0, middle).toReversed();
  const { high, low } = cusum(backwards, { mean, sd, k: ALLOWANCE, h: DECISION_INTERVAL });
  const length = Math.max(lastExcursion(high), lastExcursion(low));
  return length <= atMost * count ? length : 0;
}

/** How many values the excursion above 0 lasts in which a side ends, if it passes the limit; else 0. */
function lastExcursion(side: readonly number[]): number {
  const since = side.lastIndexOf(0) + 1;
  const excursion = side.slice(since);
  return Math.max(0, ...excursion) > DECISION_INTERVAL ? excursion.length : 0;
}
