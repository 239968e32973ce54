import type { EmulatedCall } from "../../measure/index.ts";
import type { Evidence, RequestRow } from "../detector.ts";
import { median } from "../join.ts";
import { stagesThat } from "./stages.ts";

const RULE = {
  /** Calls that are needed to tell. */
  calls: 5,
  /** Give-ups within this of the shortest of them are one mode, and the share that one must hold. */
  modeRatio: 0.1,
  modeSlackNs: 5e6,
  modeShare: 0.5,
  /** Fewer than this share given up: nobody times out. */
  noneRatio: 0.05,
  /** A give-up this near to the end of its request is the caller's caller's. */
  nearEndNs: 20e6,
} as const;

/** What calls that are never answered show of the caller's timeout. */
export interface HangReading {
  readonly calls: number;
  readonly gaveUp: number;
  /** How long those that did not give up were watched, in ms; the least of them. */
  readonly watchedMs: number;
  /** `timeout`: there is one; `none`: nobody gave up; `unclear`: too few, or at no one time. */
  readonly kind: "timeout" | "none" | "unclear";
  /** The mode of how long calls were waited for, in ms; null unless there is one. */
  readonly timeoutMs: number | null;
  /** What the timeout is counted from: the call, or its request, a wait for a connection included. */
  readonly countsFrom: "call" | "request";
  /** The share of give-ups in that mode. */
  readonly atTimeoutRatio: number;
  /** The share of give-ups that came with the end of their request; null where none can be joined. */
  readonly withRequestRatio: number | null;
}

/** The fullest stretch from t to 1.1 t of ascending waits, in ns: its median and its share. */
export function modeOf(waitsNs: readonly number[]): {
  readonly atNs: number;
  readonly share: number;
} {
  let best: readonly number[] = [];
  let end = 0;
  for (const [start, waitNs] of waitsNs.entries()) {
    const upTo = waitNs * (1 + RULE.modeRatio) + RULE.modeSlackNs;
    while (end < waitsNs.length && waitsNs[end]! <= upTo) end++;
    if (end - start > best.length) best = waitsNs.slice(start, end);
  }
  return { atNs: median(best), share: best.length / waitsNs.length };
}

interface GivenUp {
  readonly request: RequestRow;
  readonly endNs: number;
}

/** By the call where that says it; else by its request: a wait for a connection comes before the call. */
function waitMode(
  calls: readonly EmulatedCall[],
  joined: readonly GivenUp[],
): ReturnType<typeof modeOf> & Pick<HangReading, "countsFrom"> {
  const ascending = (waitsNs: readonly number[]) => waitsNs.toSorted((a, b) => a - b);
  const byCall = modeOf(ascending(calls.map(({ arriveNs, endNs }) => endNs - arriveNs)));
  if (byCall.share >= RULE.modeShare || joined.length < RULE.calls) {
    return { ...byCall, countsFrom: "call" };
  }
  const byRequest = modeOf(ascending(joined.map(({ endNs, request }) => endNs - request.startNs)));
  return byRequest.share > byCall.share
    ? { ...byRequest, countsFrom: "request" }
    : { ...byCall, countsFrom: "call" };
}

/** Reads a hang of one arm; null where no stage has one, or too few calls were made in it. */
export function readHang(evidence: Evidence, arm: number, dependency: number): HangReading | null {
  const stages = stagesThat(evidence, dependency, "hang");
  const lastNs = evidence.stages.at(-1)?.toNs ?? 0;
  const hung = evidence
    .calls(arm, dependency)
    .filter(({ arriveNs, fault }) => fault === "hang" && stages.length > 0 && arriveNs < lastNs);
  if (hung.length < RULE.calls) return null;
  // What is still open when the run ends is ended by the run, as is what its dependency ends.
  const isGivenUp = ({ endNs, outcome }: EmulatedCall): boolean =>
    outcome !== "error" && endNs < lastNs;
  const gaveUp = hung.filter(isGivenUp);
  const joined = gaveUp.flatMap(({ endNs, seq }) => {
    const request = seq < 0 ? undefined : evidence.request(arm, seq);
    return request === undefined ? [] : [{ request, endNs }];
  });
  const { atNs, countsFrom, share } = waitMode(gaveUp, joined);
  const withRequest = joined.filter(
    ({ endNs, request }) => Math.abs(request.endNs - endNs) <= RULE.nearEndNs,
  );
  const none = gaveUp.length < RULE.noneRatio * hung.length;
  const clear = gaveUp.length >= RULE.calls && share >= RULE.modeShare;
  const still = hung.filter((call) => !isGivenUp(call));
  const watchedNs = still.map(({ arriveNs, endNs }) => Math.min(endNs, lastNs) - arriveNs);
  return {
    calls: hung.length,
    gaveUp: gaveUp.length,
    watchedMs: watchedNs.length === 0 ? 0 : Math.min(...watchedNs) / 1e6,
    kind: none ? "none" : clear ? "timeout" : "unclear",
    timeoutMs: clear && !none ? atNs / 1e6 : null,
    countsFrom,
    atTimeoutRatio: gaveUp.length === 0 ? 0 : share,
    withRequestRatio: joined.length === 0 ? null : withRequest.length / joined.length,
  };
}
