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
