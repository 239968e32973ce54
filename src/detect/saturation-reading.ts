import { type More, moreOrLonger, ratioBeside, shareBeside } from "./beside.ts";
import type { Evidence, StageWindow } from "./detector.ts";
import { type Journey, journeysOf, median, quantile } from "./join.ts";

/** Requests that called something, needed to judge: a target that hardly works has few of them. */
export const REQUESTS = 50;

const RULE = {
  /** Of quantiles and of spreads, each against control's. */
  factor: 2,
  /** And by how much at least, in ms. */
  floorMs: 1,
  /**
   * A wait for something busy varies: p90 − p10 grows by this share of what the median grows by, and
   * p50 − p10 and p90 − p50 each by this: that of a pause is one of them alone, or neither.
   */
  spreadRatio: 0.4,
  halfRatio: 0.2,
  /** A wait is long where it is longer than control's at this quantile, and than the median allows. */
  longQuantile: 0.95,
  /** The share of long ones behind a collector, three times what control has of them. */
  longShare: 0.15,
  /** They vary, p80 − p40, by more than this of their median: a third of them may be control's own. */
  longSpread: 0.5,
} as const;

/** Quantiles of a wait. */
export interface Side {
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
}

/** Waits that control hardly ever has. */
export interface Long {
  readonly overMs: number;
  readonly share: number;
  /** p80 − p40 of them, as a share of their median. */
  readonly spread: number;
}

export interface Wait {
  readonly own: Side;
  readonly control: Side;
  readonly long: Long;
}

/** A wait before the first call, and one after the last. */
interface Ends {
  readonly pre: Wait;
  readonly post: Wait;
}

export interface Reading extends Ends {
  readonly stage: StageWindow;
  readonly requests: number;
  readonly controlRequests: number;
  /** The same of each route that both arms have enough requests of. */
  readonly routes: readonly Ends[];
  readonly ownMs: number;
  readonly ownP90Ms: number;
  readonly controlOwnMs: number;
  readonly more: More;
}

const sideOf = (valuesMs: readonly number[]): Side => ({
  p10: quantile(valuesMs, 0.1),
  p50: median(valuesMs),
  p90: quantile(valuesMs, 0.9),
});

function longOf(ownMs: readonly number[], controlMs: readonly number[]): Long {
  const overMs = Math.max(
    RULE.factor * median(controlMs) + RULE.floorMs,
    quantile(controlMs, RULE.longQuantile),
  );
  const long = ownMs.filter((ms) => ms > overMs);
  const share = long.length / ownMs.length;
  const spread = long.length === 0 ? 0 : (quantile(long, 0.8) - quantile(long, 0.4)) / median(long);
  return { overMs, share, spread };
}

const waitOf = (ownMs: readonly number[], controlMs: readonly number[]): Wait => ({
  own: sideOf(ownMs),
  control: sideOf(controlMs),
  long: longOf(ownMs, controlMs),
});

export const spreadOf = ({ p10, p90 }: Side): number => p90 - p10;

/** By how much something of a wait grew; 0 where that is no more than it varies by itself. */
function growth({ control, own }: Wait, of: (side: Side) => number): number {
  const [is, was] = [of(own), of(control)];
  return is > RULE.factor * was && is - was > RULE.floorMs ? is - was : 0;
}

export function isBusy(wait: Wait): boolean {
  const { control, own } = wait;
  const grew = growth(wait, ({ p50 }) => p50);
  const halves = [
    own.p50 - own.p10 - (control.p50 - control.p10),
    own.p90 - own.p50 - (control.p90 - control.p50),
  ];
  return (
    grew > 0 &&
    growth(wait, spreadOf) > RULE.spreadRatio * grew &&
    halves.every((half) => half > RULE.halfRatio * grew)
  );
}

const isStopped = ({ long }: Wait): boolean =>
  long.share >= RULE.longShare && long.spread > RULE.longSpread;

function endsOf(own: readonly Journey[], control: readonly Journey[]): Ends {
  const wait = (of: (journey: Journey) => number): Wait => waitOf(own.map(of), control.map(of));
  return { pre: wait(({ preMs }) => preMs), post: wait(({ postMs }) => postMs) };
}

/** Pauses of two lengths on two routes vary together, and do not on either. */
function endsOfRoutes(own: readonly Journey[], control: readonly Journey[]): Ends[] {
  const byRoute = (journeys: readonly Journey[]) =>
    Map.groupBy(journeys, ({ request }) => request.route);
  const controls = byRoute(control);
  return [...byRoute(own)].flatMap(([route, mine]) => {
    const theirs = controls.get(route) ?? [];
    return Math.min(mine.length, theirs.length) < REQUESTS ? [] : [endsOf(mine, theirs)];
  });
}

export function readSaturation(evidence: Evidence, arm: number, stage: StageWindow): Reading {
  const [own, control] = [journeysOf(evidence, arm, stage), journeysOf(evidence, 0, stage)];
  const usualMs = median(control.map(({ ownMs }) => ownMs));
  const longMs = RULE.factor * usualMs + RULE.floorMs;
  const counted = (amountOf: (ownMs: number) => number) => {
    const of = (journeys: readonly Journey[]) =>
      journeys.map(({ ownMs, request }) => ({
        atNs: request.intendedNs,
        numerator: amountOf(ownMs),
        denominator: 1,
      }));
    return { own: of(own), control: of(control) };
  };
  const share = shareBeside(
    "requests of which the target takes more for itself",
    counted((ownMs) => (ownMs > longMs ? 1 : 0)),
    stage,
  );
  const longer = (): More =>
    ratioBeside(
      "time that the target takes for itself",
      counted((ownMs) => ownMs),
      stage,
      true,
    );
  return {
    stage,
    requests: own.length,
    controlRequests: control.length,
    ...endsOf(own, control),
    routes: endsOfRoutes(own, control),
    ownMs: median(own.map(({ ownMs }) => ownMs)),
    ownP90Ms: quantile(
      own.map(({ ownMs }) => ownMs),
      0.9,
    ),
    controlOwnMs: median(control.map(({ ownMs }) => ownMs)),
    more: moreOrLonger(share, longer),
  };
}

export const isEnough = ({ controlRequests, requests }: Reading): boolean =>
  Math.min(requests, controlRequests) >= REQUESTS;

/** Of all requests, and of those of some route where routes have enough of them to tell. */
export function isAtBothEnds(grew: (wait: Wait) => boolean, reading: Reading): boolean {
  const both = ({ post, pre }: Ends): boolean => grew(pre) && grew(post);
  return both(reading) && (reading.routes.length === 0 || reading.routes.some(both));
}

export const isSick = (reading: Reading): boolean =>
  isEnough(reading) &&
  reading.more.shown &&
  [isBusy, isStopped].some((grew) => isAtBothEnds(grew, reading));

/**
 * How much waits vary by, where neither arm is well: a control that is as busy shows the same numbers,
 * so that only what no healthy target does for itself tells of it.
 */
const BUSY_MS = 20;
export const bothSick = (reading: Reading): boolean =>
  isEnough(reading) &&
  [reading.pre, reading.post].every(
    ({ control, own }) => spreadOf(own) > BUSY_MS && spreadOf(control) > BUSY_MS,
  );
