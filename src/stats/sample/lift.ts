/** Sums of independent values: merged by adding up. */
export interface Summary {
  /** At least 2. */
  readonly n: number;
  readonly sum: number;
  readonly sumOfSquares: number;
}

export interface Lift {
  /** Variant minus control; "relative", over the control's mean. */
  readonly estimate: number;
  readonly se: number;
  readonly df: number;
}

function varianceOf({ n, sum, sumOfSquares }: Summary): number {
  return (sumOfSquares - sum ** 2 / n) / (n - 1);
}

/**
 * The difference of two means from sums, absolute or relative to the control's (which then has to
 * be other than 0), with its standard error by the delta method and Welch's degrees of freedom. For
 * independent values only: blocks have `pairedBlockLogRatio`.
 * Source: Welch 1947; Deng, Knoblich & Lu 2018 (the delta method).
 */
export function lift(control: Summary, variant: Summary, scale: "absolute" | "relative"): Lift {
  const [base, mean] = [control.sum / control.n, variant.sum / variant.n];
  const [v1, v2] = [varianceOf(control) / control.n, varianceOf(variant) / variant.n];
  const df = (v1 + v2) ** 2 / (v1 ** 2 / (control.n - 1) + v2 ** 2 / (variant.n - 1));
  if (scale === "absolute") return { estimate: mean - base, se: Math.sqrt(v1 + v2), df };
  const se = Math.sqrt(v2 / base ** 2 + (v1 * mean ** 2) / base ** 4);
  return { estimate: (mean - base) / base, se, df };
}
