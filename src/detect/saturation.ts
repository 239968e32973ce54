import { formatCount, formatRatio, formatUs } from "../core/index.ts";
import { beganIn, besideControl, besideWords, type More, shareBeside } from "./beside.ts";
import type { Detector, Evidence, Finding, StageWindow } from "./detector.ts";
import { type Journey, journeysOf, median, quantile } from "./join.ts";
import { judgedStages } from "./pairs.ts";

/*
 * An event loop, a core or a collector that is busy makes everything wait that a target does for
 * itself: before the first call and after the last (D_pre and D_post), by amounts that vary with
 * what else is there. A loop that is busy is so for most requests; a collector stops a few of them for
 * long, and the median hardly knows. A pool makes requests wait before the call alone; a pause is of
 * one length, whatever share of them it is of. Control in the same second is what the wait is compared
 * with. Simulated as in test/detect/saturation.test.ts.
 */
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
  /** Requests that called something, needed to judge: a target that hardly works has few of them. */
  requests: 50,
} as const;

/** Quantiles of a wait. */
interface Side {
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
}

/** Waits that control hardly ever has. */
interface Long {
  readonly overMs: number;
  readonly share: number;
  /** p80 − p40 of them, as a share of their median. */
  readonly spread: number;
}

interface Wait {
  readonly own: Side;
  readonly control: Side;
  readonly long: Long;
}

interface Reading {
  readonly stage: StageWindow;
  readonly requests: number;
  readonly controlRequests: number;
  readonly pre: Wait;
  readonly post: Wait;
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

const spreadOf = ({ p10, p90 }: Side): number => p90 - p10;

/** By how much something of a wait grew; 0 where that is no more than it varies by itself. */
function growth({ control, own }: Wait, of: (side: Side) => number): number {
  const [is, was] = [of(own), of(control)];
  return is > RULE.factor * was && is - was > RULE.floorMs ? is - was : 0;
}

function isBusy(wait: Wait): boolean {
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

function read(evidence: Evidence, arm: number, stage: StageWindow): Reading {
  const [own, control] = [journeysOf(evidence, arm, stage), journeysOf(evidence, 0, stage)];
  const wait = (of: (journey: Journey) => number): Wait => waitOf(own.map(of), control.map(of));
  const usualMs = median(control.map(({ ownMs }) => ownMs));
  const longMs = RULE.factor * usualMs + RULE.floorMs;
  const counted = (journeys: readonly Journey[]) =>
    journeys.map(({ ownMs, request }) => ({
      atNs: request.intendedNs,
      numerator: ownMs > longMs ? 1 : 0,
      denominator: 1,
    }));
  const beside = { own: counted(own), control: counted(control) };
  return {
    stage,
    requests: own.length,
    controlRequests: control.length,
    pre: wait(({ preMs }) => preMs),
    post: wait(({ postMs }) => postMs),
    ownMs: median(own.map(({ ownMs }) => ownMs)),
    ownP90Ms: quantile(
      own.map(({ ownMs }) => ownMs),
      0.9,
    ),
    controlOwnMs: median(control.map(({ ownMs }) => ownMs)),
    more: shareBeside("requests of which the target takes more for itself", beside, stage),
  };
}

const isEnough = ({ controlRequests, requests }: Reading): boolean =>
  Math.min(requests, controlRequests) >= RULE.requests;

const isAtBothEnds = (grew: (wait: Wait) => boolean, { post, pre }: Reading): boolean =>
  grew(pre) && grew(post);

const isSick = (reading: Reading): boolean =>
  isEnough(reading) &&
  reading.more.shown &&
  [isBusy, isStopped].some((grew) => isAtBothEnds(grew, reading));

/**
 * How much both wait, where neither is well: a control that is as busy shows the same numbers, so
 * that only what no healthy target does for itself tells of it.
 */
const BUSY_MS = 20;
const bothBusy = (reading: Reading): boolean =>
  isEnough(reading) &&
  [reading.pre, reading.post].every(({ control, own }) =>
    [own, control].every((side) => side.p50 > BUSY_MS && spreadOf(side) > BUSY_MS),
  );

const words = ({ control, own }: Wait): string =>
  `${formatUs(own.p50 * 1_000)} (control ${formatUs(control.p50 * 1_000)})`;

const longWords = ({ long }: Wait): string =>
  `${formatRatio(long.share)} for longer than ${formatUs(long.overMs * 1_000)}`;

/** How a target that is busy is told from one that is stopped now and then. */
function told(reading: Reading) {
  const { ownMs, ownP90Ms, post, pre, stage } = reading;
  const from = `from stage ${stage.name} on`;
  if (isAtBothEnds(isBusy, reading) || !isAtBothEnds(isStopped, reading)) {
    return {
      ms: ownMs,
      which: "the median",
      summary:
        `${from} requests wait in the target before their first call, ${words(pre)}, ` +
        `and after their last, ${words(post)}, by amounts that vary: its event loop, its CPU or its memory ` +
        "is saturated, or it calls what is not emulated; no dependency is that slow",
      cure: "less work for each request on the event loop, or more processes",
    };
  }
  return {
    ms: ownP90Ms,
    which: "p90",
    summary:
      `${from} many requests wait in the target as control's hardly do, ${longWords(pre)} before their first ` +
      `call, and ${longWords(post)} after their last, by amounts that vary: a collector, or what takes its ` +
      "event loop or its CPU now and then, stops it, or it calls what is not emulated",
    cure: "less garbage or a larger heap, less work at once on the event loop, or more processes",
  };
}

function sicknessOf(reading: Reading) {
  const { more, stage } = reading;
  const { cure, ms, summary, which } = told(reading);
  const beside = besideControl({
    sick: true,
    controlWorks: true,
    controlSick: bothBusy(reading),
    more: isSick(reading),
  });
  return {
    ...beside,
    began: beganIn(stage),
    size: { what: `time in the target itself, ${which}`, value: ms, unit: "ms" },
    effect: more.effect,
    ...(more.effect === null ? {} : { pValue: more.pValue }),
    cause: `the target itself is saturated (${formatUs(ms * 1_000)} of its own time a request${which === "p90" ? " at p90" : ""})`,
    summary: `${summary}${besideWords(beside)}`,
    cure,
  };
}

const evidenceOf = ({ controlOwnMs, ownMs, ownP90Ms, post, pre, requests, stage }: Reading) => ({
  stage: stage.name,
  requests,
  ownMs,
  ownP90Ms,
  controlOwnMs,
  preMs: pre.own.p50,
  controlPreMs: pre.control.p50,
  preSpreadMs: spreadOf(pre.own),
  postMs: post.own.p50,
  controlPostMs: post.control.p50,
  postSpreadMs: spreadOf(post.own),
  longPreRatio: pre.long.share,
  longPreOverMs: pre.long.overMs,
  longPostRatio: post.long.share,
  longPostOverMs: post.long.overMs,
});

function judge(evidence: Evidence, arm: number): Finding | null {
  const readings = judgedStages(evidence)
    .map((stage) => read(evidence, arm, stage))
    .filter(({ controlRequests, requests }) => requests > 0 && controlRequests > 0);
  const most = readings.toSorted((a, b) => b.ownMs - a.ownMs)[0];
  if (most === undefined) return null;
  const who = evidence.arms[arm]!;
  const base = {
    detector: "saturation",
    subject: who,
    arm: who,
    dependency: null,
    joinedBy: "identity" as const,
  };
  const sick = readings.find(isSick) ?? readings.find(bothBusy);
  if (sick !== undefined) return { ...base, ...sicknessOf(sick), evidence: evidenceOf(sick) };
  const few = !readings.some(isEnough);
  return {
    ...base,
    status: few ? "inconclusive" : "pass",
    summary: few
      ? `only ${formatCount(most.requests)} requests are known to call anything, ${RULE.requests} in each arm ` +
        `are needed to tell what the target takes for itself`
      : `waiting before the first call, ${words(most.pre)}, and after the last, ${words(most.post)}, ` +
        "does not grow at both ends as it would in a busy target",
    evidence: evidenceOf(most),
  };
}

/** Names targets that wait for their own event loop, CPU or memory. */
export const saturation: Detector = {
  name: "saturation",
  detect: (evidence) =>
    evidence.arms.flatMap((_, arm) => {
      const finding = arm === 0 ? null : judge(evidence, arm);
      return finding === null ? [] : [finding];
    }),
};
