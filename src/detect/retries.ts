import type { EmulatedCall } from "../measure/index.ts";
import type { StageWindow } from "./detector.ts";
import { median, quantile } from "./join.ts";

/** How the calls of an arm to a dependency were repeated, over some stages. */
export interface RetryReading {
  readonly calls: number;
  /** Calls that name their request, and those of them that are no retries. */
  readonly joined: number;
  readonly logical: number;
  readonly retries: number;
  /** The longest chain of attempts, each after a failure of the one before. */
  readonly attemptsMax: number;
  readonly failures: number;
  readonly limited: number;
  /** Retries after a refusal that said how long to wait, and those that came before that. */
  readonly toldToWait: number;
  readonly early: number;
  /** Retries of calls that are not safe to send twice. */
  readonly unsafe: number;
  /** Median from a failure to the retry after it; NaN without retries. */
  readonly gapMs: number;
  /**
   * Robust coefficient of variation of the gaps after the same number of attempts, by their lower half,
   * which a busy machine leaves alone: in the ward, at a load of 30, 0.03 to 0.07 without jitter (up to
   * 0.4 of a client that was late itself) and 0.18 and more with it; NaN as above.
   */
  readonly gapCv: number;
}

/** A call with what it repeats: null for the first attempt, and for what cannot be joined. */
export interface Attempt {
  readonly call: EmulatedCall;
  readonly before: EmulatedCall | null;
  /** 1 for a call that repeats nothing, 2 for its first retry, … */
  readonly inARow: number;
}

/** Timers may fire this much before their time. */
const TIMER_SLACK_NS = 1e6;
/** Below this spread timers and queues alone explain it. */
const SPREAD_FLOOR_MS = 1;
/** Gaps after the same number of attempts that are needed to tell of their spread. */
const GAPS = 20;

/**
 * Which calls are retries: the next of the same request for the same key after one that failed.
 * Asking once more after a good answer is another call. `calls` are in order of arrival.
 */
export function attemptsOf(calls: readonly EmulatedCall[]): Attempt[] {
  const last = new Map<string, Attempt>();
  return calls.map((call) => {
    const id = `${call.seq}/${call.key}`;
    const previous = call.seq < 0 ? undefined : last.get(id);
    const again = previous !== undefined && previous.call.outcome !== "ok";
    const attempt = again
      ? { call, before: previous.call, inARow: previous.inARow + 1 }
      : { call, before: null, inARow: 1 };
    if (call.seq >= 0) last.set(id, attempt);
    return attempt;
  });
}

const gapNs = ({ before, call }: Attempt): number =>
  before === null ? Number.NaN : Math.max(call.arriveNs - before.endNs, 0);

const cutShort = (attempt: Attempt): boolean =>
  gapNs(attempt) + TIMER_SLACK_NS < (attempt.before?.retryAfterMs ?? 0) * 1e6;

/** The spread of gaps after one number of attempts: exponential backoff is not jitter. */
export function gapsOf(retries: readonly Attempt[]): { gapMs: number; gapCv: number } {
  // A caller that waited what it was told shows the dependency's pace, not its own.
  const own = retries.filter((retry) => retry.before?.retryAfterMs === 0 || cutShort(retry));
  const shown = own.length === 0 ? retries : own;
  const gapMs = median(shown.map((retry) => gapNs(retry) / 1e6));
  const byRank = Map.groupBy(shown, ({ inARow }) => inARow);
  const enough = [...byRank.values()].filter((same) => same.length >= GAPS);
  const same = (enough.length === 0 ? [...byRank.values()] : enough).map((each) => {
    const gapsMs = each.map((retry) => gapNs(retry) / 1e6);
    // (p50 − p10) / 1.28 is the standard deviation of a normal. A busy machine is late, never early.
    const spreadMs = (median(gapsMs) - quantile(gapsMs, 0.1)) / 1.28;
    return { weight: each.length, cv: spreadMs < SPREAD_FLOOR_MS ? 0 : spreadMs / median(gapsMs) };
  });
  const weight = same.reduce((sum, each) => sum + each.weight, 0);
  const gapCv = same.reduce((sum, each) => sum + each.cv * each.weight, 0) / weight;
  return { gapMs, gapCv };
}

/** Attempts that arrived in any of the stages. */
export const attemptsIn = (
  attempts: readonly Attempt[],
  stages: readonly StageWindow[],
): readonly Attempt[] =>
  attempts.filter(({ call }) =>
    stages.some(({ fromNs, toNs }) => call.arriveNs >= fromNs && call.arriveNs < toNs),
  );

/** Reads the attempts that arrived in any of the stages. */
export function readRetries(
  attempts: readonly Attempt[],
  stages: readonly StageWindow[],
): RetryReading {
  const inside = attemptsIn(attempts, stages);
  const retries = inside.filter(({ before }) => before !== null);
  const told = retries.filter(({ before }) => (before?.retryAfterMs ?? 0) > 0);
  const joined = inside.filter(({ call }) => call.seq >= 0).length;
  return {
    calls: inside.length,
    joined,
    logical: joined - retries.length,
    retries: retries.length,
    attemptsMax: inside.reduce((most, { inARow }) => Math.max(most, inARow), 0),
    failures: inside.filter(({ call }) => call.outcome !== "ok").length,
    limited: inside.filter(({ call }) => call.outcome === "limited").length,
    toldToWait: told.length,
    early: told.filter(cutShort).length,
    unsafe: retries.filter(({ call }) => !call.safe).length,
    ...gapsOf(retries),
  };
}
