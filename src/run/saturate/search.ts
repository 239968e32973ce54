/** What a step at one rate came to. `late`: the generator could not send it, so it tells nothing. */
export type StepOutcome = "holds" | "fails" | "late";

/** A rate that was tried, in the order of trying. */
export interface TriedRate {
  readonly ratePerSec: number;
  readonly outcome: StepOutcome;
}

/** Rates in starts per second, all above 0. */
export interface SearchOptions {
  /** Tried first. */
  readonly startPerSec: number;
  /** Below it a step has too few requests to be judged. */
  readonly minPerSec: number;
  readonly maxPerSec: number;
  /** How close the lowest rate that does not hold must come to the highest that does: 0.05. */
  readonly precision: number;
  readonly stepsMax: number;
}

/**
 * Why a search ended: `found`: the bracket is narrow enough; `generator`: what is above the knee
 * could not be sent; `max-rate`: the highest rate allowed holds; `none-held`: not even the lowest
 * rate holds; `steps`: there were no steps left.
 */
export const SEARCH_ENDS = ["found", "generator", "max-rate", "none-held", "steps"] as const;
export type SearchEnd = (typeof SEARCH_ENDS)[number];

/** What a search knows. */
export interface Bracket {
  /** The highest rate that held; null when none did. */
  readonly kneePerSec: number | null;
  /** The lowest rate above it that did not hold, or could not be sent; null when there is none. */
  readonly abovePerSec: number | null;
  /** The target was not seen to fail above the knee: it can do at least this. */
  readonly lowerBound: boolean;
}

export type NextStep =
  | { readonly kind: "try"; readonly ratePerSec: number }
  | { readonly kind: "end"; readonly end: SearchEnd };

/** What is typed and printed is what is tried. */
const rounded = (ratePerSec: number): number => Number(ratePerSec.toPrecision(4));

/** The last word on each rate; a rate where the generator was late once is not settled yet. */
function settled(tried: readonly TriedRate[]) {
  const byRate = new Map<number, StepOutcome>();
  const lateness = new Map<number, number>();
  for (const { outcome, ratePerSec } of tried) {
    byRate.set(ratePerSec, outcome);
    if (outcome === "late") lateness.set(ratePerSec, (lateness.get(ratePerSec) ?? 0) + 1);
  }
  const last = tried.at(-1);
  const again =
    last?.outcome === "late" && lateness.get(last.ratePerSec) === 1 ? last.ratePerSec : null;
  return { byRate, again };
}

/**
 * The bracket that these steps leave. What holds above a rate that failed is not believed: a
 * target that recovers under more load has still failed under less.
 */
export function bracketOf(tried: readonly TriedRate[]): Bracket {
  const { byRate } = settled(tried);
  const rates = [...byRate].toSorted(([a], [b]) => a - b);
  const above = rates.find(([, outcome]) => outcome !== "holds");
  const held = rates.filter(
    ([rate, outcome]) => outcome === "holds" && (above === undefined || rate < above[0]),
  );
  return {
    kneePerSec: held.at(-1)?.[0] ?? null,
    abovePerSec: above?.[0] ?? null,
    lowerBound: above === undefined || above[1] === "late",
  };
}

/**
 * The next rate of a search for the highest that holds, or why there is none: doubling and halving
 * until one rate holds and one does not, then bisection on the log scale. A rate at which the
 * generator was late is tried once more; late again, it bounds the search like one that fails.
 * Pure: what it says depends on what was tried alone.
 */
export function nextStep(tried: readonly TriedRate[], options: SearchOptions): NextStep {
  const { maxPerSec, minPerSec, precision, startPerSec, stepsMax } = options;
  const within = (ratePerSec: number): NextStep => ({
    kind: "try",
    ratePerSec: Math.min(Math.max(rounded(ratePerSec), minPerSec), maxPerSec),
  });
  const { again } = settled(tried);
  const { abovePerSec, kneePerSec, lowerBound } = bracketOf(tried);
  const full = tried.length >= stepsMax;
  if (tried.length === 0) return within(startPerSec);
  if (again !== null && !full) return within(again);
  if (kneePerSec !== null && abovePerSec !== null && abovePerSec / kneePerSec - 1 <= precision) {
    return { kind: "end", end: lowerBound ? "generator" : "found" };
  }
  if (kneePerSec !== null && kneePerSec >= maxPerSec) return { kind: "end", end: "max-rate" };
  if (kneePerSec === null && abovePerSec !== null && abovePerSec <= minPerSec) {
    return { kind: "end", end: lowerBound ? "generator" : "none-held" };
  }
  if (full) return { kind: "end", end: "steps" };
  if (abovePerSec === null) return within(kneePerSec! * 2);
  if (kneePerSec === null) return within(abovePerSec / 2);
  return within(Math.sqrt(kneePerSec * abovePerSec));
}
