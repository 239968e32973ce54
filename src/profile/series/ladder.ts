/**
 * Whole numbers from `from` to `to`, both included, at most so many for each tenfold: evenly spaced
 * on a logarithmic axis, as far as whole numbers are. Ascending; empty when `to` is below `from`.
 *
 * @param from 1 or more
 */
export function logLadder(from: number, to: number, perDecade: number): number[] {
  if (to < from) return [];
  const steps = Math.ceil(Math.log10(to / from) * perDecade);
  const inner = Array.from({ length: steps }, (_, i) => Math.round(from * 10 ** (i / perDecade)));
  return [...new Set([...inner.filter((value) => value < to), to])];
}
