import type { EmulatedCall } from "../../measure/index.ts";
import type { Evidence, StageWindow } from "../detector.ts";
import { median } from "../join.ts";
import { callsIn, lengthS, stagesThat, usualStage } from "./stages.ts";

const RULE = {
  /** Windows are at least so long, and long enough for so many calls at the usual rate. */
  windowNs: 250e6,
  callsAWindow: 10,
  /** Calls in a window, as a share of the usual, while a breaker is open; and when it has closed. */
  openRatio: 0.05,
  closedRatio: 0.5,
  /** Of the windows since it opened, those without calls: fewer are lulls of a machine, no breaker. */
  openShare: 0.3,
  /** What must fail of a stage's calls for a breaker to be due. */
  failingRatio: 0.9,
} as const;

/** Whether calls came in a window, beside what is usual. */
export type WindowState = "open" | "closed" | "between";

/** An arm's calls in windows of one length. */
export interface CallWindows {
  readonly widthNs: number;
  readonly fromNs: number;
  readonly states: readonly WindowState[];
}

/** Cuts [fromNs, toNs) into windows and says which are all but empty beside `usualPerSec`. */
export function callWindows(
  calls: readonly EmulatedCall[],
  span: { readonly fromNs: number; readonly toNs: number },
  usualPerSec: number,
): CallWindows {
  const widthNs = Math.max(RULE.windowNs, (RULE.callsAWindow / usualPerSec) * 1e9);
  const count = Math.floor((span.toNs - span.fromNs) / widthNs);
  const counts = Array.from({ length: count }, () => 0);
  for (const { arriveNs } of callsIn(calls, span)) {
    const index = Math.floor((arriveNs - span.fromNs) / widthNs);
    if (index < count) counts[index]!++;
  }
  const wanted = (usualPerSec * widthNs) / 1e9;
  const states = counts.map((seen): WindowState => {
    // A single call is the breaker asking whether all is well again.
    if (seen <= Math.max(1, RULE.openRatio * wanted)) return "open";
    return seen >= RULE.closedRatio * wanted ? "closed" : "between";
  });
  return { widthNs, fromNs: span.fromNs, states };
}

/** How often calls stopped and came again. */
export function transitionsOf({ states }: CallWindows): number {
  const clear = states.filter((state) => state !== "between");
  return clear.filter((state, i) => i > 0 && state !== clear[i - 1]).length;
}

/** What a dependency that fails altogether shows of a breaker in its caller. */
export interface BreakerReading {
  readonly opened: boolean;
  /** From the stage's beginning to the first window without calls, in ms; null: none. */
  readonly openedAfterMs: number | null;
  /** Median between the calls that ask whether all is well; null with fewer than two. */
  readonly probeEveryMs: number | null;
  /** From the stage's end until calls come as usual; null: not before the run's end, or never opened. */
  readonly recoveredAfterMs: number | null;
  readonly transitionsPerMin: number;
}

/** Calls that came while most windows around had none. */
function probeGapMs(calls: readonly EmulatedCall[], windows: CallWindows, toNs: number) {
  const from = windows.fromNs + windows.states.indexOf("open") * windows.widthNs;
  const moments = callsIn(calls, { fromNs: from, toNs }).map(({ arriveNs }) => arriveNs);
  const gapsMs = moments.slice(1).map((atNs, i) => (atNs - moments[i]!) / 1e6);
  return gapsMs.length === 0 ? null : median(gapsMs);
}

function recoveredMs(
  calls: readonly EmulatedCall[],
  after: { readonly fromNs: number; readonly toNs: number },
  usualPerSec: number,
): number | null {
  const { states, widthNs } = callWindows(calls, after, usualPerSec);
  const back = states.indexOf("closed");
  return back < 0 ? null : (back * widthNs) / 1e6;
}

/** Reads a breaker of one arm; null where the dependency never fails altogether, or too little came. */
export function readBreaker(
  evidence: Evidence,
  arm: number,
  dependency: number,
): BreakerReading | null {
  const calls = evidence.calls(arm, dependency);
  const stage = stagesThat(evidence, dependency, "errors").findLast(
    ({ probe }) => (probe?.errors ?? 0) >= RULE.failingRatio,
  );
  const usual = stage === undefined ? undefined : usualStage(evidence.stages, stage);
  if (stage === undefined || usual === undefined) return null;
  const usualPerSec = callsIn(calls, usual).length / lengthS(usual);
  // A retry storm makes more calls, a breaker fewer: what is usual is enough to tell them apart.
  const whole: StageWindow = { ...stage, fromNs: stage.startNs ?? stage.fromNs };
  const windows = callWindows(calls, whole, usualPerSec);
  if (usualPerSec === 0 || windows.states.length < 3) return null;
  const first = windows.states.indexOf("open");
  const after = { fromNs: stage.toNs, toNs: evidence.stages.at(-1)!.toNs };
  const since = first < 0 ? [] : windows.states.slice(first);
  const open = since.filter((state) => state === "open");
  const opened = first >= 0 && open.length >= RULE.openShare * since.length;
  return {
    opened,
    openedAfterMs: opened ? (first * windows.widthNs) / 1e6 : null,
    probeEveryMs: opened ? probeGapMs(calls, windows, stage.toNs) : null,
    recoveredAfterMs: opened ? recoveredMs(calls, after, usualPerSec) : null,
    transitionsPerMin: transitionsOf(windows) / (lengthS(whole) / 60),
  };
}
