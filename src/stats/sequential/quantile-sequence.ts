import { rootBetween } from "../root.ts";
import { type BetaBinomialMixture, shareMixture, type Tuning } from "./beta-binomial.ts";

/** Ranks of order statistics, counted from 1, that enclose a quantile at all times together. */
export interface SequenceRanks {
  /** 0 when so few values give no lower bound. */
  readonly lowRank: number;
  /** n + 1 when so few values give no upper bound. */
  readonly highRank: number;
}

/**
 * A confidence sequence of the p-quantile: with probability 1 − `alpha` it lies in [X(lowRank), X(highRank)]
 * after every one of the n values, however many; about 1.55 × as wide as an interval for one look,
 * where n is `tOpt`. For independent values: of clustered ones give n over the design effect, and
 * scale the ranks back; then it is an approximation.
 * Source: Howard & Ramdas 2022, theorem 1 with the beta-binomial mixture.
 */
export function quantileSequence(
  input: Tuning & { readonly n: number; readonly p: number; readonly alpha: number },
): SequenceRanks {
  const { alpha, n, p } = input;
  const reach = (share: number): number =>
    shareMixture(share, input).bound(share * (1 - share) * n, alpha);
  const lowRank = Math.max(0, Math.ceil(n * p - reach(1 - p)));
  return { lowRank, highRank: Math.min(n, Math.floor(n * p + reach(p))) + 1 };
}

/**
 * How far from p the share of `t` values at or below the p-quantile may be, at all times together, in
 * closed form: a check on, and a little wider than, what `quantileSequence` uses.
 * Source: Howard & Ramdas 2022, theorem 1, eq. 6.
 */
export function quantileRadius(t: number, p: number, alpha: number): number {
  const ell = (1.4 * Math.log(Math.log(2.1 * t)) + Math.log(10 / alpha)) / t;
  return 1.5 * Math.sqrt(p * (1 - p) * ell) + 0.8 * ell;
}

/** One arm's evidence against its p-quantile being x, as a function of x: falls, is flat, rises. */
interface Evidence {
  at(x: number): number;
  /** Where it is least. */
  readonly from: number;
  readonly to: number;
}

/** How many of the ascending values are below `x`, or at or below it. */
function rankIn(sorted: Float64Array, x: number, orEqual: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const value = sorted[middle]!;
    if (value < x || (orEqual && value === x)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function evidenceOf(sorted: Float64Array, p: number, mixture: BetaBinomialMixture): Evidence {
  const n = sorted.length;
  const evidence = (share: number): number => mixture.logE((share - p) * n, p * (1 - p) * n);
  // Its slope changes sign once, near p but not at it: the mixture is not symmetric.
  const nudge = 1e-5;
  const slope = (share: number): number => evidence(share + nudge) - evidence(share - nudge);
  const least = rootBetween(slope, nudge, 1 - nudge, 1e-9);
  const from = sorted[Math.max(0, Math.ceil(least * n) - 1)]!;
  const to = sorted[Math.min(n - 1, Math.floor(least * n))]!;
  return {
    from,
    to,
    at(x) {
      if (x < from) return evidence(rankIn(sorted, x, true) / n);
      if (x > to) return evidence(rankIn(sorted, x, false) / n);
      return evidence(least);
    },
  };
}

/**
 * An always-valid two-sided p-value for two independent arms having the same p-quantile: at or below α
 * at any time with probability at most α where they have. For independent values (see
 * `quantileSequence`); 1 where an arm is empty.
 * Source: Howard & Ramdas 2022, theorem 5.
 */
export function quantileAbPValue(
  input: Tuning & {
    readonly control: Iterable<number>;
    readonly variant: Iterable<number>;
    readonly p: number;
  },
): number {
  const arms = [input.control, input.variant].map((arm) => Float64Array.from(arm).toSorted());
  if (arms.some((sorted) => sorted.length === 0)) return 1;
  const mixture = shareMixture(input.p, input);
  const [first, second] = arms
    .map((sorted) => ({ sorted, ...evidenceOf(sorted, input.p, mixture) }))
    .toSorted((a, b) => a.to - b.to);
  // The sum is least between the two flat parts, where the first rises and the second falls in steps.
  const sum = (x: number): number => first!.at(x) + second!.at(x);
  let least = Math.min(sum(first!.to), sum(second!.from));
  const start = rankIn(second!.sorted, first!.to, true);
  const end = rankIn(second!.sorted, second!.from, true);
  for (const x of second!.sorted.subarray(Math.max(0, start - 1), end)) {
    least = Math.min(least, sum(x));
  }
  return Math.min(1, Math.exp(-least));
}
