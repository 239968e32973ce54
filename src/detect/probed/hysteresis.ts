import type { Evidence, RequestRow, StageWindow } from "../detector.ts";
import { quantile } from "../join.ts";
import { isAnswered, requestsIn, responseNs } from "./stages.ts";

const RULE = {
  /** Rates are compared in so many steps. */
  steps: 5,
  /** A good answer takes no longer than this multiple of the p99 where the way up begins. */
  slowFactor: 3,
  /** Goodput lost on the way down, as a share of the rate, that counts. */
  lostRatio: 0.05,
  /** Requests in a step that are needed. */
  requests: 20,
} as const;

export interface HysteresisStep {
  readonly ratePerSec: number;
  /** Good answers as a share of the requests, on the way up and on the way down. */
  readonly up: number;
  readonly down: number;
  /** How many requests tell of either. */
  readonly requests: readonly [up: number, down: number];
}

/** Whether load that has been higher leaves its mark: H(λ) = goodput going up − going down. */
export interface HysteresisReading {
  readonly steps: readonly HysteresisStep[];
  /** The largest H(λ) ÷ λ. */
  readonly lostRatio: number;
  readonly bistable: boolean;
}

const isRamp = ({ fromPerSec, ratePerSec }: StageWindow, up: boolean): boolean =>
  fromPerSec !== undefined && (up ? fromPerSec < ratePerSec : fromPerSec > ratePerSec);

/** The first ramp up that is followed by one down; null without one. */
export function rampsOf({
  stages,
}: Evidence): { readonly up: StageWindow; readonly down: StageWindow } | null {
  const up = stages.find((stage, i) => {
    const after = stages.slice(i + 1).find((later) => later.fromPerSec !== later.ratePerSec);
    return isRamp(stage, true) && after !== undefined && isRamp(after, false);
  });
  const down = stages.find(
    (stage) => up !== undefined && stage.fromNs >= up.toNs && isRamp(stage, false),
  );
  return up === undefined || down === undefined ? null : { up, down };
}

/** Reads one arm; null without a ramp up that is followed by one down. */
export function readHysteresis(evidence: Evidence, arm: number): HysteresisReading | null {
  const ramps = rampsOf(evidence);
  if (ramps === null) return null;
  const { down, up } = ramps;
  const [low, high] = [
    Math.max(up.fromPerSec!, down.ratePerSec),
    Math.min(up.ratePerSec, down.fromPerSec!),
  ];
  const rows = (stage: StageWindow, step: number): readonly RequestRow[] => {
    const width = (high - low) / RULE.steps;
    return requestsIn(evidence.requests(arm), stage).filter((row) => {
      const rate = rateAt(stage, row.intendedNs);
      return rate >= low + step * width && rate < low + (step + 1) * width;
    });
  };
  const first = rows(up, 0).filter(isAnswered).map(responseNs);
  const limitNs = RULE.slowFactor * quantile(first, 0.99);
  const share = (given: readonly RequestRow[]): number =>
    given.filter((row) => isAnswered(row) && responseNs(row) <= limitNs).length / given.length;
  const steps = Array.from({ length: RULE.steps }, (_, step): HysteresisStep | null => {
    const [there, back] = [rows(up, step), rows(down, step)];
    if (Math.min(there.length, back.length) < RULE.requests) return null;
    const ratePerSec = low + ((step + 0.5) * (high - low)) / RULE.steps;
    const requests = [there.length, back.length] as const;
    return { ratePerSec, up: share(there), down: share(back), requests };
  }).filter((step) => step !== null);
  if (steps.length === 0 || !Number.isFinite(limitNs)) return null;
  const lostRatio = Math.max(...steps.map((step) => step.up - step.down));
  return { steps, lostRatio, bistable: lostRatio > RULE.lostRatio };
}

function rateAt(stage: StageWindow, atNs: number): number {
  const from = stage.startNs ?? stage.fromNs;
  const share = (atNs - from) / (stage.toNs - from);
  return stage.fromPerSec! + share * (stage.ratePerSec - stage.fromPerSec!);
}
