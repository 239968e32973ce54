import type { EmulatedCall } from "../measure/index.ts";
import type { Evidence, StageWindow } from "./detector.ts";
import { median, waitBeforeCallMs } from "./join.ts";
import { type Occupancy, occupancyOf } from "./occupancy.ts";
import { judgedStages } from "./pairs.ts";
import { callsIn, requestsIn } from "./probed/index.ts";

const RULE = {
  /** The judged time is cut into so many slices; so many at a ceiling, after the failures, are needed. */
  slices: 16,
  after: 3,
  /** Failed calls that are needed, and the share of the places that must be gone. */
  failed: 5,
  lostRatio: 0.1,
  /** Of a slice at its ceiling: the mean as a share of the plateau, and what is wanted as a share of it. */
  fullRatio: 0.9,
  wantedRatio: 0.95,
  dispersionMax: 0.3,
  /** Waiting before the call beyond what was usual: a share of the hold, and at least this. */
  waitHoldRatio: 0.25,
  waitFloorMs: 2,
} as const;

/** A pool whose ceiling is lower after calls have failed. */
export interface LostSlots {
  readonly stage: StageWindow;
  /** When the last of the failures was over. */
  readonly atNs: number;
  readonly failed: number;
  /** Calls in flight: the highest that they stood at before, and where they stand since. */
  readonly before: number;
  readonly left: number;
  readonly lost: number;
}

interface Slice {
  readonly fromNs: number;
  readonly toNs: number;
  readonly seen: Occupancy;
  readonly requests: number;
  readonly waitMs: number;
}

const hasFailed = ({ outcome }: EmulatedCall): boolean => outcome !== "ok";

function slicesOf(evidence: Evidence, arm: number, dependency: number): Slice[] {
  const stages = judgedStages(evidence);
  const [fromNs, endNs] = [stages[0]?.fromNs ?? 0, stages.at(-1)?.toNs ?? 0];
  const calls = evidence.calls(arm, dependency);
  const lengthNs = (endNs - fromNs) / RULE.slices;
  if (!(lengthNs > 0)) return [];
  return Array.from({ length: RULE.slices }, (_, i): Slice => {
    const slice = { fromNs: fromNs + i * lengthNs, toNs: fromNs + (i + 1) * lengthNs };
    return {
      ...slice,
      seen: occupancyOf(calls, slice.fromNs, slice.toNs),
      requests: requestsIn(evidence.requests(arm), slice).length,
      waitMs: waitBeforeCallMs(evidence, { arm, dependency }, slice.fromNs, slice.toNs).p50,
    };
  });
}

/** Stands at a ceiling although as many calls for each request as before would need more. */
function standsAtCeiling(
  { requests, seen, toNs, fromNs, waitMs }: Slice,
  usual: { readonly callsPerRequest: number; readonly waitMs: number; readonly holdMs: number },
): boolean {
  const perSec = (usual.callsPerRequest * requests) / ((toNs - fromNs) / 1e9);
  const wanted = perSec * (usual.holdMs / 1_000);
  const full = seen.plateau > 0 && seen.mean >= RULE.fullRatio * seen.plateau;
  const clearMs = Math.max(RULE.waitHoldRatio * usual.holdMs, RULE.waitFloorMs);
  const waits = Number.isNaN(waitMs)
    ? seen.dispersion <= RULE.dispersionMax
    : waitMs > (Number.isNaN(usual.waitMs) ? 0 : usual.waitMs) + clearMs;
  return full && wanted >= RULE.wantedRatio * seen.plateau && waits;
}

/** Reads one arm by itself; null unless places were lost, and are missed. */
export function readLostSlots(
  evidence: Evidence,
  arm: number,
  dependency: number,
): LostSlots | null {
  const calls = evidence.calls(arm, dependency);
  const slices = slicesOf(evidence, arm, dependency);
  const [first, last] = [slices[0], slices.at(-1)];
  if (first === undefined || last === undefined) return null;
  const failed = callsIn(calls, { fromNs: first.fromNs, toNs: last.toNs }).filter(hasFailed);
  if (failed.length < RULE.failed) return null;
  const fromNs = failed.reduce((least, { arriveNs }) => Math.min(least, arriveNs), Infinity);
  const atNs = failed.reduce((most, { endNs }) => Math.max(most, endNs), 0);
  const before = slices.filter(({ toNs }) => toNs <= fromNs);
  const requests = before.reduce((sum, slice) => sum + slice.requests, 0);
  const made = before.reduce((sum, { seen }) => sum + seen.calls, 0);
  if (requests === 0 || made === 0) return null;
  const usual = {
    callsPerRequest: made / requests,
    waitMs: median(before.map(({ waitMs }) => waitMs).filter((waitMs) => !Number.isNaN(waitMs))),
    holdMs: median(before.filter(({ seen }) => seen.calls > 0).map(({ seen }) => seen.holdMs)),
  };
  const after = slices.filter((slice) => slice.fromNs >= atNs);
  const full = after.filter((slice) => standsAtCeiling(slice, usual));
  if (full.length < RULE.after) return null;
  const most = Math.max(...before.map(({ seen }) => seen.plateau));
  const left = median(full.map(({ seen }) => seen.plateau));
  const lost = most - left;
  if (lost < Math.max(1, RULE.lostRatio * most) || lost > failed.length) return null;
  // Where more are in flight again, nothing was lost.
  if (after.some(({ seen }) => seen.plateau > left)) return null;
  const stages = judgedStages(evidence);
  const stage = stages.find(({ toNs }) => atNs < toNs) ?? stages.at(-1)!;
  return { stage, atNs, failed: failed.length, before: most, left, lost };
}
