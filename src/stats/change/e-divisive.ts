import { type Prng, seededPrng } from "../../core/index.ts";

export interface ChangePoint {
  /** Index of the first value after the change. */
  readonly index: number;
  /** Energy distance of the parts before and after, scaled by their sizes. */
  readonly statistic: number;
  /** Of the permutation test that found it. */
  readonly pValue: number;
}

export interface EDivisiveOptions {
  /** The largest p-value of a change, e.g. 0.05. */
  readonly significance: number;
  /** Permutations of each test; enough for twice the smallest p-value needed unless given. */
  readonly permutations?: number;
  /** The fewest values between two changes; 2 at the least and unless given. */
  readonly minSize?: number;
  /** Of the permutations. */
  readonly seed: string;
}

interface Split {
  readonly index: number;
  readonly statistic: number;
}

/** Permutations that reach the statistic, after which a test is given up: p is then hits ÷ tries. */
const HITS_ENOUGH = 20;

/** Distances between all values of a segment, row by row. */
function distancesOf(values: readonly number[]): Float64Array {
  const n = values.length;
  const all = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) all[i * n + j] = Math.abs(values[i]! - values[j]!);
  }
  return all;
}

/** The best place to split values taken in `order`, by the sums of distances within and between. */
function bestSplit(distances: Float64Array, order: readonly number[], minSize: number): Split {
  const n = order.length;
  let [before, after, between] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) after += distances[order[i]! * n + order[j]!]!;
  }
  let best: Split = { index: 0, statistic: -Infinity };
  for (let m = 1; m < n; m++) {
    // The value m − 1 goes over from the part after to the part before.
    const row = order[m - 1]! * n;
    let [toBefore, toAfter] = [0, 0];
    for (let i = 0; i < m - 1; i++) toBefore += distances[row + order[i]!]!;
    for (let j = m; j < n; j++) toAfter += distances[row + order[j]!]!;
    before += toBefore;
    after -= toAfter;
    between += toAfter - toBefore;
    const rest = n - m;
    if (m < minSize || rest < minSize) continue;
    const within = before / ((m * (m - 1)) / 2) + after / ((rest * (rest - 1)) / 2);
    const statistic = ((m * rest) / n) * ((2 * between) / (m * rest) - within);
    if (statistic > best.statistic) best = { index: m, statistic };
  }
  return best;
}

function shuffle(order: number[], prng: Prng): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(prng() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
}

/**
 * Where the distribution of a series changes: the split with the largest energy distance, kept when
 * a permutation test finds it significant, then the same on both sides of it. In order of time. The
 * p-value is (x + 1)/(B + 1), never 0; a test that is hopeless is given up early (Besag & Clifford).
 * Finds any change, not of the mean alone. Values are taken for independent while nothing changes:
 * give means of blocks. Without a unit: scaling the series changes nothing. Time grows with
 * B × n².
 * Source: Matteson & James 2014, with α = 1; Phipson & Smyth 2010 (the p-value).
 */
export function eDivisive(series: readonly number[], options: EDivisiveOptions): ChangePoint[] {
  const { significance } = options;
  const permutations = options.permutations ?? Math.ceil(2 / significance) - 1;
  const minSize = Math.max(2, options.minSize ?? 2);
  const prng = seededPrng(options.seed);

  function within(from: number, to: number): ChangePoint[] {
    const n = to - from;
    if (n < 2 * minSize) return [];
    const distances = distancesOf(series.slice(from, to));
    const order = Array.from({ length: n }, (_, i) => i);
    const found = bestSplit(distances, order, minSize);
    // Equal values in another order differ by rounding.
    const reached = found.statistic * (1 - 1e-12);
    if (!(found.statistic > 0)) return [];
    let [hits, tries] = [0, 0];
    while (tries < permutations && hits < HITS_ENOUGH) {
      shuffle(order, prng);
      if (bestSplit(distances, order, minSize).statistic >= reached) hits++;
      tries++;
    }
    const pValue = hits === HITS_ENOUGH ? hits / tries : (hits + 1) / (permutations + 1);
    if (pValue > significance) return [];
    const at = from + found.index;
    return [
      ...within(from, at),
      { index: at, statistic: found.statistic, pValue },
      ...within(at, to),
    ];
  }
  return within(0, series.length);
}
