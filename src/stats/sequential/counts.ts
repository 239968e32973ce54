import { ShakedownError } from "../../core/index.ts";
import { betaCdf, betaln, gammaln } from "../stdlib.ts";

/**
 * ln of the evidence, after `worse` pairs in which only the variant failed and `better` in which only
 * the control did, against both being equally likely. The one-sided value is evidence for "worse" only.
 * Anytime-valid: reject when it reaches ln(1/α), looked at after every pair. For pairs that do not
 * depend on one another; where failures come in bursts, use the blocks' e-process.
 * Source: Ville 1939; a uniform mixture over the share, on (0, 1) or (½, 1), as in Robbins 1970.
 */
export function sequentialMcNemarLogE(
  pairs: { readonly worse: number; readonly better: number },
  sides: 1 | 2,
): number {
  const { better, worse } = pairs;
  const twoSided = betaln(1 + worse, 1 + better) + (worse + better) * Math.LN2;
  if (sides === 2) return twoSided;
  return twoSided + Math.LN2 + Math.log(betaCdf(0.5, 1 + better, 1 + worse));
}

/** Pseudo-counts spread over the arms: how close to the planned shares a mismatch is expected. */
const CONCENTRATION = 100;

/**
 * ln of the evidence for a sample-ratio mismatch: that `counts` (one an arm) do not come from the planned
 * `shares` (above 0, sum 1). Anytime-valid: reject at ln(1/α), whenever looked at. `prior` is the
 * Dirichlet's, by default 100 × the shares, for small mismatches in large samples.
 * Source: Lindon & Malek 2022 (arXiv 2011.03567).
 * @throws INTERNAL when counts, shares and prior differ in number
 */
export function sampleRatioLogE(
  counts: readonly number[],
  shares: readonly number[],
  prior: readonly number[] = shares.map((share) => CONCENTRATION * share),
): number {
  if (counts.length !== shares.length || prior.length !== shares.length) {
    throw new ShakedownError("INTERNAL", `${counts.length} counts for ${shares.length} shares`);
  }
  const total = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0);
  const weight = total(prior);
  const terms = counts.map((count, i) => {
    const alpha = prior[i]!;
    return gammaln(alpha + count) - gammaln(alpha) - count * Math.log(shares[i]!);
  });
  return gammaln(weight) - gammaln(weight + total(counts)) + total(terms);
}
