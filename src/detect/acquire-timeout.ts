import { formatCount, formatRatio, formatUs } from "../core/index.ts";
import { beganIn, besideControl, besideWords, type More, shareBeside, worstOf } from "./beside.ts";
import type { Detector, Evidence, Finding, RequestRow, StageWindow } from "./detector.ts";
import { about, judgeEachPair, judgedStages } from "./pairs.ts";
import { modeOf, requestsIn } from "./probed/index.ts";
import { lacksIdentity, noIdentity, tooLittle } from "./too-little.ts";

/*
 * Who waits for a connection and gets none in time fails without a call, and all after the same wait:
 * the pool's acquire timeout. An open breaker and a full service refuse at once; a call that failed
 * was made. It takes identity to know that there was no call. Source: signatures §6.2.
 */
const RULE = {
  /** Requests and give-ups that are needed, and the share of these that end after one wait. */
  requests: 100,
  /** Of all calls, those that name their request: one that does not looks like none. */
  namedRatio: 0.98,
  gaveUp: 20,
  modeShare: 0.5,
  /** What is refused sooner has not waited for anything. */
  waitFloorNs: 20e6,
  /** Of a route's answered requests: those that call what belongs to the route. */
  callsRatio: 0.5,
} as const;

type Pair = { readonly arm: number; readonly dependency: number };

/** Of each route, the dependencies that its answered requests call, in their usual order. */
function itinerariesOf(evidence: Evidence, arms: readonly number[]): Map<number, number[]> {
  interface Seen {
    answered: number;
    readonly calls: Map<number, { requests: number; afterNs: number }>;
  }
  const byRoute = new Map<number, Seen>();
  for (const arm of arms) {
    for (const { route, seq, startNs, status } of evidence.requests(arm)) {
      if (status === 0 || status >= 500) continue;
      const seen = byRoute.get(route) ?? { answered: 0, calls: new Map() };
      byRoute.set(route, seen);
      seen.answered++;
      const first = new Map<number, number>();
      for (const { arriveNs, dependency } of evidence.callsOf(arm, seq)) {
        if (!first.has(dependency)) first.set(dependency, arriveNs - startNs);
      }
      for (const [dependency, afterNs] of first) {
        const sum = seen.calls.get(dependency) ?? { requests: 0, afterNs: 0 };
        seen.calls.set(dependency, { requests: sum.requests + 1, afterNs: sum.afterNs + afterNs });
      }
    }
  }
  const itineraryOf = ({ answered, calls }: Seen): number[] =>
    [...calls]
      .filter(([, { requests }]) => requests >= RULE.callsRatio * answered)
      .toSorted(([, a], [, b]) => a.afterNs / a.requests - b.afterNs / b.requests)
      .map(([dependency]) => dependency);
  return new Map([...byRoute].map(([route, seen]) => [route, itineraryOf(seen)]));
}

/**
 * How long a failed request had waited for its next call, which it never made: since its start, or
 * since its last call. Null where it was answered or ended by the generator, where a call of its own
 * failed, and where another dependency's turn was next.
 */
function waitedNs(
  evidence: Evidence,
  { arm, dependency }: Pair,
  request: RequestRow,
  itinerary: readonly number[],
): number | null {
  if (request.status < 500) return null;
  const calls = evidence.callsOf(arm, request.seq);
  if (calls.some(({ outcome }) => outcome !== "ok")) return null;
  const called = new Set(calls.map((call) => call.dependency));
  if (itinerary.find((each) => !called.has(each)) !== dependency) return null;
  return request.endNs - Math.max(request.startNs, ...calls.map(({ endNs }) => endNs));
}

interface Side {
  readonly requests: number;
  readonly gaveUp: number;
  /** The mode of their waits, in ms, and the share of them in it. */
  readonly timeoutMs: number;
  readonly modeShare: number;
  readonly counted: readonly { atNs: number; numerator: number; denominator: number }[];
}

function sideOf(
  evidence: Evidence,
  pair: Pair,
  stage: StageWindow,
  itineraries: ReadonlyMap<number, readonly number[]>,
): Side {
  const rows = requestsIn(evidence.requests(pair.arm), stage).flatMap((request) => {
    const itinerary = itineraries.get(request.route) ?? [];
    if (!itinerary.includes(pair.dependency)) return [];
    const waitNs = waitedNs(evidence, pair, request, itinerary) ?? -1;
    return { atNs: request.intendedNs, waitNs: waitNs >= RULE.waitFloorNs ? waitNs : null };
  });
  const waits = rows.flatMap(({ waitNs }) => waitNs ?? []).toSorted((a, b) => a - b);
  const mode = waits.length === 0 ? { atNs: 0, share: 0 } : modeOf(waits);
  return {
    requests: rows.length,
    gaveUp: waits.length,
    timeoutMs: mode.atNs / 1e6,
    modeShare: mode.share,
    counted: rows.map(({ atNs, waitNs }) => ({
      atNs,
      numerator: waitNs === null ? 0 : 1,
      denominator: 1,
    })),
  };
}

const isSick = ({ gaveUp, modeShare }: Side): boolean =>
  gaveUp >= RULE.gaveUp && modeShare >= RULE.modeShare;

/** Control needs less of it for the arm to be tested against its share of it. */
const isLikeIt = ({ gaveUp }: Side): boolean => gaveUp >= RULE.gaveUp / 4;

interface Reading {
  readonly stage: StageWindow;
  readonly own: Side;
  readonly control: Side;
  readonly more: More;
}

function readingsOf(evidence: Evidence, { arm, dependency }: Pair): Reading[] {
  // Of what control never calls, its routes tell nothing.
  const callers = evidence.calls(0, dependency).length > 0 ? [0, arm] : [arm];
  const itineraries = itinerariesOf(evidence, callers);
  return judgedStages(evidence).map((stage) => {
    const own = sideOf(evidence, { arm, dependency }, stage, itineraries);
    const control = sideOf(evidence, { arm: 0, dependency }, stage, itineraries);
    const counted = { own: own.counted, control: control.counted };
    return { stage, own, control, more: shareBeside("requests that give up", counted, stage) };
  });
}

const ratioOf = ({ gaveUp, requests }: Side): number => gaveUp / Math.max(requests, 1);

function sicknessOf({ control, more, own, stage }: Reading, name: string) {
  const beside = besideControl({
    sick: true,
    controlWorks: control.requests > 0,
    controlSick: isLikeIt(control),
    more: more.shown,
  });
  const after = formatUs(own.timeoutMs * 1_000);
  return {
    ...beside,
    began: beganIn(stage),
    size: { what: "acquire timeout", value: own.timeoutMs, unit: "ms" },
    effect: more.effect,
    cause: `${name} acquire timeout (${after})`,
    summary:
      `${formatRatio(ratioOf(own))} of the requests that call ${name} fail without a call to it ` +
      `(control ${formatRatio(ratioOf(control))}), from stage ${stage.name} on: ${formatCount(own.gaveUp)} gave up, ` +
      `${formatRatio(own.modeShare)} of them after ${after} of waiting${besideWords(beside)}`,
    cure: `connections to ${name} that are free in time: a larger pool, none that is lost, or calls that end sooner`,
  };
}

const evidenceOf = ({ control, own, stage }: Reading) => ({
  stage: stage.name,
  requests: own.requests,
  gaveUpWithoutCall: own.gaveUp,
  acquireTimeoutMs: own.gaveUp === 0 ? null : own.timeoutMs,
  atTimeoutRatio: own.modeShare,
  controlRequests: control.requests,
  controlGaveUpWithoutCall: control.gaveUp,
});

/** Whether nearly all calls of both arms name their request. */
const areNamed = (evidence: Evidence, arm: number, dependency: number): boolean =>
  [0, arm].every((side) => {
    const calls = evidence.calls(side, dependency);
    return calls.filter(({ seq }) => seq >= 0).length >= RULE.namedRatio * calls.length;
  });

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const { name } = evidence.dependencies[dependency]!;
  const base = { detector: "acquire-timeout", ...about(evidence, arm, dependency) };
  if (lacksIdentity(evidence, arm, dependency) || !areNamed(evidence, arm, dependency)) {
    const toTell = `whether requests give up waiting for ${name}`;
    return { ...base, ...noIdentity(toTell), evidence: {} };
  }
  const readings = readingsOf(evidence, { arm, dependency });
  const most = readings.toSorted((a, b) => b.own.gaveUp - a.own.gaveUp)[0];
  if (most === undefined || most.own.requests === 0) return null;
  const sick = readings.filter(({ own }) => isSick(own));
  const worst = worstOf(
    sick.map((each) => ({ ...base, ...sicknessOf(each, name), evidence: evidenceOf(each) })),
  );
  if (worst !== undefined) return worst;
  const asked = readings.toSorted((a, b) => b.own.requests - a.own.requests)[0]!;
  if (asked.own.requests < RULE.requests) {
    const have = { have: asked.own.requests, need: RULE.requests, stage: asked.stage };
    const toTell = "whether they give up waiting";
    const little = tooLittle({ ...have, what: `requests that call ${name}`, toTell });
    return { ...base, ...little, evidence: evidenceOf(asked) };
  }
  return {
    ...base,
    status: "pass",
    summary: `${formatCount(most.own.gaveUp)} of ${formatCount(most.own.requests)} requests fail after a wait, without their call to ${name}`,
    evidence: evidenceOf(most),
  };
}

/** Names the time after which requests give up waiting for a connection. */
export const acquireTimeout: Detector = {
  name: "acquire-timeout",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
