import { binomialNearMode } from "./binomial.ts";

/** Ranks of order statistics, counted from 1, that enclose a quantile. */
export interface OrderInterval {
  /** 0 when so few values give no lower bound. */
  readonly lowRank: number;
  /** n + 1 when so few values give no upper bound. */
  readonly highRank: number;
  /** The probability that [X(lowRank), X(highRank)] holds the quantile, at least `confidence`. */
  readonly coverage: number;
}

/**
 * The distribution-free interval of the p-quantile (`p` in (0, 1)) of `n` independent values:
 * `l = max{k : F(k−1) ≤ α/2}`, `u = min{k : F(k−1) ≥ 1 − α/2}`, F the binomial(n, p). Takes time and
 * space in proportion to √n. Values that come in clusters: give n over the design effect.
 * Source: David & Nagaraja 2003 §7.1; Hahn & Meeker 1991.
 */
export function quantileOrderInterval(n: number, p: number, confidence: number): OrderInterval {
  const tail = (1 - confidence) / 2;
  const { from, pmf } = binomialNearMode(n, p);
  let lowRank = from;
  let highRank = n + 1;
  let [belowLow, belowHigh] = [0, 1];
  let cdf = 0;
  for (const [place, mass] of pmf.entries()) {
    const k = from + place;
    cdf += mass;
    if (cdf <= tail) [lowRank, belowLow] = [k + 1, cdf];
    // k = n is certain, and so bounds nothing: rank n + 1 does not exist.
    if (cdf >= 1 - tail && k < n) {
      [highRank, belowHigh] = [k + 1, cdf];
      break;
    }
  }
  return { lowRank, highRank, coverage: belowHigh - belowLow };
}
