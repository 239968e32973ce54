import { sampleQuantile } from "../../stats/index.ts";
import type { DependencyCall, ProfileAttempts } from "./schema.ts";

interface Gap {
  readonly us: number;
  /** The attempt that it leads to: 2 for the first retry. */
  readonly attempt: number;
  /** It is as long as the answer before it said to wait: the pace is not the caller's own. */
  readonly told: boolean;
}

const PLACES = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1];
/** Gaps after the same number of attempts that are needed to tell of their spread. */
const SAME_GAPS_MIN = 20;
/** Below this spread timers and queues alone explain it. */
const SPREAD_MIN_US = 1_000;
/** Timers may fire this much before their time. */
const TIMER_SLACK_US = 1_000;
/** Robust coefficient of variation of the gaps, below which there is no jitter. */
const JITTER_CV = 0.1;
/** From p10 to p90 of a normal law, in standard deviations. */
const NORMAL_SPREAD = 2.563;

const attemptOf = ({ attempt = 1 }: DependencyCall): number => attempt;
const endUs = ({ latencyUs, offsetUs }: DependencyCall): number => offsetUs + latencyUs;
const sorted = (gaps: readonly Gap[]): number[] =>
  gaps.map(({ us }) => us).toSorted((a, b) => a - b);

/** Null with too few gaps after the same number of attempts: exponential back-off is no jitter. */
function isJittered(gaps: readonly Gap[]): boolean | null {
  const same = [...Map.groupBy(gaps, ({ attempt }) => attempt).values()]
    .filter(({ length }) => length >= SAME_GAPS_MIN)
    .map(sorted);
  if (same.length === 0) return null;
  const cvs = same.map((us) => {
    const spreadUs = (sampleQuantile(us, 0.9) - sampleQuantile(us, 0.1)) / NORMAL_SPREAD;
    const cv = spreadUs < SPREAD_MIN_US ? 0 : spreadUs / Math.max(sampleQuantile(us, 0.5), 1);
    return { cv, weight: us.length };
  });
  const weight = cvs.reduce((sum, each) => sum + each.weight, 0);
  return cvs.reduce((sum, each) => sum + each.cv * each.weight, 0) / weight >= JITTER_CV;
}

function backOffOf(gaps: readonly Gap[]): ProfileAttempts["backOff"] {
  // Who waits what it is told shows the dependency's pace, not its own.
  const own = gaps.filter(({ told }) => !told);
  const shown = own.length === 0 ? gaps : own;
  if (shown.length === 0) return null;
  const us = sorted(shown);
  return {
    count: shown.length,
    quantiles: PLACES.map((p): [number, number] => [p, sampleQuantile(us, p)]),
    jittered: isJittered(shown),
  };
}

/** How the calls to one dependency were repeated, told of each request's calls once. */
export class AttemptCounts {
  /** Calls that are a first attempt, a second, … */
  readonly #counts: number[] = [];
  readonly #gaps: Gap[] = [];

  /** @param calls of one request, by rising offset */
  add(calls: readonly DependencyCall[]): void {
    for (const [index, call] of calls.entries()) {
      const attempt = attemptOf(call);
      while (this.#counts.length < attempt) this.#counts.push(0);
      this.#counts[attempt - 1]!++;
      if (attempt === 1) continue;
      const before = calls
        .slice(0, index)
        .filter(
          (one) =>
            attemptOf(one) === attempt - 1 &&
            one.route === call.route &&
            one.key === call.key &&
            endUs(one) <= call.offsetUs,
        )
        .reduce<DependencyCall | null>(
          (last, one) => (last === null || endUs(one) > endUs(last) ? one : last),
          null,
        );
      if (before === null) continue;
      const us = call.offsetUs - endUs(before);
      const toldUs = (before.retryAfterMs ?? 0) * 1e3;
      this.#gaps.push({ us, attempt, told: toldUs > 0 && us + TIMER_SLACK_US >= toldUs });
    }
  }

  describe(): ProfileAttempts {
    // Where a capture lost the first of several, there were as many firsts as seconds at least.
    const reached = [...this.#counts];
    for (let i = reached.length - 2; i >= 0; i--)
      reached[i] = Math.max(reached[i]!, reached[i + 1]!);
    const [logicalCalls = 1] = reached;
    const all = reached.reduce((sum, count) => sum + count, 0);
    const [first = 0, ...repeats] = this.#counts;
    const repeated = repeats.reduce((sum, count) => sum + count, 0);
    return {
      logicalCalls,
      mean: all / logicalCalls,
      counts: reached.map((count, i) => count - (reached[i + 1] ?? 0)),
      retryRatio: repeated / (first + repeated),
      backOff: backOffOf(this.#gaps),
    };
  }
}
