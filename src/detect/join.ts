import type { EmulatedCall } from "../measure/index.ts";
import type { Evidence, RequestRow, StageWindow } from "./detector.ts";

/** The middle value; NaN when there is none. Sorts a copy. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The ⌈np⌉-th smallest value; NaN when there is none. Sorts a copy. */
export function quantile(values: readonly number[], p: number): number {
  // Numbers alone are sorted without asking a function, ten times as fast.
  const sorted = Float64Array.from(values);
  sorted.sort();
  return (
    sorted[Math.min(Math.max(Math.ceil(sorted.length * p) - 1, 0), sorted.length - 1)] ?? Number.NaN
  );
}

/** A call, and how long its request had waited for it in the target: D_pre. */
export interface Waited {
  readonly call: EmulatedCall;
  readonly waitMs: number;
}

/**
 * How long requests spent in the target before their calls to the dependency arrived, for first
 * attempts that arrived in [fromNs, toNs): D_pre. The time that earlier calls of the same request
 * took is taken out, since the emulator gave it. Empty when no call could be joined to its request
 * (the target passes no `traceparent` or `x-request-id` on).
 */
export function waitsBeforeCall(
  evidence: Evidence,
  where: { readonly arm: number; readonly dependency: number },
  fromNs: number,
  toNs: number,
): Waited[] {
  return evidence.calls(where.arm, where.dependency).flatMap((call): Waited[] => {
    if (call.seq < 0 || call.attempt > 1 || call.arriveNs < fromNs || call.arriveNs >= toNs)
      return [];
    const request = evidence.request(where.arm, call.seq);
    if (request === undefined) return [];
    const own = evidence.callsOf(where.arm, call.seq);
    const givenNs = coveredNs(own, request.startNs, call.arriveNs);
    return [{ call, waitMs: (call.arriveNs - request.startNs - givenNs) / 1e6 }];
  });
}

/** The median of them, in ms, NaN when there is none; and how many there are. */
export function waitBeforeCallMs(...asked: Parameters<typeof waitsBeforeCall>): {
  p50: number;
  joined: number;
} {
  const waits = waitsBeforeCall(...asked);
  return { p50: median(waits.map(({ waitMs }) => waitMs)), joined: waits.length };
}

/** Where a request's time went, and the calls it made, where the target passes identity on. */
export interface Journey {
  readonly request: RequestRow;
  /** By arrival. */
  readonly calls: readonly EmulatedCall[];
  /** From the start to the first call, and from the end of the last one to the answer; from 0 up. */
  readonly preMs: number;
  readonly postMs: number;
  /** The request's time that no call covers: what the target took for itself. */
  readonly ownMs: number;
}

/** Requests intended in the window that are known to have called something, by start. */
export function journeysOf(
  evidence: Evidence,
  arm: number,
  { fromNs, toNs }: Pick<StageWindow, "fromNs" | "toNs">,
): Journey[] {
  return evidence.requests(arm).flatMap((request) => {
    if (request.intendedNs < fromNs || request.intendedNs >= toNs) return [];
    const calls = evidence.callsOf(arm, request.seq);
    if (calls.length === 0) return [];
    const lastNs = calls.reduce((last, { endNs }) => Math.max(last, endNs), -Infinity);
    const coveredMs = coveredNs(calls, request.startNs, Math.max(request.endNs, lastNs)) / 1e6;
    return {
      request,
      calls,
      preMs: Math.max(calls[0]!.arriveNs - request.startNs, 0) / 1e6,
      postMs: Math.max(request.endNs - lastNs, 0) / 1e6,
      ownMs: Math.max((request.endNs - request.startNs) / 1e6 - coveredMs, 0),
    };
  });
}

/** How much of [fromNs, toNs) is covered by calls that ended before `toNs`; overlaps count once. */
function coveredNs(calls: readonly EmulatedCall[], fromNs: number, toNs: number): number {
  const done = calls
    .filter((call) => call.endNs <= toNs)
    .toSorted((a, b) => a.arriveNs - b.arriveNs);
  let covered = 0;
  let reachedNs = fromNs;
  for (const call of done) {
    covered += Math.max(call.endNs - Math.max(call.arriveNs, reachedNs), 0);
    reachedNs = Math.max(reachedNs, call.endNs);
  }
  return covered;
}
