import { midRanks, tieCorrection } from "./ranks.ts";
import { type Alternative, type RankMethod, pOfNormal, pOfTails, tailsAt } from "./tails.ts";

/** Beyond this many values in a sample the exact distribution is left for the normal one. */
const EXACT_MAX = 50;

export interface MannWhitney {
  /** Pairs of a first and a second value in which the first is larger; equal ones count half. */
  readonly u: number;
  readonly pValue: number;
  readonly method: RankMethod;
  /** Common language effect size: the probability that a first value is the larger; NaN if empty. */
  readonly cles: number;
  /** 2·CLES − 1, from −1 (every first value is smaller) to 1. */
  readonly cliffsDelta: number;
}

export interface MannWhitneyOptions {
  /** About the first sample; two-sided unless given. */
  readonly alternative?: Alternative;
  /** `exact` up to 50 values in each sample unless given; up to 1,000 in all it can be asked for. */
  readonly method?: RankMethod;
  /** Of the normal method, half a step towards the mean; yes unless given. */
  readonly continuity?: boolean;
}

/**
 * The distribution of the rank sum of `size` of the values, doubled (mid-ranks are halves), over all
 * ways to choose them: masses by doubled rank sum.
 */
function doubledRankSums(ranks: readonly number[], size: number): Float64Array {
  const doubled = ranks.map((rank) => 2 * rank);
  const most = doubled
    .toSorted((a, b) => b - a)
    .slice(0, size)
    .reduce((sum, r) => sum + r, 0);
  const chosen = Array.from({ length: size + 1 }, () => new Float64Array(most + 1));
  chosen[0]![0] = 1;
  for (const [i, rank] of doubled.entries()) {
    for (let k = Math.min(i + 1, size); k >= 1; k--) {
      const [from, to] = [chosen[k - 1]!, chosen[k]!];
      for (let sum = most; sum >= rank; sum--) to[sum]! += from[sum - rank]!;
    }
  }
  const masses = chosen[size]!;
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  return masses.map((mass) => mass / total);
}

/**
 * Mann and Whitney's U test of two independent samples of finite values. The exact p-value is that
 * of the permutation distribution given the ties; the normal one has its variance corrected for
 * ties. Where either sample is empty or all values are equal, nothing is shown: the p-value is 1.
 *
 * It takes the values for independent: on latencies that resemble their neighbours it rejects far
 * too often (`blockRankDifference` does not).
 *
 * The default is R's `wilcox.test` where no values are equal (which is exact below 50 values, not up to
 * 50), and benchstat's where some are.
 * `{ method: "normal" }` is R's with ties.
 * Source: Mann & Whitney 1947; Lehmann 1975, §1.4 (ties); Vargha & Delaney 2000 (CLES).
 */
export function mannWhitney(
  first: readonly number[],
  second: readonly number[],
  options: MannWhitneyOptions = {},
): MannWhitney {
  const [m, n] = [first.length, second.length];
  const { alternative = "two-sided", continuity = true } = options;
  const method = options.method ?? (Math.max(m, n) <= EXACT_MAX ? "exact" : "normal");
  const { ranks, tieSizes } = midRanks([...first, ...second]);
  const rankSum = ranks.slice(0, m).reduce((sum, rank) => sum + rank, 0);
  const u = rankSum - (m * (m + 1)) / 2;
  const cles = m * n === 0 ? Number.NaN : u / (m * n);
  const known = { u, method, cles, cliffsDelta: 2 * cles - 1 };
  if (m * n === 0) return { ...known, pValue: 1 };
  if (method === "exact") {
    const { atLeast, atMost } = tailsAt(doubledRankSums(ranks, m), 2 * rankSum);
    return { ...known, pValue: pOfTails(atMost, atLeast, alternative) };
  }
  const sd = rankSumSd(m, n, tieSizes);
  return { ...known, pValue: pOfNormal(u - (m * n) / 2, sd, { alternative, continuity }) };
}

/** The standard deviation of U when both samples come from one distribution. */
export function rankSumSd(m: number, n: number, tieSizes: readonly number[]): number {
  const all = m + n;
  const ties = tieCorrection(tieSizes) / (all * (all - 1));
  return Math.sqrt(Math.max(0, ((m * n) / 12) * (all + 1 - ties)));
}

/** The exact distribution of U of two samples without ties: masses of 0…mn. */
export function untiedU(m: number, n: number): Float64Array {
  const ranks = Array.from({ length: m + n }, (_, i) => i + 1);
  const doubled = doubledRankSums(ranks, m);
  return Float64Array.from({ length: m * n + 1 }, (_, u) => doubled[m * (m + 1) + 2 * u]!);
}
