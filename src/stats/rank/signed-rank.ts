import { midRanks, tieCorrection } from "./ranks.ts";
import { type Alternative, type RankMethod, pOfNormal, pOfTails, tailsAt } from "./tails.ts";

/** Beyond this many differences the exact distribution is left for the normal one. */
const EXACT_MAX = 50;

export interface SignedRank {
  /** The sum of the ranks of the differences above 0, by their size. */
  readonly v: number;
  /** Differences that are not 0: the others are left out. */
  readonly n: number;
  readonly pValue: number;
  readonly method: RankMethod;
}

/** Masses of the doubled sum of ranks, each counted or not with probability ½. */
export function doubledSignedRanks(ranks: readonly number[]): Float64Array {
  const most = ranks.reduce((sum, rank) => sum + 2 * rank, 0);
  const masses = new Float64Array(most + 1);
  masses[0] = 1;
  for (const rank of ranks) {
    const step = 2 * rank;
    for (let sum = most; sum >= 0; sum--) {
      masses[sum] = (masses[sum]! + (sum >= step ? masses[sum - step]! : 0)) / 2;
    }
  }
  return masses;
}

/** The standard deviation of V given the sizes of the groups of equal ranks. */
export function signedRankSd(n: number, tieSizes: readonly number[]): number {
  return Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24 - tieCorrection(tieSizes) / 48);
}

/**
 * Wilcoxon's signed-rank test of paired differences (finite, independent, symmetric about their
 * centre) against a centre of 0. The exact p-value (the default up to 50 differences) is that of
 * the distribution over all signs given the ties; the normal one has its variance corrected for
 * ties. Differences of 0 are dropped; with none left the p-value is 1.
 * Source: Wilcoxon 1945; Lehmann 1975, §3.2–3.
 */
export function signedRank(
  differences: readonly number[],
  options: {
    readonly alternative?: Alternative;
    readonly method?: RankMethod;
    readonly continuity?: boolean;
  } = {},
): SignedRank {
  const { alternative = "two-sided", continuity = true } = options;
  const kept = differences.filter((difference) => difference !== 0);
  const n = kept.length;
  const method = options.method ?? (n <= EXACT_MAX ? "exact" : "normal");
  const { ranks, tieSizes } = midRanks(kept.map(Math.abs));
  const v = ranks.reduce((sum, rank, i) => sum + (kept[i]! > 0 ? rank : 0), 0);
  if (n === 0) return { v, n, method, pValue: 1 };
  if (method === "exact") {
    const { atLeast, atMost } = tailsAt(doubledSignedRanks(ranks), 2 * v);
    return { v, n, method, pValue: pOfTails(atMost, atLeast, alternative) };
  }
  const distance = v - (n * (n + 1)) / 4;
  const pValue = pOfNormal(distance, signedRankSd(n, tieSizes), { alternative, continuity });
  return { v, n, method, pValue };
}
