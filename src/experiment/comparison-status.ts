/** One metric in one stage, as the verdict needs it. `effect` is null when too little was measured. */
export interface JudgedComparison {
  readonly label: string;
  /** The variant, where there may be several. */
  readonly arm?: string;
  readonly stage: string;
  readonly role: "primary" | "secondary" | "guardrail";
  readonly effect: {
    readonly kind: "relative" | "difference";
    readonly estimate: number;
    readonly low: number;
    readonly high: number;
  } | null;
  readonly margin: number;
  /** Which way is harm: up, unless `higher` is better. */
  readonly better?: "lower" | "higher";
  /** Of a registered superiority: the gain that is claimed, above 0 on the effect's scale. */
  readonly minimumEffect?: number | undefined;
  /** One-sided p-value for "no harm", adjusted over all harm tests of the run (Holm). */
  readonly adjustedPHarm: number | null;
  readonly warnings: readonly string[];
}

export type ComparisonStatus =
  | "within-margin"
  | "small-harm"
  | "harm"
  | "improved"
  | "no-gain"
  | "inconclusive";

/**
 * Where one interval lies against its margin, turned around where higher is better.
 * `harm`: shown (adjusted p ≤ alpha/2) and at least the margin. `within-margin`: the whole interval
 * is below the margin; `small-harm` is that, with harm below the margin shown. Else `inconclusive`.
 *
 * Where a gain is claimed: `improved` when the whole interval is below 0 and the gain claimed is not
 * excluded; `no-gain` when it is (the interval ends before it), be there a smaller one or none.
 * Source: non-inferiority and the three regions; Berger 1982 for the conjunction.
 */
export function statusOf(comparison: JudgedComparison, alpha: number): ComparisonStatus {
  const { adjustedPHarm, margin, minimumEffect } = comparison;
  if (comparison.effect === null || adjustedPHarm === null) return "inconclusive";
  const { estimate, high, low } = harmUp(comparison.effect, comparison.better);
  // NaN compares as false everywhere below: it must not pass for "within".
  if ([estimate, low, high].some(Number.isNaN)) return "inconclusive";
  if (adjustedPHarm <= alpha / 2 && estimate >= margin) return "harm";
  if (minimumEffect !== undefined) {
    if (low > -minimumEffect) return "no-gain";
    return high < 0 ? "improved" : "inconclusive";
  }
  if (high >= margin) return "inconclusive";
  return low > 0 ? "small-harm" : "within-margin";
}

type Effect = NonNullable<JudgedComparison["effect"]>;

/** The effect with harm above 0, whichever way is better. */
function harmUp(effect: Effect, better: JudgedComparison["better"]): Omit<Effect, "kind"> {
  const { estimate, high, low } = effect;
  return better === "higher" ? { estimate: -estimate, low: -high, high: -low } : effect;
}

/** The estimate with harm above 0; null where nothing was judged. */
export const harmOf = ({ better, effect }: JudgedComparison): number | null =>
  effect === null ? null : harmUp(effect, better).estimate;
