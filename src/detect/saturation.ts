import { formatCount, formatUs } from "../core/index.ts";
import { beganIn, besideControl, besideWords, type More, shareBeside } from "./beside.ts";
import type { Detector, Evidence, Finding, StageWindow } from "./detector.ts";
import { type Journey, journeysOf, median, quantile } from "./join.ts";
import { judgedStages } from "./pairs.ts";

/*
 * An event loop, a core or a collector that is busy makes everything wait that a target does for
 * itself: before the first call and after the last (D_pre and D_post), by amounts that vary with
 * what else is there. A pool makes requests wait before the call alone; a pause is of one length.
 * Control in the same second is what the wait is compared with. Simulated as in
 * test/detect/saturation.test.ts.
 */
const RULE = {
  /** Of medians and of spreads (p90 − p10), each against control's. */
  factor: 2,
  /** And by how much at least, in ms. */
  floorMs: 1,
  /** A wait for something busy varies: its spread grows by this share of its median and more. */
  spreadRatio: 0.4,
  /** Requests that called something, needed to judge: a target that hardly works has few of them. */
  requests: 50,
} as const;

interface Side {
  readonly p50: number;
  readonly spread: number;
}

interface Reading {
  readonly stage: StageWindow;
  readonly requests: number;
  readonly controlRequests: number;
  readonly pre: readonly [own: Side, control: Side];
  readonly post: readonly [own: Side, control: Side];
  readonly ownMs: number;
  readonly controlOwnMs: number;
  readonly more: More;
}

const sideOf = (valuesMs: readonly number[]): Side => ({
  p50: median(valuesMs),
  spread: quantile(valuesMs, 0.9) - quantile(valuesMs, 0.1),
});

const grew = ([own, control]: readonly [Side, Side]): boolean =>
  (["p50", "spread"] as const).every(
    (of) => own[of] > RULE.factor * control[of] && own[of] - control[of] > RULE.floorMs,
  ) && own.spread - control.spread > RULE.spreadRatio * (own.p50 - control.p50);

function read(evidence: Evidence, arm: number, stage: StageWindow): Reading {
  const [own, control] = [journeysOf(evidence, arm, stage), journeysOf(evidence, 0, stage)];
  const sides = (of: (journey: Journey) => number) =>
    [sideOf(own.map(of)), sideOf(control.map(of))] as const;
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
    pre: sides(({ preMs }) => preMs),
    post: sides(({ postMs }) => postMs),
    ownMs: median(own.map(({ ownMs }) => ownMs)),
    controlOwnMs: median(control.map(({ ownMs }) => ownMs)),
    more: shareBeside("requests of which the target takes more for itself", beside, stage),
  };
}

const isEnough = ({ controlRequests, requests }: Reading): boolean =>
  Math.min(requests, controlRequests) >= RULE.requests;

const isSick = (reading: Reading): boolean =>
  isEnough(reading) && reading.more.shown && grew(reading.pre) && grew(reading.post);

/**
 * How much both wait, where neither is well: a control that is as busy shows the same numbers, so
 * that only what no healthy target does for itself tells of it.
 */
const BUSY_MS = 20;
const bothBusy = (reading: Reading): boolean =>
  isEnough(reading) &&
  [reading.pre, reading.post].every((sides) =>
    sides.every(({ p50, spread }) => p50 > BUSY_MS && spread > BUSY_MS),
  );

const words = ([own, control]: readonly [Side, Side]): string =>
  `${formatUs(own.p50 * 1_000)} (control ${formatUs(control.p50 * 1_000)})`;

function sicknessOf(reading: Reading) {
  const { more, ownMs, post, pre, stage } = reading;
  const beside = besideControl({
    sick: true,
    controlWorks: true,
    controlSick: bothBusy(reading),
    more: isSick(reading),
  });
  return {
    ...beside,
    began: beganIn(stage),
    size: { what: "time in the target itself, the median", value: ownMs, unit: "ms" },
    effect: more.effect,
    ...(more.effect === null ? {} : { pValue: more.pValue }),
    cause: `the target itself is saturated (${formatUs(ownMs * 1_000)} of its own time a request)`,
    summary:
      `from stage ${stage.name} on requests wait in the target before their first call, ${words(pre)}, ` +
      `and after their last, ${words(post)}, by amounts that vary: its event loop, its CPU or its memory ` +
      `is saturated, no dependency${besideWords(beside)}`,
    cure: "less work for each request on the event loop, or more processes",
  };
}

const evidenceOf = ({ controlOwnMs, ownMs, post, pre, requests, stage }: Reading) => ({
  stage: stage.name,
  requests,
  ownMs,
  controlOwnMs,
  preMs: pre[0].p50,
  controlPreMs: pre[1].p50,
  preSpreadMs: pre[0].spread,
  postMs: post[0].p50,
  controlPostMs: post[1].p50,
  postSpreadMs: post[0].spread,
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
