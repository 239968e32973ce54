import type { EmulatedCall } from "../../measure/index.ts";
import type { Evidence, RequestRow, StageWindow } from "../detector.ts";

/** Rates that differ by no more than this share are one. */
const SAME_RATE = 0.1;
const isSteady = ({ fromPerSec, ratePerSec }: StageWindow): boolean =>
  fromPerSec === undefined || fromPerSec === ratePerSec;

/** What a probed stage is compared with: the nearest stage before it (or else after it) at its rate, left alone. */
export function usualStage(
  stages: readonly StageWindow[],
  probed: StageWindow,
): StageWindow | undefined {
  const alone = stages.filter((stage) => isLike(stage, probed));
  // The first of a course is judged best: what comes between probes is still recovering.
  return alone.find(({ judged, toNs }) => judged && toNs <= probed.fromNs) ?? alone[0];
}

/** The last stage before a flush at its rate, left alone: caches are as warm then as they get. */
export function warmStage(
  stages: readonly StageWindow[],
  flushed: StageWindow,
): StageWindow | undefined {
  const before = stages.slice(0, stages.indexOf(flushed)).filter((stage) => isLike(stage, flushed));
  return before.findLast(({ judged }) => judged) ?? before.at(-1);
}

/** Left alone, and at the same rate throughout. */
const isLike = (stage: StageWindow, other: StageWindow): boolean =>
  stage.probe === undefined &&
  isSteady(stage) &&
  Math.abs(stage.ratePerSec - other.ratePerSec) <= SAME_RATE * other.ratePerSec;

/** Until when the load of a flushed stage goes on, and nothing else is done. */
export function watchedUntilNs(stages: readonly StageWindow[], flushed: StageWindow): number {
  const after = stages.slice(stages.indexOf(flushed) + 1);
  const end = after.findIndex((stage) => !isLike(stage, flushed));
  return (end < 0 ? after : after.slice(0, end)).at(-1)?.toNs ?? flushed.toNs;
}

/** Stages that began with all arms' caches emptied; one where an arm's were not is no probe. */
export const flushedStages = ({ arms, stages }: Evidence): readonly StageWindow[] =>
  stages.filter(
    ({ flushes, probe }) =>
      probe?.cold === true && arms.every((_, arm) => flushes?.[arm]?.ok === true),
  );

/** Stages that probe a dependency in one way. */
export function stagesThat(
  evidence: Evidence,
  dependency: number,
  kind: "latency" | "errors" | "hang" | "outage",
): readonly StageWindow[] {
  const { name } = evidence.dependencies[dependency]!;
  return evidence.stages.filter(
    ({ probe }) => probe?.dependency === name && probe[kind] !== undefined,
  );
}

/** Calls that arrived in a window. */
export const callsIn = (
  calls: readonly EmulatedCall[],
  { fromNs, toNs }: Pick<StageWindow, "fromNs" | "toNs">,
): readonly EmulatedCall[] => calls.filter(({ arriveNs }) => arriveNs >= fromNs && arriveNs < toNs);

/** Requests that were meant to start in a window. */
export const requestsIn = (
  requests: readonly RequestRow[],
  { fromNs, toNs }: Pick<StageWindow, "fromNs" | "toNs">,
): readonly RequestRow[] =>
  requests.filter(({ intendedNs }) => intendedNs >= fromNs && intendedNs < toNs);

/** Answered, and not by an error of the target's own. */
export const isAnswered = ({ status }: RequestRow): boolean => status > 0 && status < 500;

/** What a user would have waited. */
export const responseNs = ({ endNs, intendedNs }: RequestRow): number => endNs - intendedNs;

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;

export const lengthS = ({ fromNs, toNs }: Pick<StageWindow, "fromNs" | "toNs">): number =>
  (toNs - fromNs) / 1e9;
