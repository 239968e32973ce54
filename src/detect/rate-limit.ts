import { formatCount, formatRatio } from "../core/index.ts";
import {
  beganIn,
  besideControl,
  besideWords,
  type Counted,
  type More,
  shareBeside,
} from "./beside.ts";
import type { Detector, Evidence, Finding, StageWindow } from "./detector.ts";
import { about, judgeEachPair } from "./pairs.ts";
import { type Attempt, attemptsOf } from "./retries.ts";

/*
 * A caller that is refused is told how long to wait (Retry-After). Coming again before that is refused
 * again, and with some limits makes the wait longer: the target share of such retries is 0. Which call
 * a call repeats is known by identity alone.
 */
const RULE = {
  /** Retries after a refusal that said how long to wait. */
  told: 50,
  /** Of these, those that came too early. */
  earlyRatio: 0.2,
  /** Timers may fire this much before their time. */
  slackNs: 1e6,
} as const;

interface Reading {
  readonly stage: StageWindow;
  readonly calls: number;
  readonly limited: number;
  readonly told: number;
  readonly early: number;
  readonly counted: readonly Counted[];
}

function isEarly({ before, call }: Attempt): boolean {
  const waitedNs = call.arriveNs - (before?.endNs ?? call.arriveNs);
  return waitedNs + RULE.slackNs < (before?.retryAfterMs ?? 0) * 1e6;
}

function read(attempts: readonly Attempt[], stage: StageWindow): Reading {
  const inside = attempts.filter(
    ({ call }) => call.arriveNs >= stage.fromNs && call.arriveNs < stage.toNs,
  );
  const told = inside.filter(({ before }) => (before?.retryAfterMs ?? 0) > 0);
  return {
    stage,
    calls: inside.length,
    limited: inside.filter(({ call }) => call.outcome === "limited").length,
    told: told.length,
    early: told.filter(isEarly).length,
    counted: told.map((attempt) => ({
      atNs: attempt.call.arriveNs,
      numerator: isEarly(attempt) ? 1 : 0,
      denominator: 1,
    })),
  };
}

const earlyRatio = ({ early, told }: Reading): number => early / Math.max(told, 1);
const isSick = (reading: Reading): boolean =>
  reading.told >= RULE.told && earlyRatio(reading) >= RULE.earlyRatio;

interface Judged {
  readonly own: Reading;
  readonly control: Reading;
  readonly more: More;
}

const wasteOf = ({ calls, limited }: Reading): number => limited / Math.max(calls, 1);

function evidenceOf({ control, own }: Judged): Finding["evidence"] {
  return {
    stage: own.stage.name,
    calls: own.calls,
    wasteRatio: wasteOf(own),
    toldToWait: own.told,
    early: own.early,
    controlWasteRatio: wasteOf(control),
    controlToldToWait: control.told,
    controlEarly: control.early,
  };
}

function sickFinding(name: string, judged: Judged): Omit<Finding, "detector" | "subject"> {
  const { control, more, own } = judged;
  const beside = besideControl({
    sick: true,
    controlSick: isSick(control),
    controlWorks: control.calls > 0,
    more: more.shown,
  });
  return {
    ...beside,
    cause: `${name} is called again before Retry-After`,
    summary:
      `${formatRatio(earlyRatio(own))} of the ${formatCount(own.told)} retries that ${name} told to wait came before that ` +
      `(control ${formatCount(control.early)} of ${formatCount(control.told)}), from stage ${own.stage.name} on; ` +
      `${formatRatio(wasteOf(own))} of the calls are refused (control ${formatRatio(wasteOf(control))})${besideWords(beside)}`,
    cure: "waiting as long as Retry-After says, with jitter, or not trying again",
    began: beganIn(own.stage),
    size: {
      what: "retries that came too early",
      value: earlyRatio(own),
      unit: "of those told to wait",
    },
    effect: more.effect,
    evidence: evidenceOf(judged),
  };
}

function judge(
  evidence: Evidence,
  { arm, dependency }: { readonly arm: number; readonly dependency: number },
  attempts: readonly (readonly Attempt[])[],
): Finding | null {
  const stages = evidence.stages.filter((stage) => stage.judged && stage.toNs > stage.fromNs);
  const judged = stages.map((stage): Judged => {
    const [own, control] = [read(attempts[arm] ?? [], stage), read(attempts[0] ?? [], stage)];
    const counted = { own: own.counted, control: control.counted };
    return { own, control, more: shareBeside("retries that came too early", counted, stage) };
  });
  const most = judged.toSorted((a, b) => b.own.limited - a.own.limited)[0];
  if (most === undefined || most.own.limited === 0) return null;
  const { name } = evidence.dependencies[dependency]!;
  const known = { detector: "rate-limit", ...about(evidence, arm, dependency) };
  const sick = judged.filter(({ own }) => isSick(own));
  const first = sick.find(({ control }) => !isSick(control)) ?? sick[0];
  if (first !== undefined) return { ...known, ...sickFinding(name, first) };
  const byRates = evidence.joinedBy(arm, dependency) === "rates";
  const waits = byRates
    ? "which calls repeat one that was told to wait is known only where the target passes identity on"
    : `${formatCount(most.own.early)} of ${formatCount(most.own.told)} retries that were told to wait came too early`;
  return {
    ...known,
    status: byRates ? "inconclusive" : "pass",
    summary: `${name} refuses ${formatRatio(wasteOf(most.own))} of the calls (control ${formatRatio(wasteOf(most.control))}); ${waits}`,
    evidence: evidenceOf(most),
  };
}

/** Names a caller that does not wait as long as a limit tells it to. */
export const rateLimit: Detector = {
  name: "rate-limit",
  detect(evidence) {
    const attempts = evidence.dependencies.map((_, dependency) =>
      evidence.arms.map((_arm, arm) => attemptsOf(evidence.calls(arm, dependency))),
    );
    return judgeEachPair(evidence, (arm, dependency) =>
      judge(evidence, { arm, dependency }, attempts[dependency] ?? []),
    );
  },
};
