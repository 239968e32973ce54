import { normalQuantile } from "../distributions.ts";
import type { Interval } from "../effect.ts";
import { rankSumSd, untiedU } from "./mann-whitney.ts";
import { midRanks } from "./ranks.ts";
import { doubledSignedRanks, signedRankSd } from "./signed-rank.ts";
import type { RankMethod } from "./tails.ts";

/** A shift with its interval; (−∞, ∞) around NaN where there is no value to compare. */
export interface Shift extends Interval {
  readonly estimate: number;
  readonly method: RankMethod;
}

const EXACT_MAX = 50;
const NOTHING: Omit<Shift, "method"> = { estimate: Number.NaN, low: -Infinity, high: Infinity };

interface Asked {
  /** Two-sided, e.g. 0.95. */
  readonly confidence: number;
  /** `exact` below 50 values in a sample without ties unless given, as R has it. */
  readonly method?: RankMethod;
}

/** The largest rank from an end that still leaves at most α/2 beyond: 1 where none is so small. */
function exactRank(masses: Float64Array, tail: number): number {
  let cdf = 0;
  for (const [value, mass] of masses.entries()) {
    cdf += mass;
    if (cdf >= tail * (1 - 1e-12)) return Math.max(1, value);
  }
  return 1;
}

/** Median and symmetric order statistics of all possible shifts. */
function shiftOf(shifts: Float64Array, rank: number, method: RankMethod): Shift {
  const sorted = shifts.toSorted();
  const at = (r: number): number => sorted[r - 1]!;
  const size = sorted.length;
  const estimate = (at(Math.floor((size + 1) / 2)) + at(Math.floor(size / 2) + 1)) / 2;
  const inside = Math.min(Math.max(1, rank), Math.floor((size + 1) / 2));
  return { estimate, low: at(inside), high: at(size + 1 - inside), method };
}

/** The rank at which the normal statistic, a half step nearer to its mean, passes the quantile. */
function normalRank(size: number, sd: number, confidence: number): number {
  return Math.ceil(size / 2 - 0.5 - normalQuantile((1 + confidence) / 2) * sd);
}

/**
 * By how much the first sample lies above the second: the median of all differences of a first and
 * a second value, with the interval that belongs to Mann and Whitney's test: the shifts that it
 * does not reject. Both ends are such differences, whatever the unit (R and Kayenta look for the
 * same ends to within an absolute 0.0001, so that theirs depend on the unit). Samples must be of
 * independent values. Takes time and space in proportion to the number of pairs.
 *
 * With samples too small for the confidence the interval spans all differences.
 * Source: Hodges & Lehmann 1963; Lehmann 1975, §2.5–6; Bauer 1972.
 */
export function hodgesLehmann(
  first: readonly number[],
  second: readonly number[],
  { confidence, method: asked }: Asked,
): Shift {
  const [m, n] = [first.length, second.length];
  const { tieSizes } = midRanks([...first, ...second]);
  const untied = tieSizes.every((size) => size === 1);
  const method = asked ?? (untied && Math.max(m, n) < EXACT_MAX ? "exact" : "normal");
  if (m * n === 0) return { ...NOTHING, method };
  const differences = new Float64Array(m * n);
  for (const [i, x] of first.entries()) {
    for (const [j, y] of second.entries()) differences[i * n + j] = x - y;
  }
  if (method === "exact") {
    return shiftOf(differences, exactRank(untiedU(m, n), (1 - confidence) / 2), method);
  }
  // Shifted by anything but a difference, values of one sample are equal to none of the other's.
  const within = [...midRanks(first).tieSizes, ...midRanks(second).tieSizes];
  const rank = normalRank(m * n, rankSumSd(m, n, within), confidence);
  return shiftOf(differences, rank, method);
}

/**
 * The centre of symmetric differences: the median of all their pairwise means (Walsh averages, each
 * with itself too), with the interval that belongs to Wilcoxon's signed-rank test.
 * Source: Hodges & Lehmann 1963; Lehmann 1975, §4.3–4.
 */
export function pseudomedian(
  differences: readonly number[],
  { confidence, method: asked }: Asked,
): Shift {
  const n = differences.length;
  const { tieSizes } = midRanks(differences.map(Math.abs));
  const plain = tieSizes.every((size) => size === 1) && !differences.includes(0);
  const method = asked ?? (plain && n < EXACT_MAX ? "exact" : "normal");
  if (n === 0) return { ...NOTHING, method };
  const walsh = new Float64Array((n * (n + 1)) / 2);
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) walsh[at++] = (differences[i]! + differences[j]!) / 2;
  }
  if (method === "exact") {
    const doubled = doubledSignedRanks(Array.from({ length: n }, (_, i) => i + 1));
    const masses = Float64Array.from({ length: walsh.length + 1 }, (_, v) => doubled[2 * v]!);
    return shiftOf(walsh, exactRank(masses, (1 - confidence) / 2), method);
  }
  const untied = Array.from({ length: n }, () => 1);
  return shiftOf(walsh, normalRank(walsh.length, signedRankSd(n, untied), confidence), method);
}
