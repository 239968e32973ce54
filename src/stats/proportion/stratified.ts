import { chiSquareTail } from "../distributions.ts";
import { type Heterogeneity, cochranQ } from "../heterogeneity.ts";

/** Counts of one stratum: rows are the samples, columns yes and no. */
export type TwoByTwo = readonly [readonly [number, number], readonly [number, number]];

export interface MantelHaenszel {
  /** With one degree of freedom. */
  readonly chiSquare: number;
  readonly pValue: number;
  /** Mantel and Haenszel's; ∞ or NaN where no stratum speaks against it. */
  readonly commonOddsRatio: number;
}

/**
 * The Cochran–Mantel–Haenszel test that within no stratum the samples differ, and the odds ratio
 * that the strata have in common. With `continuity` (unless told otherwise) ½ is taken from the
 * difference. Strata of fewer than two are left out; none that says anything gives a p-value of 1.
 * Source: Mantel & Haenszel 1959; Agresti 1990, §7.4.
 */
export function mantelHaenszel(
  strata: readonly TwoByTwo[],
  { continuity = true }: { readonly continuity?: boolean } = {},
): MantelHaenszel {
  let [difference, variance, agree, disagree] = [0, 0, 0, 0];
  for (const [[a, b], [c, d]] of strata) {
    const total = a + b + c + d;
    if (total < 2) continue;
    const [row1, row2, column1, column2] = [a + b, c + d, a + c, b + d];
    difference += a - (row1 * column1) / total;
    variance += (row1 * row2 * column1 * column2) / (total ** 2 * (total - 1));
    agree += (a * d) / total;
    disagree += (b * c) / total;
  }
  const commonOddsRatio = agree / disagree;
  if (!(variance > 0)) return { chiSquare: 0, pValue: 1, commonOddsRatio };
  const distance = Math.max(0, Math.abs(difference) - (continuity ? 0.5 : 0));
  const chiSquare = distance ** 2 / variance;
  return { chiSquare, pValue: chiSquareTail(chiSquare, 1), commonOddsRatio };
}

/**
 * Woolf's test that the odds ratio is the same in every stratum: Cochran's Q of their logarithms,
 * with ½ added to every cell (Haldane), so that empty ones do no harm.
 * Source: Woolf 1955; Haldane 1956.
 */
export function woolf(strata: readonly TwoByTwo[]): Heterogeneity {
  return cochranQ(
    strata.map((stratum) => {
      const [a, b, c, d] = stratum.flat().map((count) => count + 0.5) as [
        number,
        number,
        number,
        number,
      ];
      return { estimate: Math.log((a * d) / (b * c)), variance: 1 / a + 1 / b + 1 / c + 1 / d };
    }),
  );
}
