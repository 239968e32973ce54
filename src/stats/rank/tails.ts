import { normalCdf } from "../distributions.ts";

/** Which way the first sample (or the difference) is supposed to lie; `two-sided`: either way. */
export type Alternative = "two-sided" | "greater" | "less";

/** `exact`: from the permutation distribution. `normal`: from its normal approximation. */
export type RankMethod = "exact" | "normal";

/** p-value from P(S ≤ s) and P(S ≥ s); two-sided it is twice the smaller one, at most 1. */
export function pOfTails(atMost: number, atLeast: number, alternative: Alternative): number {
  if (alternative === "greater") return Math.min(1, atLeast);
  if (alternative === "less") return Math.min(1, atMost);
  return Math.min(1, 2 * Math.min(atMost, atLeast));
}

/**
 * p-value of a statistic that lies `distance` from its mean, `sd` its standard deviation. With
 * `continuity`, half a step is taken towards the mean. A statistic that cannot vary shows nothing: 1.
 */
export function pOfNormal(
  distance: number,
  sd: number,
  options: { readonly alternative: Alternative; readonly continuity: boolean },
): number {
  if (!(sd > 0)) return 1;
  const { alternative, continuity } = options;
  const half = continuity ? 0.5 : 0;
  const step = { "two-sided": Math.sign(distance) * half, greater: half, less: -half }[alternative];
  const z = (distance - step) / sd;
  return pOfTails(normalCdf(z), normalCdf(-z), alternative);
}

/** P(S ≤ s) and P(S ≥ s) of a distribution on 0, 1, 2, … given by its masses. */
export function tailsAt(masses: Float64Array, s: number): { atMost: number; atLeast: number } {
  let [atMost, atLeast] = [0, 0];
  for (const [value, mass] of masses.entries()) {
    if (value <= s) atMost += mass;
    if (value >= s) atLeast += mass;
  }
  return { atMost, atLeast };
}
