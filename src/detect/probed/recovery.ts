import type { Evidence, RequestRow, StageWindow } from "../detector.ts";
import { occupancyOf } from "../occupancy.ts";
import { attemptsOf, readRetries } from "../retries.ts";
import { isFilling } from "./filling.ts";
import {
  flushedStages,
  isAnswered,
  lengthS,
  mean,
  requestsIn,
  responseNs,
  usualStage,
  warmStage,
  watchedUntilNs,
} from "./stages.ts";

/**
 * The published rule: from 10 s after the trigger's end, requests that are answered in less than
 * 1.1 × the mean of before are counted; recovered once there are more than 30 s of them.
 * Source: Huang et al., OSDI 2022, "Metastable Failures in the Wild", the artefact's GC case.
 */
const PUBLISHED = { graceS: 10, countS: 30, factor: 1.1, watchedS: 60 } as const;

const RULE = {
  /** Goodput after, as a share of what was sent: well, beside the published rule. */
  goodputRatio: 0.95,
  /** How much more than before counts as still elevated, of each sustaining effect. */
  elevated: 1.2,
  /**
   * Calls in flight in the last third of what was watched, as a share of the third before; or what
   * requests waited in its later half, as a share of its earlier one.
   */
  draining: 0.8,
  /** Requests before the trigger that are needed. */
  requests: 50,
} as const;

/** What keeps a failure going once its trigger is gone. */
export interface Sustaining {
  readonly what: "attempts per call" | "calls per request" | "calls in flight";
  readonly dependency: string;
  readonly before: number;
  readonly after: number;
}

const SAYS_MOST: readonly Sustaining["what"][] = [
  "attempts per call",
  "calls per request",
  "calls in flight",
];

/** How an arm did after a trigger. */
export interface Recovery {
  readonly trigger: string;
  /** What was done to it; null where caches were emptied. */
  readonly dependency: string | null;
  readonly recovered: boolean;
  /** When the rule was met, in seconds after the trigger's end; null: not while it was watched. */
  readonly recoveredAfterS: number | null;
  readonly watchedS: number;
  /** Times of the published rule were shortened to this share of themselves. */
  readonly scale: number;
  /** Answers as quick as before as a share of requests, in the last third of what was watched. */
  readonly goodRatio: number;
  readonly usualGoodRatio: number;
  /** Of the same time, one for each request: whether it was not as quick. */
  readonly slowOnes: readonly { atNs: number; numerator: number; denominator: number }[];
  /** Not recovered, and calls in flight, which alone are elevated, still become fewer. */
  readonly draining: boolean;
  /** Not recovered from a flush, and what is still elevated is a cache that only takes its time. */
  readonly filling: boolean;
  /** Where it did not recover: what is still elevated, what says most first. */
  readonly sustaining: readonly Sustaining[];
}

/** A trigger with what came before it, and the same load after it without it. */
export interface Protocol {
  readonly usual: StageWindow;
  readonly trigger: StageWindow;
  /** From the trigger's end on: of a flush, from when all caches were empty. */
  readonly after: { readonly fromNs: number; readonly toNs: number; readonly judged: boolean };
}

/** A flush is over at once: the rest of its stage, and what follows it alone, is what comes after. */
function flushProtocol({ stages }: Evidence, trigger: StageWindow): Protocol[] {
  const usual = warmStage(stages, trigger);
  if (usual === undefined) return [];
  const fromNs = Math.max(...(trigger.flushes ?? []).map((flush) => flush?.toNs ?? 0));
  const after = { fromNs, toNs: watchedUntilNs(stages, trigger), judged: trigger.judged };
  return after.toNs > fromNs ? [{ usual, trigger, after }] : [];
}

/** Stages that probe something and are followed by the same rate, left alone; and those that empty caches. */
export function protocolsOf(evidence: Evidence): readonly Protocol[] {
  const { stages } = evidence;
  const flushed = flushedStages(evidence);
  return stages.flatMap((trigger, index) => {
    if (flushed.includes(trigger)) return flushProtocol(evidence, trigger);
    if (trigger.probe?.cold === true) return [];
    const usual = trigger.probe === undefined ? undefined : usualStage(stages, trigger);
    const next = stages[index + 1];
    if (usual === undefined || usual.toNs > trigger.fromNs || next === undefined) return [];
    const same = next.probe === undefined && next.ratePerSec === usual.ratePerSec;
    if (!same || (next.fromPerSec ?? next.ratePerSec) !== next.ratePerSec) return [];
    return [
      { usual, trigger, after: { fromNs: trigger.toNs, toNs: next.toNs, judged: next.judged } },
    ];
  });
}

interface Effects {
  readonly attempts: number;
  readonly calls: number;
  readonly inFlight: number;
}

function effectsIn(
  evidence: Evidence,
  { arm, dependency }: { readonly arm: number; readonly dependency: number },
  span: Pick<StageWindow, "fromNs" | "toNs">,
): Effects {
  const calls = evidence.calls(arm, dependency);
  const stage = { ...span, name: "", ratePerSec: 0, judged: true };
  const { calls: made, joined, logical } = readRetries(attemptsOf(calls), [stage]);
  return {
    attempts: logical === 0 ? 1 : joined / logical,
    calls: made / Math.max(requestsIn(evidence.requests(arm), span).length, 1),
    inFlight: occupancyOf(calls, span.fromNs, span.toNs).mean,
  };
}

function sustainingOf(
  evidence: Evidence,
  arm: number,
  usual: StageWindow,
  last: Pick<StageWindow, "fromNs" | "toNs">,
): Sustaining[] {
  const found = evidence.dependencies.flatMap(({ name }, dependency): Sustaining[] => {
    const [before, after] = [usual, last].map((span) =>
      effectsIn(evidence, { arm, dependency }, span),
    ) as [Effects, Effects];
    const pair = (what: Sustaining["what"], of: keyof Effects): Sustaining => ({
      what,
      dependency: name,
      before: before[of],
      after: after[of],
    });
    return [
      pair("attempts per call", "attempts"),
      pair("calls per request", "calls"),
      pair("calls in flight", "inFlight"),
    ];
  });
  // More attempts, or more misses, also mean more in flight: what says most comes first.
  return found
    .filter(({ after, before }) => after > RULE.elevated * Math.max(before, 0.01))
    .toSorted((a, b) => SAYS_MOST.indexOf(a.what) - SAYS_MOST.indexOf(b.what));
}

/**
 * A queue that empties: with the load of before, that only takes its time, Q / (μ − λ). Calls that are
 * given up are no longer seen in it; that it becomes shorter shows when answers come sooner.
 */
function isDraining(
  evidence: Evidence,
  arm: number,
  sustaining: readonly Sustaining[],
  last: Pick<StageWindow, "fromNs" | "toNs">,
): boolean {
  const before = { fromNs: 2 * last.fromNs - last.toNs, toNs: last.fromNs };
  const middleNs = (last.fromNs + last.toNs) / 2;
  const [waited, waits] = [
    { fromNs: last.fromNs, toNs: middleNs },
    { fromNs: middleNs, toNs: last.toNs },
  ].map((half) => mean(requestsIn(evidence.requests(arm), half).map(responseNs)));
  if (sustaining.length === 0) return false;
  const isSooner = waits! < RULE.draining * waited!;
  return sustaining.every(({ after, dependency, what }) => {
    const index = evidence.dependencies.findIndex(({ name }) => name === dependency);
    const calls = evidence.calls(arm, index);
    const earlier = occupancyOf(calls, before.fromNs, before.toNs).mean;
    return what === "calls in flight" && (isSooner || after < RULE.draining * earlier);
  });
}

/** Misses alone keep it up, and they are those of a cache that fills. */
function fills(
  evidence: Evidence,
  arm: number,
  sustaining: readonly Sustaining[],
  when: Parameters<typeof isFilling>[3],
): boolean {
  const of = (wanted: Sustaining["what"]) => sustaining.filter(({ what }) => what === wanted);
  const elevated = of("calls per request").map(({ after, before, dependency }) => ({
    after,
    before,
    dependency: evidence.dependencies.findIndex(({ name }) => name === dependency),
  }));
  if (elevated.length === 0 || of("attempts per call").length > 0) return false;
  return isFilling(evidence, arm, elevated, when);
}

/** By route, the latency below which an answer is as quick as before. */
function limitsOf(answered: readonly RequestRow[]): Map<number, number> {
  const byRoute = Map.groupBy(answered, ({ route }) => route);
  return new Map(
    [...byRoute].map(([route, rows]) => [route, PUBLISHED.factor * mean(rows.map(responseNs))]),
  );
}

/**
 * Reads how an arm did after a trigger: each request beside the mean of its own route. Where less
 * than a minute was watched, the rule's times are shortened in proportion; what the rule counts is
 * what was as quick before, so that latencies may be spread. Null with too little before the trigger.
 */
export function readRecovery(
  evidence: Evidence,
  arm: number,
  { after, trigger, usual }: Protocol,
): Recovery | null {
  const before = requestsIn(evidence.requests(arm), usual);
  const answered = before.filter(isAnswered);
  if (answered.length < RULE.requests) return null;
  const limitNs = limitsOf(answered);
  const isGood = (row: RequestRow): boolean =>
    isAnswered(row) && responseNs(row) < (limitNs.get(row.route) ?? 0);
  /** Routes that nobody asked for before have no usual. */
  const isKnown = ({ route }: RequestRow): boolean => limitNs.has(route);
  const usualGoodRatio = before.filter(isGood).length / before.length;
  const watchedS = lengthS(after);
  const scale = Math.min(watchedS / PUBLISHED.watchedS, 1);
  const watched = requestsIn(evidence.requests(arm), after).filter(isKnown);
  const ratePerSec = watched.length / watchedS;
  const graceEndNs = after.fromNs + PUBLISHED.graceS * scale * 1e9;
  const wanted = PUBLISHED.countS * scale * ratePerSec * usualGoodRatio;
  const good = watched.filter((row) => row.intendedNs >= graceEndNs && isGood(row));
  const met = good.map(({ endNs }) => endNs).toSorted((a, b) => a - b)[Math.floor(wanted)];
  const last = { fromNs: after.toNs - (after.toNs - after.fromNs) / 3, toNs: after.toNs };
  const sustaining = sustainingOf(evidence, arm, usual, last);
  const lately = requestsIn(evidence.requests(arm), last).filter(isKnown);
  const goodRatio = lately.filter(isGood).length / Math.max(lately.length, 1);
  const recovered = met !== undefined && goodRatio >= RULE.goodputRatio * usualGoodRatio * 0.9;
  const isFlush = trigger.probe?.cold === true;
  return {
    trigger: trigger.name,
    dependency: trigger.probe?.dependency ?? null,
    recovered,
    recoveredAfterS: recovered ? (met - after.fromNs) / 1e9 : null,
    watchedS,
    scale,
    goodRatio,
    usualGoodRatio,
    slowOnes: lately.map((row) => ({
      atNs: row.intendedNs,
      numerator: isGood(row) ? 0 : 1,
      denominator: 1,
    })),
    draining: !recovered && isDraining(evidence, arm, sustaining, last),
    filling:
      !recovered && isFlush && fills(evidence, arm, sustaining, { flushedNs: after.fromNs, last }),
    sustaining: recovered ? [] : sustaining,
  };
}
