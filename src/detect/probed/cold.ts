import type { EmulatedCall } from "../../measure/index.ts";
import type { Evidence, RequestRow, StageWindow } from "../detector.ts";
import { dogpilesIn } from "../dogpiles.ts";
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
  /** Windows are at least so long, and long enough for so many requests at the usual rate. */
  windowNs: 250e6,
  requestsAWindow: 40,
  /** Windows of the stage before that tell what they differ by. */
  usualWindows: 5,
  /** Calls per request in a window that are no noise: a cache was emptied. */
  risesFactor: 1.2,
  risesSd: 4,
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
  /** In the stage before; and the most in any window after the flush. */
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

interface Rate {
  readonly mean: number;
  /** What windows of it differ by. */
  readonly sd: number;
}

/** Calls per request in windows of one length; what is left at the end is no window. */
function ratiosIn(
  { calls, requests }: { calls: readonly EmulatedCall[]; requests: readonly RequestRow[] },
  { fromNs, toNs }: Span,
  widthNs: number,
): number[] {
  const count = Math.floor((toNs - fromNs) / widthNs);
  const made = Array.from({ length: count }, () => ({ calls: 0, requests: 0 }));
  const at = (ns: number) => made[Math.floor((ns - fromNs) / widthNs)];
  for (const { arriveNs } of calls) {
    const window = at(arriveNs);
    if (window !== undefined) window.calls++;
  }
  for (const { intendedNs } of requests) {
    const window = at(intendedNs);
    if (window !== undefined) window.requests++;
  }
  return made.map((window) => window.calls / Math.max(window.requests, 1));
}

/** Of its last half, where that is enough: a cache that still warms up makes more calls before. */
function usualRatiosIn(
  rows: Parameters<typeof ratiosIn>[0],
  { fromNs, toNs }: Span,
  widthNs: number,
): number[] {
  const late = ratiosIn(rows, { fromNs: (fromNs + toNs) / 2, toNs }, widthNs);
  return late.length >= RULE.usualWindows ? late : ratiosIn(rows, { fromNs, toNs }, widthNs);
}

/** Never surer than counting is: so many calls of so many requests. */
function usualRate(ratios: readonly number[], perWindow: number): Rate {
  const usual = mean(ratios);
  const spread = mean(ratios.map((ratio) => (ratio - usual) ** 2));
  const counted = Math.max(usual, 1 / perWindow) / perWindow;
  const sample = (spread * ratios.length) / (ratios.length - 1);
  return { mean: usual, sd: Math.sqrt(Math.max(sample, counted)) };
}

/** The first window from which on calls are as usual; −1: none. */
function firstBack(ratios: readonly number[], usual: Rate): number {
  const level = RULE.backFactor * usual.mean;
  return ratios.findIndex((ratio, i) => {
    const next = ratios.slice(i, i + RULE.backWindows);
    return (
      ratio <= level + RULE.backSd * usual.sd &&
      mean(next) <= level + (RULE.backSd * usual.sd) / Math.sqrt(next.length)
    );
  });
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
  const [calls, requests] = [evidence.calls(arm, dependency), evidence.requests(arm)];
  const perSec = requestsIn(requests, before).length / lengthS(before);
  const widthNs = Math.max(RULE.windowNs, (RULE.requestsAWindow / perSec) * 1e9);
  const usualRatios = usualRatiosIn({ calls, requests }, before, widthNs);
  const watched = { fromNs: flush.fromNs, toNs: watchedUntilNs(evidence.stages, stage) };
  const ratios = ratiosIn({ calls, requests }, watched, widthNs);
  if (usualRatios.length < RULE.usualWindows || ratios.length < RULE.backWindows) return null;
  const usual = usualRate(usualRatios, (perSec * widthNs) / 1e9);
  const most = Math.max(...ratios);
  const rises =
    most > Math.max(RULE.risesFactor * usual.mean, usual.mean + RULE.risesSd * usual.sd);
  // What comes before the rise is not back yet: a flush may take a while.
  const rose = rises ? ratios.findIndex((ratio) => ratio > usual.mean + RULE.backSd * usual.sd) : 0;
  const back = rises ? firstBack(ratios.slice(rose), usual) : -1;
  const backNs = back < 0 ? null : watched.fromNs + (rose + back) * widthNs;
  const span = { fromNs: watched.fromNs, toNs: backNs ?? watched.toNs };
  return {
    stage: stage.name,
    usualCallsPerRequest: usual.mean,
    mostCallsPerRequest: most,
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
