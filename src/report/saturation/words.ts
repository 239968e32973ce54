import { formatRatio, formatRatePerSec, formatUs } from "../../core/index.ts";
import type { Saturation, SaturationArm, SaturationSearch } from "./model.ts";

const range = (low: string, high: string): string => `${low} … ${high}`;

/** Why a search ended where the target was not seen to fail. */
const END_WORDS: Readonly<Record<SaturationSearch["end"], string>> = {
  found: "",
  generator: "the generator cannot send more here",
  "max-rate": "the highest rate allowed holds",
  "none-held": "not even the lowest rate held",
  steps: "there were no steps left to look closer",
  stopped: "the search was stopped",
};

function endWords({ abovePerSec, end, lowerBound }: SaturationSearch): string {
  if (end === "generator" && lowerBound && abovePerSec !== null) {
    return `the generator cannot send more than ${formatRatePerSec(abovePerSec)} here`;
  }
  return END_WORDS[end];
}

/** `knee 1,240/s (1,180/s … 1,300/s in 3 runs)`, or why there is none, or why it may be higher. */
export function kneeWords({ knee, searches }: SaturationArm): string {
  const ends = [...new Set(searches.map(endWords).filter((words) => words !== ""))].join("; ");
  if (knee === null) return `no knee${ends === "" ? ": nothing was measured" : `: ${ends}`}`;
  const { interval, lowerBound, ratePerSec, runs } = knee;
  const least = lowerBound ? "at least " : "";
  const { low, high } = interval ?? { low: Number.NaN, high: Number.NaN };
  const within =
    interval === null
      ? ""
      : ` (${range(formatRatePerSec(low), formatRatePerSec(high))} in ${runs} runs)`;
  return `knee ${least}${formatRatePerSec(ratePerSec)}${within}${ends === "" ? "" : `: ${ends}`}`;
}

/** By how much the knee differs, with its interval and what is decided. */
export function comparisonWords({ arms, comparison }: Saturation): string | null {
  const [control, target] = arms;
  if (target === undefined) return null;
  const knees = [control!.knee, target.knee].filter((knee) => knee !== null);
  if (comparison === null || knees.length < 2) {
    return "the knees cannot be compared: an arm has none";
  }
  const { because, change, decision, interval, margin } = comparison;
  const signed = (ratio: number): string => formatRatio(ratio, { signed: true });
  const within =
    interval === null ? "" : ` (${range(signed(interval.low), signed(interval.high))})`;
  const rates = knees.map(
    ({ lowerBound, ratePerSec }) =>
      `${lowerBound ? "at least " : ""}${formatRatePerSec(ratePerSec)}`,
  );
  const more = formatRatio(margin);
  const decided = {
    lower: `lower by more than ${more}`,
    "not-lower": `not lower by ${more} or more`,
    "not-shown": `not shown to be lower, or not, by ${more}: ${because ?? ""}`,
  }[decision];
  return `knee ${rates.join(" → ")}, ${signed(change)}${within}: ${decided}`;
}

/** What was asked of every step. */
export function criterionWords({ goodputMin, load, p99Limit }: Saturation): string {
  const good = `${formatRatio(goodputMin)} of what is offered answered below 500 within ${load.timeoutS} s`;
  if (p99Limit === null) return `holds: ${good}`;
  const { from, us } = p99Limit;
  const origin =
    from === null
      ? ""
      : ` (${Number((us / from.p99Us).toPrecision(3))} × the p99 of ${from.arm} at ${formatRatePerSec(from.ratePerSec)})`;
  return `holds: ${good}, p99 response time within ${formatUs(us)}${origin}, and no growing backlog`;
}

const small = (value: number): string =>
  value < 1e-9 ? "0" : String(Number(value.toPrecision(3)));

/** The Universal Scalability Law of one arm, in words: what it says of where throughput ends. */
export function uslWords({ usl }: SaturationArm): string {
  if (usl.status === "unstable") return `no scalability law: ${usl.because}`;
  const { intervals, kappa, lambda, sigma } = usl;
  const about = (value: number, interval: typeof intervals.sigma): string =>
    interval === null
      ? small(value)
      : `${small(value)} (${range(small(interval.low), small(interval.high))})`;
  const law = `λ ${formatRatePerSec(lambda)} with one in flight on average, σ ${about(sigma, intervals.sigma)}, κ ${about(kappa, intervals.kappa)}`;
  return `${law}: ${limitWords(usl)}`;
}

type Fitted = Extract<SaturationArm["usl"], { status: "fitted" }>;

/** Where throughput ends. A fall that the points do not show is not spoken of. */
function limitWords({ intervals, kappa, lambda, measured, peak, sigma }: Fitted): string {
  const most = `${small(measured.high)} in flight`;
  const falls = kappa > 0 && (intervals.kappa === null || intervals.kappa.low > 0);
  if (falls && peak !== null && peak.concurrency <= measured.high) {
    const at = `${formatRatePerSec(peak.throughputPerSec)} with ${small(peak.concurrency)} in flight`;
    return `by this law throughput is highest, ${at}, and falls beyond`;
  }
  // At κ = 0 the law levels off: X(N) → λ ÷ σ. With a κ that may be 0 that would be a guess.
  if (kappa < 1e-9 && sigma > 1e-6) {
    return `by this law throughput levels off towards ${formatRatePerSec(lambda / sigma)}`;
  }
  if (kappa > 0) return `no fall of throughput is shown up to ${most}`;
  return `throughput grows with concurrency up to ${most}`;
}
