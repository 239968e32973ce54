import type { EmulatedCall } from "../../measure/index.ts";
import { binomialTail } from "../../stats/index.ts";
import type { Evidence, RequestRow, StageWindow } from "../detector.ts";
import { dogpilesIn } from "../dogpiles.ts";
import { type CallRate, callRateOf } from "./call-rate.ts";
import {
  callsIn,
  flushedStages,
  isAnswered,
  lengthS,
  mean,
  requestsIn,
  warmStage,
  watchedUntilNs,
} from "./stages.ts";

const RULE = {
  /** Calls per request that are no noise: by this factor, and by chance once in so many windows. */
  risesFactor: 1.2,
  risesLevel: 0.001,
  /** A cache that was emptied is asked in one of so many windows, at once. */
  risesWithin: 4,
  /** A key that was fetched this share of its time to live ago, or less, would have been there. */
  ttlRatio: 0.9,
  /** Back: so much above the usual at most, and noise; told by so many windows in a row. */
  backFactor: 1.05,
  backSd: 2,
  backWindows: 3,
} as const;

/** What requests meet while an emptied cache fills. */
export interface Filling {
  /** Fetches, those of a key that is on its way already, and the most of one key at once. */
  readonly fetches: number;
  readonly dogpiles: number;
  readonly mostAtOnce: number;
  /** Requests that failed, and in the stage before. */
  readonly failedRatio: number;
  readonly usualFailedRatio: number;
}

/** What emptied caches show of a dependency that they may stand before. */
export interface ColdReading {
  readonly stage: string;
  /** In the stage before; and the most in a window after the flush, as if of the same routes. */
  readonly usualCallsPerRequest: number;
  readonly mostCallsPerRequest: number;
  /** From the flush until calls per request are as before, in seconds; null: not while it was watched, or no rise. */
  readonly backAfterS: number | null;
  readonly watchedS: number;
  /** The length of a window, and so what the time is told to. */
  readonly windowS: number;
  /** Until calls are back; null: they did not rise beyond noise. */
  readonly filling: Filling | null;
}

interface Span {
  readonly fromNs: number;
  readonly toNs: number;
}

/** The first window from which on calls are as usual; −1: none. */
function firstBack(ratios: readonly number[], { sd, usual }: CallRate): number {
  const level = RULE.backFactor * usual;
  return ratios.findIndex((ratio, i) => {
    const next = ratios.slice(i, i + RULE.backWindows);
    return (
      ratio <= level + RULE.backSd * sd &&
      mean(next) <= level + (RULE.backSd * sd) / Math.sqrt(next.length)
    );
  });
}

/** Fetches of keys that a cache which was not emptied would have had, in a span. */
function againIn(calls: readonly EmulatedCall[], keptNs: number, span: Span): number {
  const last = new Map<number, number>();
  let again = 0;
  for (const { arriveNs, attempt, key, outcome, safe } of calls) {
    if (!safe || attempt > 1) continue;
    const isKept = arriveNs - (last.get(key) ?? -Infinity) < keptNs;
    if (isKept && arriveNs >= span.fromNs && arriveNs < span.toNs) again++;
    if (outcome === "ok") last.set(key, arriveNs);
  }
  return again;
}

/**
 * Whether more of such fetches come just after a flush than before it: two Poisson counts, compared
 * exactly. Where answers run out together, calls per request vary too much by themselves to show it.
 * Source: Przyborowski & Wilenski 1940.
 */
function fetchesAgain(
  calls: readonly EmulatedCall[],
  ttlNs: number | null,
  { before, flushed }: { readonly before: Span; readonly flushed: Span },
): boolean {
  if (ttlNs === null) return false;
  const [now, usual] = [flushed, before].map((span) => againIn(calls, RULE.ttlRatio * ttlNs, span));
  const share = lengthS(flushed) / (lengthS(flushed) + lengthS(before));
  return binomialTail(now!, now! + usual!, share) < RULE.risesLevel;
}

function failedRatio(requests: readonly RequestRow[], span: Span): number {
  const own = requestsIn(requests, span);
  return own.filter((row) => !isAnswered(row)).length / Math.max(own.length, 1);
}

function fillingIn(
  calls: readonly EmulatedCall[],
  requests: readonly RequestRow[],
  { before, span }: { readonly span: Span; readonly before: Span },
): Filling {
  const { dogpiles, fetches, most } = dogpilesIn(callsIn(calls, span), span);
  return {
    fetches,
    dogpiles,
    mostAtOnce: most,
    failedRatio: failedRatio(requests, span),
    usualFailedRatio: failedRatio(requests, before),
  };
}

function readStage(
  evidence: Evidence,
  { arm, dependency }: { readonly arm: number; readonly dependency: number },
  stage: StageWindow,
): ColdReading | null {
  const before = warmStage(evidence.stages, stage);
  const flush = stage.flushes?.[arm];
  if (before === undefined || flush === undefined || flush === null) return null;
  const rate = callRateOf(evidence, { arm, dependency }, before);
  if (rate === null) return null;
  const watched = { fromNs: flush.fromNs, toNs: watchedUntilNs(evidence.stages, stage) };
  const ratios = rate.ratiosIn(watched);
  if (ratios.length < RULE.backWindows) return null;
  const { sd, usual, widthNs } = rate;
  const noise = usual + rate.beyond(RULE.risesLevel) * sd;
  const first = Math.ceil((flush.toNs - flush.fromNs) / widthNs) + RULE.risesWithin;
  // What comes before the rise is not back yet: a flush may take a while.
  const beyond = ratios
    .slice(0, first)
    .findIndex((ratio) => ratio > Math.max(RULE.risesFactor * usual, noise));
  const [calls, requests] = [evidence.calls(arm, dependency), evidence.requests(arm)];
  const flushed = { fromNs: watched.fromNs, toNs: watched.fromNs + first * widthNs };
  const ttlNs = evidence.dependencies[dependency]!.cacheTtlNs;
  const again = beyond < 0 && fetchesAgain(calls, ttlNs, { before, flushed });
  const rose = again ? ratios.indexOf(Math.max(...ratios.slice(0, first))) : beyond;
  const rises = rose >= 0;
  const back = rises ? firstBack(ratios.slice(rose), rate) : -1;
  const backNs = back < 0 ? null : watched.fromNs + (rose + back) * widthNs;
  const span = { fromNs: watched.fromNs, toNs: backNs ?? watched.toNs };
  return {
    stage: stage.name,
    usualCallsPerRequest: usual,
    mostCallsPerRequest: Math.max(...(rises ? ratios : ratios.slice(0, first))),
    backAfterS: backNs === null ? null : Math.max(backNs - flush.toNs, 0) / 1e9,
    watchedS: (watched.toNs - flush.toNs) / 1e9,
    windowS: widthNs / 1e9,
    filling: rises ? fillingIn(calls, requests, { span, before }) : null,
  };
}

/** Reads the first flush that can be read; null without one, or where too little came. */
export function readCold(evidence: Evidence, arm: number, dependency: number): ColdReading | null {
  for (const stage of flushedStages(evidence)) {
    const reading = readStage(evidence, { arm, dependency }, stage);
    if (reading !== null) return reading;
  }
  return null;
}
