/** Values in the order given, each with the mean of the ranks that it and its equals take (from 1). */
export interface Ranks {
  readonly ranks: readonly number[];
  /** How many values share each rank, in ascending order of value. */
  readonly tieSizes: readonly number[];
}

/** Mid-ranks: equal values share the mean of the ranks they take. Values must be finite. */
export function midRanks(values: readonly number[]): Ranks {
  const order = values.map((_, i) => i).toSorted((a, b) => values[a]! - values[b]!);
  const ranks = Array.from(values, () => 0);
  const tieSizes: number[] = [];
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + 1 + to) / 2;
    tieSizes.push(to - from);
    from = to;
  }
  return { ranks, tieSizes };
}

/** Σ (t³ − t) over groups of t equal values: what ties take from the variance of a rank sum. */
export function tieCorrection(tieSizes: readonly number[]): number {
  return tieSizes.reduce((sum, t) => sum + t ** 3 - t, 0);
}
