import { formatDurationNs, NS_PER_S } from "../core/index.ts";
import type { Beside, Evidence, StageWindow } from "./detector.ts";
import { median, quantile, type Waited, waitsBeforeCall } from "./join.ts";
import { type Occupancy, occupancyOf } from "./occupancy.ts";
import { type Queue, queueOf } from "./queue.ts";
import { tooLittle } from "./too-little.ts";

const RULE = {
  /** Mean in flight as a share of the plateau, over the stage. */
  fullRatio: 0.9,
  /** Variance over mean of the calls in flight at a ceiling, where nothing tells of waiting. */
  dispersionMax: 0.3,
  /** In-flight calls wanted (as control needs them), as a share of the plateau. */
  wantedRatio: 0.95,
  /** Waiting before the call beyond control's: a multiple of it, or a share of the hold; and at least this. */
  waitFactor: 3,
  waitHoldRatio: 0.25,
  waitFloorMs: 2,
  /** Where nothing tells of waiting: the arm's mean service time, as a multiple of control's. */
  serviceFactor: 1.2,
  /**
   * A queue: who waits longer than usual by this share of a hold, and the floor, waits. The share of
   * requests that wait; of these the share that is handed a place on: 0.19 to 1 where pools of real
   * libraries were too small, on a busy machine too, and up to 0.06 where they were not (ward); by
   * rates, of all calls, 0.6 to 1 and up to 0.14; calls wanted as a share of the places. At 60 % of a
   * pool's ceiling fewer than half wait.
   */
  queueHoldRatio: 0.1,
  waitingRatio: 0.5,
  handedOnRatio: 0.15,
  handedOnByRatesRatio: 0.3,
  /** Variance over mean of the calls in flight, where nothing tells of waiting: independent ones show 1. */
  queueDispersionMax: 0.6,
  queueWantedRatio: 0.7,
  /** Shorter stages, and fewer calls, are not judged. */
  stageNs: 5 * NS_PER_S,
  calls: 100,
} as const;

/** What an arm and control show of a pool before one dependency, in a stage. */
export interface StageReading {
  readonly stage: StageWindow;
  readonly own: Occupancy;
  readonly control: Occupancy;
  readonly waitMs: number;
  readonly controlWaitMs: number;
  /** Mean calls in flight that the same requests need when none waits. */
  readonly wanted: number;
  /** How long a call holds its connection when nobody hangs up on it, as far as either arm shows. */
  readonly holdMs: number;
  /** Who waits for whom. */
  readonly queue: Queue;
  /** Calls in flight stand at the plateau; of control, or requests queue for it. */
  readonly full: boolean;
  readonly controlFull: boolean;
  readonly exhausted: boolean;
}

const isFull = ({ mean, plateau }: Occupancy): boolean =>
  plateau > 0 && mean >= RULE.fullRatio * plateau;

function meanServiceMs(evidence: Evidence, arm: number, { fromNs, toNs }: StageWindow): number {
  let [sumNs, count] = [0, 0];
  for (const { endNs, intendedNs, startNs } of evidence.requests(arm)) {
    if (intendedNs < fromNs || intendedNs >= toNs) continue;
    sumNs += endNs - startNs;
    count++;
  }
  return count === 0 ? 0 : sumNs / count / 1e6;
}

/** Longer than control waits; or as long, beside a control that stands at a ceiling itself. */
function waitsLong(
  reading: Pick<StageReading, "control" | "controlWaitMs" | "own" | "waitMs">,
): boolean {
  const usualMs = Number.isNaN(reading.controlWaitMs) ? 0 : reading.controlWaitMs;
  const clearMs = Math.max(RULE.waitHoldRatio * fullHoldMs(reading), RULE.waitFloorMs);
  if (isFull(reading.control) && reading.waitMs > clearMs) return true;
  const excessMs = reading.waitMs - usualMs;
  const many = reading.waitMs > RULE.waitFactor * usualMs;
  return excessMs > clearMs || (many && excessMs > RULE.waitFloorMs);
}

/** How long a call holds its connection when nobody hangs up on it, as far as either arm shows. */
const fullHoldMs = ({ control, own }: Pick<StageReading, "control" | "own">): number =>
  Math.max(own.holdMs, control.holdMs);

/** Requests that wait before their call, in both arms, by what either takes when it waits for nothing. */
function queuesOf(
  { dependency, evidence }: Where,
  { fromNs, toNs }: StageWindow,
  sides: readonly { readonly arm: number; readonly seen: Occupancy; readonly waits: Waited[] }[],
  holdMs: number,
): Queue[] {
  const waitsMs = sides.map(({ waits }) => waits.map((each) => each.waitMs));
  const usualMs = Math.min(
    ...waitsMs.map((each) => (each.length === 0 ? Infinity : quantile(each, 0.1))),
  );
  const waitMs = usualMs + Math.max(RULE.queueHoldRatio * holdMs, RULE.waitFloorMs);
  return sides.map(({ arm, seen, waits }) =>
    queueOf(evidence.calls(arm, dependency), waits, {
      holdMs,
      places: seen.plateau,
      waitMs,
      fromNs,
      toNs,
    }),
  );
}

interface Where {
  readonly evidence: Evidence;
  readonly arm: number;
  readonly dependency: number;
}

/** Reads an arm's pool, if it has one, beside control's. */
export function readPool(where: Where, stage: StageWindow): StageReading {
  const { arm, dependency, evidence } = where;
  const { fromNs, toNs } = stage;
  const [own, control] = [arm, 0].map((side) => {
    const waits = waitsBeforeCall(evidence, { arm: side, dependency }, fromNs, toNs);
    const seen = occupancyOf(evidence.calls(side, dependency), fromNs, toNs);
    return { arm: side, seen, waits, p50Ms: median(waits.map(({ waitMs }) => waitMs)) };
  }) as [Side, Side];
  const seen = { own: own.seen, control: control.seen };
  const waited = { waitMs: own.p50Ms, controlWaitMs: control.p50Ms };
  const holdMs = fullHoldMs(seen);
  const [queue, controlQueue] = queuesOf(where, stage, [own, control], holdMs) as [Queue, Queue];
  // Beside a control that never calls it nobody knows how many are wanted: a ceiling shows by itself.
  const wanted = control.seen.calls === 0 ? Infinity : control.seen.callsPerSec * (holdMs / 1_000);
  const long = toNs - fromNs >= RULE.stageNs && own.seen.calls >= RULE.calls;
  // Without identity to join by: requests that take longer, and calls in flight that hardly vary.
  const byRates = Number.isNaN(own.p50Ms);
  const longer =
    meanServiceMs(evidence, arm, stage) > RULE.serviceFactor * meanServiceMs(evidence, 0, stage);
  const { dispersion, plateau } = own.seen;
  const waits = byRates
    ? longer && dispersion <= RULE.dispersionMax
    : waitsLong({ ...waited, ...seen });
  const stands = isFull(own.seen) && waits && wanted >= RULE.wantedRatio * plateau;
  const queues =
    (byRates ? longer && dispersion <= RULE.queueDispersionMax : isQueue(queue)) &&
    queue.handedOnRatio >= (byRates ? RULE.handedOnByRatesRatio : RULE.handedOnRatio) &&
    wanted >= RULE.queueWantedRatio * plateau;
  return {
    stage,
    ...seen,
    ...waited,
    wanted,
    holdMs,
    queue,
    full: isFull(own.seen),
    controlFull: isFull(control.seen) || (!byRates && isQueue(controlQueue)),
    exhausted: long && (stands || queues),
  };
}

interface Side {
  readonly arm: number;
  readonly seen: Occupancy;
  readonly waits: Waited[];
  readonly p50Ms: number;
}

const isQueue = ({ handedOnRatio, waitingRatio }: Queue): boolean =>
  waitingRatio >= RULE.waitingRatio && handedOnRatio >= RULE.handedOnRatio;

/** Control stands at a ceiling too, and not at a higher one worth the name. */
export function controlIsFull({ control, controlFull, own }: StageReading): boolean {
  const asSmall = control.plateau * RULE.fullRatio <= own.plateau;
  return controlFull && control.calls >= RULE.calls && asSmall;
}

/** What a stage has too little of to show a ceiling; null where it has enough. */
export function lackOf({ own, stage }: StageReading, name: string) {
  const lengthNs = stage.toNs - stage.fromNs;
  const needNs = RULE.stageNs;
  const calls = { what: `calls to ${name}`, toTell: "of a ceiling", stage };
  if (own.calls < RULE.calls) return tooLittle({ ...calls, have: own.calls, need: RULE.calls });
  if (lengthNs >= needNs) return null;
  return {
    status: "inconclusive" as const,
    needs: { what: "seconds of a stage", have: lengthNs / NS_PER_S, need: needNs / NS_PER_S },
    summary:
      `calls to ${name} in a stage of ${formatDurationNs(lengthNs)}; ` +
      `it takes one of ${formatDurationNs(needNs)} to tell of a ceiling`,
  };
}

export function comparisonOf(reading: StageReading): Beside {
  if (reading.control.calls === 0) return "absent-in-control";
  if (!reading.controlFull) return "new";
  return controlIsFull(reading) ? "shared" : "worse";
}
