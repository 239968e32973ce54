import { formatRatio, formatUs } from "../core/index.ts";
import { beganIn, besideControl, besideWords, leastP } from "./beside.ts";
import type { Detector, Evidence, Finding } from "./detector.ts";
import { aboutArm, judgedStages, judgeEachArm } from "./pairs.ts";
import {
  bothSick,
  isAtBothEnds,
  isBusy,
  isEnough,
  isSick,
  type Reading,
  readSaturation,
  REQUESTS,
  spreadOf,
  type Wait,
} from "./saturation-reading.ts";
import { lacksIdentity, noIdentity, tooLittle } from "./too-little.ts";

/*
 * An event loop, a core or a collector that is busy makes everything wait that a target does for
 * itself: before the first call and after the last (D_pre and D_post), by amounts that vary with
 * what else is there. A loop that is busy is so for most requests; a collector stops a few of them for
 * long, and the median hardly knows. A pool makes requests wait before the call alone; a pause is of
 * one length on its route, whatever share of the requests it is of. Calls that are not emulated, and
 * vary, look the same: what the target's processes use tells them apart (inside/saturation.ts).
 * Control in the same second is what the wait is compared with. Simulated as in
 * test/detect/saturation.test.ts.
 */
const words = ({ control, own }: Wait): string =>
  `${formatUs(own.p50 * 1_000)} (control ${formatUs(control.p50 * 1_000)})`;

const longWords = ({ long }: Wait): string =>
  `${formatRatio(long.share)} for longer than ${formatUs(long.overMs * 1_000)}`;

const CURE = "less work for each request on the event loop, or more processes";

/** How a target that is busy is told from one that is stopped now and then. */
function told(reading: Reading) {
  const { ownMs, ownP90Ms, post, pre, stage } = reading;
  const from = `from stage ${stage.name} on`;
  if (!isSick(reading)) {
    const range = ({ own }: Wait): string =>
      `${formatUs(own.p10 * 1_000)} to ${formatUs(own.p90 * 1_000)}`;
    return {
      ms: ownP90Ms,
      which: "p90",
      summary:
        `${from} requests of both arms wait in the target before their first call, ${range(pre)}, and after ` +
        `their last, ${range(post)}: their event loops, their CPU or their memory are saturated, or they call ` +
        "what is not emulated",
      cure: CURE,
    };
  }
  if (isAtBothEnds(isBusy, reading)) {
    return {
      ms: ownMs,
      which: "the median",
      summary:
        `${from} requests wait in the target before their first call, ${words(pre)}, ` +
        `and after their last, ${words(post)}, by amounts that vary: its event loop, its CPU or its memory ` +
        "is saturated, or it calls what is not emulated; no dependency is that slow",
      cure: CURE,
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
    controlSick: bothSick(reading),
    more: isSick(reading),
  });
  return {
    ...beside,
    began: beganIn(stage),
    size: { what: `time in the target itself, ${which}`, value: ms, unit: "ms" },
    effect: more.effect,
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
  const readings = judgedStages(evidence).map((stage) => readSaturation(evidence, arm, stage));
  const known = { detector: "saturation", ...aboutArm(evidence, arm) };
  const blind = evidence.dependencies.some((_, each) => lacksIdentity(evidence, arm, each));
  if (
    blind &&
    readings.every(({ controlRequests, requests }) => Math.min(requests, controlRequests) === 0)
  ) {
    return { ...known, ...noIdentity("what the target takes for itself"), evidence: {} };
  }
  const compared = readings.filter((each) => each.requests > 0 && each.controlRequests > 0);
  const most = compared.toSorted((a, b) => b.ownMs - a.ownMs)[0];
  if (most === undefined) return null;
  const base = { ...known, joinedBy: "identity" as const };
  const sick = compared.filter(isSick);
  const first = sick[0] ?? compared.find(bothSick);
  if (first !== undefined) {
    const p = leastP(sick.map(({ more }) => more));
    return { ...base, ...sicknessOf(first), ...p, evidence: evidenceOf(first) };
  }
  if (!compared.some(isEnough)) {
    const countOf = (each: Reading): number => Math.min(each.requests, each.controlRequests);
    const busiest = compared.toSorted((a, b) => countOf(b) - countOf(a))[0]!;
    const have = { have: countOf(busiest), need: REQUESTS, stage: busiest.stage };
    const what = "requests of either arm that call anything";
    const little = tooLittle({ ...have, what, toTell: "what the target takes for itself" });
    return { ...base, ...little, evidence: evidenceOf(busiest) };
  }
  return {
    ...base,
    status: "pass",
    pValue: 1,
    summary:
      `waiting before the first call, ${words(most.pre)}, and after the last, ${words(most.post)}, ` +
      "does not grow at both ends as it would in a busy target",
    evidence: evidenceOf(most),
  };
}

/** Names targets that wait for their own event loop, CPU or memory. */
export const saturation: Detector = {
  name: "saturation",
  detect: (evidence) => judgeEachArm(evidence, (arm) => judge(evidence, arm)),
};
