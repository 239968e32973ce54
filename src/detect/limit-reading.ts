import { type Counted } from "./beside.ts";
import type { StageWindow } from "./detector.ts";
import type { Attempt } from "./retries.ts";

const RULE = {
  /** Timers may fire this much before their time. */
  slackNs: 1e6,
  /** Moments to come again that callers were told: as near as this they are one, of so many and more than usual. */
  sameNs: 20e6,
  sameTold: 5,
  sameFactor: 5,
  /** After such a moment, how long those who waited for it come together. Source: signatures §6.6. */
  herdNs: 100e6,
  /** Seconds in which calls are refused that are needed to tell what the limit lets through. */
  refusing: 5,
} as const;

/** How an arm gets on with a dependency's limit, in a stage. */
export interface LimitReading {
  readonly stage: StageWindow;
  readonly calls: number;
  readonly limited: number;
  /** Retries of calls that were told how long to wait, and those of them that came before that. */
  readonly told: number;
  readonly early: number;
  /** Retries of refused calls that were refused again. */
  readonly refusedAgain: number;
  /** Moments that several callers were told to come again at. */
  readonly resets: number;
  /** Calls that arrive just after these, beside as many in any other time of that length; NaN without resets. */
  readonly herdRatio: number;
  /** What the limit lets through while it refuses, a second; null where it refuses too seldom. */
  readonly limitPerSec: number | null;
  /** Seconds in which calls are refused. */
  readonly refusing: number;
  readonly acceptedPerSec: number;
  /** Of each kind, one for every call that it could be said of. */
  readonly earlyOnes: readonly Counted[];
  readonly refusedAgainOnes: readonly Counted[];
  readonly herdOnes: readonly Counted[];
}

const isRefused = ({ call }: Attempt): boolean => call.outcome === "limited";

function isEarly({ before, call }: Attempt): boolean {
  const waitedNs = call.arriveNs - (before?.endNs ?? call.arriveNs);
  return waitedNs + RULE.slackNs < (before?.retryAfterMs ?? 0) * 1e6;
}

const isRefusedAgain = (attempt: Attempt): boolean =>
  attempt.before?.outcome === "limited" && isRefused(attempt);

/** The moments that many were told to come again at, ascending. */
function resetsOf(attempts: readonly Attempt[], { fromNs, toNs }: StageWindow): number[] {
  const toldNs = attempts
    .filter((each) => isRefused(each) && each.call.retryAfterMs > 0)
    .map(({ call }) => call.endNs + call.retryAfterMs * 1e6)
    .filter((atNs) => atNs >= fromNs && atNs + RULE.herdNs <= toNs)
    .toSorted((a, b) => a - b);
  const usual = (toldNs.length * RULE.sameNs) / (toNs - fromNs);
  const many = Math.max(RULE.sameTold, RULE.sameFactor * usual);
  const resets: number[] = [];
  for (let first = 0; first < toldNs.length;) {
    let after = first + 1;
    while (after < toldNs.length && toldNs[after]! - toldNs[first]! <= RULE.sameNs) after++;
    const apart = toldNs[first]! - (resets.at(-1) ?? -Infinity) > RULE.herdNs;
    if (after - first >= many && apart) resets.push(toldNs[first]!);
    first = after;
  }
  return resets;
}

/** Who comes just after one of these moments; `calls` and they ascend. */
function herdOf(calls: readonly Attempt[], resetsNs: readonly number[]): Counted[] {
  let next = 0;
  return calls.map(({ call: { arriveNs } }) => {
    while (next < resetsNs.length && resetsNs[next]! + RULE.herdNs <= arriveNs) next++;
    const within = next < resetsNs.length && arriveNs >= resetsNs[next]! - RULE.slackNs;
    return { atNs: arriveNs, numerator: within ? 1 : 0, denominator: 1 };
  });
}

/** What is let through in the seconds in which something is refused. */
function limitIn(calls: readonly Attempt[], { fromNs, toNs }: StageWindow) {
  const seconds = Array.from({ length: Math.floor((toNs - fromNs) / 1e9) }, () => [0, 0]);
  for (const each of calls) {
    const second = seconds[Math.floor((each.call.arriveNs - fromNs) / 1e9)];
    if (second !== undefined) second[isRefused(each) ? 1 : 0]!++;
  }
  const refusing = seconds.filter(([, refused]) => refused! > 0);
  const accepted = refusing.reduce((sum, [through]) => sum + through!, 0);
  const enough = refusing.length >= RULE.refusing;
  return {
    refusing: refusing.length,
    limitPerSec: enough ? accepted / refusing.length : null,
  };
}

const sum = (counted: readonly Counted[]): number =>
  counted.reduce((total, { numerator }) => total + numerator, 0);

const each = (attempts: readonly Attempt[], is: (attempt: Attempt) => boolean): Counted[] =>
  attempts.map((attempt) => ({
    atNs: attempt.call.arriveNs,
    numerator: is(attempt) ? 1 : 0,
    denominator: 1,
  }));

/** Reads an arm's calls to one dependency, by arrival. */
export function readLimit(attempts: readonly Attempt[], stage: StageWindow): LimitReading {
  const { fromNs, toNs } = stage;
  const inside = attempts.filter(({ call }) => call.arriveNs >= fromNs && call.arriveNs < toNs);
  const limited = inside.filter(isRefused).length;
  const earlyOnes = each(
    inside.filter(({ before }) => (before?.retryAfterMs ?? 0) > 0),
    isEarly,
  );
  const refusedAgainOnes = each(inside, isRefusedAgain);
  const resetsNs = resetsOf(attempts, stage);
  const herdOnes = herdOf(inside, resetsNs);
  const herdShare = (resetsNs.length * RULE.herdNs) / (toNs - fromNs);
  return {
    stage,
    calls: inside.length,
    limited,
    told: earlyOnes.length,
    early: sum(earlyOnes),
    refusedAgain: sum(refusedAgainOnes),
    resets: resetsNs.length,
    herdRatio: sum(herdOnes) / (inside.length * herdShare),
    ...limitIn(inside, stage),
    acceptedPerSec: (inside.length - limited) / ((toNs - fromNs) / 1e9),
    earlyOnes,
    refusedAgainOnes,
    herdOnes,
  };
}
