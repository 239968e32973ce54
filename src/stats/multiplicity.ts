/** Adjusted p-values of `pValues`, from the order in which a procedure visits them. */
function adjust(
  pValues: readonly number[],
  step: (p: number, rank: number) => number,
  up: boolean,
) {
  const order = pValues.map((_, i) => i).toSorted((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = Array.from(pValues, () => 1);
  let reached = up ? 1 : 0;
  for (const rank of up ? order.keys().toArray().toReversed() : order.keys()) {
    const value = Math.min(1, step(pValues[order[rank]!]!, rank + 1));
    reached = up ? Math.min(reached, value) : Math.max(reached, value);
    adjusted[order[rank]!] = reached;
  }
  return adjusted;
}

/**
 * Holm's adjusted p-values, in the order given: reject those at or below α, and the chance of any
 * false rejection is at most α, whatever the dependence.
 * Source: Holm 1979.
 */
export function holm(pValues: readonly number[]): number[] {
  return adjust(pValues, (p, rank) => p * (pValues.length - rank + 1), false);
}

/**
 * Benjamini and Hochberg's adjusted p-values, in the order given: reject those at or below q, and
 * the expected share of false ones among the rejected is at most q, if the tests are independent
 * or positively dependent.
 * Source: Benjamini & Hochberg 1995.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  return adjust(pValues, (p, rank) => (p * pValues.length) / rank, true);
}

/** Bonferroni's adjusted p-values, in the order given. Holm's reject all that these do, and more. */
export function bonferroni(pValues: readonly number[]): number[] {
  return pValues.map((p) => Math.min(1, p * pValues.length));
}

/**
 * Hochberg's adjusted p-values, in the order given: as Holm's, but valid only for tests that are
 * independent or positively dependent.
 * Source: Hochberg 1988.
 */
export function hochberg(pValues: readonly number[]): number[] {
  return adjust(pValues, (p, rank) => p * (pValues.length - rank + 1), true);
}

/**
 * Benjamini and Yekutieli's adjusted p-values, in the order given: as Benjamini and Hochberg's, for
 * any dependence.
 * Source: Benjamini & Yekutieli 2001.
 */
export function benjaminiYekutieli(pValues: readonly number[]): number[] {
  const harmonic = pValues.reduce((sum, _, i) => sum + 1 / (i + 1), 0);
  return adjust(pValues, (p, rank) => (p * pValues.length * harmonic) / rank, true);
}

/**
 * Which tests are rejected at a false discovery rate of `q` by the two-stage procedure: Benjamini
 * and Hochberg's at q/(1 + q) says how many hypotheses are true, and is then repeated with that
 * number. For independent tests; in the order given.
 * Source: Benjamini, Krieger & Yekutieli 2006, definition 6.
 */
export function twoStageBenjaminiHochberg(pValues: readonly number[], q: number): boolean[] {
  const adjusted = benjaminiHochberg(pValues);
  const level = q / (1 + q);
  const count = pValues.length;
  const rejected = adjusted.filter((p) => p <= level).length;
  if (rejected === 0 || rejected === count) return adjusted.map(() => rejected > 0);
  return adjusted.map((p) => p <= (level * count) / (count - rejected));
}
