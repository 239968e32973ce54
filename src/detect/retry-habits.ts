import type { Evidence, StageWindow } from "./detector.ts";
import type { Attempt } from "./retries.ts";

/** How an arm tries again, beyond how often: what a policy has, or lacks. */
export interface RetryHabits {
  /**
   * Of the failures after which there could have been one more attempt, the share that was tried
   * again: all of them where there is no budget. NaN where attempts cannot be joined.
   */
  readonly retriedRatio: number;
  /** Retries that arrive when their request has ended: nobody waits for them. */
  readonly zombies: number;
  /** Variance over mean of the calls that arrive in 100 ms: about 1 when they come independently. */
  readonly dispersion: number;
}

const BIN_NS = 100e6;
/** The request's end and the call's arrival are read by two threads. */
const SLACK_NS = 1e6;

const isIn = ({ call }: Attempt, { fromNs, toNs }: StageWindow): boolean =>
  call.arriveNs >= fromNs && call.arriveNs < toNs;

function dispersionOf(attempts: readonly Attempt[], { fromNs, toNs }: StageWindow): number {
  const bins = Array.from({ length: Math.max(Math.floor((toNs - fromNs) / BIN_NS), 1) }, () => 0);
  for (const { call } of attempts) {
    const bin = Math.floor((call.arriveNs - fromNs) / BIN_NS);
    if (bin < bins.length) bins[bin]!++;
  }
  const mean = bins.reduce((sum, n) => sum + n, 0) / bins.length;
  const variance = bins.reduce((sum, n) => sum + (n - mean) ** 2, 0) / bins.length;
  return mean === 0 ? 0 : variance / mean;
}

/** Habits of an arm in a stage. `attempts` are all of its calls to one dependency. */
export function habitsOf(
  evidence: Evidence,
  arm: number,
  attempts: readonly Attempt[],
  stage: StageWindow,
): RetryHabits {
  const inside = attempts.filter((attempt) => isIn(attempt, stage));
  const most = inside.reduce((max, { inARow }) => Math.max(max, inARow), 0);
  const triedAgain = new Set(attempts.map(({ before }) => before));
  const open = inside.filter(
    ({ call, inARow }) => call.seq >= 0 && call.outcome !== "ok" && inARow < most,
  );
  const again = open.filter(({ call }) => triedAgain.has(call)).length;
  const zombies = inside.filter(({ before, call }) => {
    const endNs = evidence.request(arm, call.seq)?.endNs ?? Infinity;
    return before !== null && call.arriveNs > endNs + SLACK_NS;
  });
  return {
    retriedRatio: open.length === 0 ? Number.NaN : again / open.length,
    zombies: zombies.length,
    dispersion: dispersionOf(inside, stage),
  };
}
