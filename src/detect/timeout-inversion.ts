import { formatCount, formatRatio, formatUs } from "../core/index.ts";
import type { EmulatedCall } from "../measure/index.ts";
import {
  beganIn,
  besideControl,
  besideWords,
  type Counted,
  leastP,
  type More,
  shareBeside,
  worstOf,
} from "./beside.ts";
import type { Detector, Evidence, Finding, StageWindow } from "./detector.ts";
import { median } from "./join.ts";
import { about, judgedStages, judgeEachPair } from "./pairs.ts";
import { callsIn, modeOf } from "./probed/index.ts";
import { lacksIdentity, noIdentity, tooLittle } from "./too-little.ts";

/*
 * Zombie work: attempts that arrive, or go on, after their request has been given up or has failed.
 * Nobody reads their answers. The inner timeout is then no shorter than the outer one (inversion), or
 * the deadline is not passed on. What goes on after a good answer is meant to.
 */
const RULE = {
  /** Of the attempts that name their request. Source: signatures §6.3. */
  zombieRatio: 0.05,
  zombies: 20,
  /** And attempts that are needed to tell. */
  attempts: 100,
  /** How the two clocks are read, and what cancelling takes. */
  slackNs: 10e6,
  /** The share of zombies that end at one time for it to be the inner timeout. */
  modeShare: 0.5,
} as const;

const CURE =
  "an inner timeout that is shorter than the outer one, or the deadline passed on with each call";

function overrunNs(evidence: Evidence, arm: number, call: EmulatedCall): number {
  const request = evidence.request(arm, call.seq);
  if (request === undefined || (request.status > 0 && request.status < 500)) return 0;
  return Math.max(call.endNs - request.endNs - RULE.slackNs, 0);
}

interface Reading {
  readonly stage: StageWindow;
  readonly joined: number;
  readonly zombies: readonly EmulatedCall[];
  readonly counted: readonly Counted[];
}

function readStage(
  evidence: Evidence,
  where: { readonly arm: number; readonly dependency: number },
  stage: StageWindow,
): Reading {
  const joined = callsIn(evidence.calls(where.arm, where.dependency), stage).filter(
    ({ seq }) => seq >= 0,
  );
  const zombies = joined.filter((call) => overrunNs(evidence, where.arm, call) > 0);
  const undead = new Set(zombies);
  const counted = joined.map((call) => ({
    atNs: evidence.request(where.arm, call.seq)?.intendedNs ?? call.arriveNs,
    numerator: undead.has(call) ? 1 : 0,
    denominator: 1,
  }));
  return { stage, joined: joined.length, zombies, counted };
}

const isSick = ({ joined, zombies }: Reading): boolean =>
  zombies.length >= RULE.zombies && zombies.length > RULE.zombieRatio * joined;

const ratioOf = ({ joined, zombies }: Reading): number => zombies.length / Math.max(joined, 1);

/** Where most are given up at one time, that is the inner timeout. */
function innerTimeoutMs({ zombies }: Reading): number | null {
  const waitsNs = zombies
    .filter(({ outcome }) => outcome === "aborted")
    .map(({ arriveNs, endNs }) => endNs - arriveNs)
    .toSorted((a, b) => a - b);
  if (waitsNs.length < RULE.modeShare * zombies.length) return null;
  const { atNs, share } = modeOf(waitsNs);
  return share >= RULE.modeShare ? atNs / 1e6 : null;
}

interface Judged {
  readonly own: Reading;
  readonly control: Reading;
  readonly more: More;
}

function sickFinding(
  evidence: Evidence,
  arm: number,
  dependency: number,
  { control, more, own }: Judged,
): Omit<Finding, "detector" | "subject"> {
  const { name } = evidence.dependencies[dependency]!;
  const overrunMs = median(own.zombies.map((call) => overrunNs(evidence, arm, call) / 1e6));
  const innerMs = innerTimeoutMs(own);
  const beside = besideControl({
    sick: true,
    controlSick: isSick(control),
    controlWorks: control.joined > 0,
    more: more.shown,
  });
  const inner =
    innerMs === null ? "" : `; they are given up after ${formatUs(innerMs * 1_000)} each`;
  return {
    ...beside,
    cause: `${name} calls outlive their requests${innerMs === null ? "" : ` (a timeout of ${formatUs(innerMs * 1_000)})`}`,
    summary:
      `${formatRatio(ratioOf(own))} of the attempts at ${name} go on after their request has failed or been given up ` +
      `(control ${formatRatio(ratioOf(control))}), by ${formatUs(overrunMs * 1_000)} in the median, from stage ${own.stage.name} on${inner}${besideWords(beside)}`,
    cure: CURE,
    began: beganIn(own.stage),
    size:
      innerMs === null
        ? { what: "time that calls outlive their request, median", value: overrunMs, unit: "ms" }
        : { what: "timeout of a call", value: innerMs, unit: "ms" },
    effect: more.effect,
    evidence: evidenceOf(own, control),
  };
}

function evidenceOf(own: Reading, control: Reading): Finding["evidence"] {
  return {
    stage: own.stage.name,
    attempts: own.joined,
    zombieAttempts: own.zombies.length,
    zombieRatio: ratioOf(own),
    innerTimeoutMs: innerTimeoutMs(own),
    controlZombieRatio: ratioOf(control),
  };
}

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const { name } = evidence.dependencies[dependency]!;
  const known = { detector: "timeout-inversion", ...about(evidence, arm, dependency) };
  if (lacksIdentity(evidence, arm, dependency)) {
    return {
      ...known,
      ...noIdentity(`whether calls to ${name} outlive their requests`),
      evidence: {},
    };
  }
  const judged = judgedStages(evidence).map((stage): Judged => {
    const own = readStage(evidence, { arm, dependency }, stage);
    const control = readStage(evidence, { arm: 0, dependency }, stage);
    const counted = { own: own.counted, control: control.counted };
    return { own, control, more: shareBeside("attempts after the end", counted, stage) };
  });
  const most = judged.toSorted((a, b) => ratioOf(b.own) - ratioOf(a.own))[0];
  if (most === undefined || judged.every(({ own }) => own.joined === 0)) return null;
  const sick = judged.filter(({ own }) => isSick(own));
  const found = worstOf(sick.map((each) => sickFinding(evidence, arm, dependency, each)));
  if (found !== undefined) {
    // Against a share that control has not at all nothing can be tested.
    const p = found.comparison === "new" ? leastP(sick.map(({ more }) => more)) : {};
    return { ...known, ...found, ...p };
  }
  const busiest = judged.toSorted((a, b) => b.own.joined - a.own.joined)[0]!;
  if (busiest.own.joined < RULE.attempts) {
    const { joined, stage } = busiest.own;
    const have = { have: joined, need: RULE.attempts, stage };
    const toTell = "whether they outlive their requests";
    const little = tooLittle({ ...have, what: `attempts at ${name}`, toTell });
    return { ...known, ...little, evidence: evidenceOf(busiest.own, busiest.control) };
  }
  return {
    ...known,
    status: "pass",
    pValue: 1,
    summary: `${formatCount(most.own.zombies.length)} of ${formatCount(most.own.joined)} attempts at ${name} go on after their request has failed`,
    evidence: evidenceOf(most.own, most.control),
  };
}

/** Names work for requests that nobody waits for any longer. */
export const timeoutInversion: Detector = {
  name: "timeout-inversion",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
