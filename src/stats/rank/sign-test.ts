import { binomialPmf } from "../binomial.ts";
import { type Alternative, pOfTails, tailsAt } from "./tails.ts";

/**
 * The exact sign test: p-value of `positive` among `n` signs (zeros left out before) that are
 * positive with probability ½. 1 where there is none.
 * Source: Conover 1999, §3.4.
 */
export function signTest(
  positive: number,
  n: number,
  alternative: Alternative = "two-sided",
): number {
  const { atLeast, atMost } = tailsAt(binomialPmf(n, 0.5), positive);
  return pOfTails(atMost, atLeast, alternative);
}
