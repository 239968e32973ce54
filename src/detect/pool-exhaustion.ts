import { formatCount, formatRatePerSec, formatRatio, formatUs, NS_PER_S } from "../core/index.ts";
import { poissonQuantile } from "../stats/index.ts";
import { beganIn } from "./beside.ts";
import type { Beside, Detector, Evidence, Finding, StageWindow } from "./detector.ts";
import { waitBeforeCallMs } from "./join.ts";
import { type Occupancy, occupancyOf } from "./occupancy.ts";
import { about, judgeEachPair } from "./pairs.ts";

/*
 * A pool of P connections shows as calls in flight that stand at P and go no further, while
 * requests wait before the call, although more are wanted than P holds (Little: wanted = calls
 * per second × hold). Simulated as in test/detect/pool-exhaustion.test.ts, pools of 2 to 16 at
 * 1.2 × their ceiling are named with their size in 240 of 240 runs; at 0.6 ×, and beside a control
 * that is as small, in none of 480.
 */
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
  /** Shorter stages, and fewer calls, are not judged. */
  stageNs: 5 * NS_PER_S,
  calls: 100,
  /** A pool that would do: full for less than this share of the time. */
  spareRatio: 0.001,
} as const;

interface StageReading {
  readonly stage: StageWindow;
  readonly own: Occupancy;
  readonly control: Occupancy;
  readonly waitMs: number;
  readonly controlWaitMs: number;
  /** Mean calls in flight that the same requests need when none waits. */
  readonly wanted: number;
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

function read(
  evidence: Evidence,
  arm: number,
  dependency: number,
  stage: StageWindow,
): StageReading {
  const { fromNs, toNs } = stage;
  const own = occupancyOf(evidence.calls(arm, dependency), fromNs, toNs);
  const control = occupancyOf(evidence.calls(0, dependency), fromNs, toNs);
  const waitMs = waitBeforeCallMs(evidence, { arm, dependency }, fromNs, toNs).p50;
  const controlWaitMs = waitBeforeCallMs(evidence, { arm: 0, dependency }, fromNs, toNs).p50;
  const wanted = control.callsPerSec * (fullHoldMs({ own, control }) / 1_000);
  const long = toNs - fromNs >= RULE.stageNs && own.calls >= RULE.calls;
  const wants = wanted >= RULE.wantedRatio * own.plateau;
  const waits = Number.isNaN(waitMs)
    ? // Without identity to join by: calls in flight that hardly vary, and requests that take longer.
      own.dispersion <= RULE.dispersionMax &&
      meanServiceMs(evidence, arm, stage) > RULE.serviceFactor * meanServiceMs(evidence, 0, stage)
    : waitsLong({ waitMs, controlWaitMs, own, control });
  const exhausted = long && isFull(own) && wants && waits;
  return { stage, own, control, waitMs, controlWaitMs, wanted, exhausted };
}

/** Control stands at a ceiling too, and not at a higher one worth the name. */
function controlIsFull({ control, own }: StageReading): boolean {
  const asSmall = control.plateau * RULE.fullRatio <= own.plateau;
  return isFull(control) && control.calls >= RULE.calls && asSmall;
}

function comparisonOf(reading: StageReading): Beside {
  if (reading.control.calls === 0) return "absent-in-control";
  if (!isFull(reading.control)) return "new";
  return controlIsFull(reading) ? "shared" : "worse";
}

/** Failures that never reached the dependency although their route calls it: an acquire timeout. */
function neverArrived(
  evidence: Evidence,
  arm: number,
  dependency: number,
  stage: StageWindow,
): number {
  const callers = new Set(evidence.calls(0, dependency).map((call) => call.seq));
  const arrived = new Set(evidence.calls(arm, dependency).map((call) => call.seq));
  return evidence
    .requests(arm)
    .filter(({ intendedNs }) => intendedNs >= stage.fromNs && intendedNs < stage.toNs)
    .filter(
      ({ seq, status }) => (status === 0 || status >= 500) && callers.has(seq) && !arrived.has(seq),
    ).length;
}

/** As control, which waits for nothing, makes them. */
function callsPerRequest(evidence: Evidence, dependency: number, stage: StageWindow): number {
  const inside = (atNs: number): boolean => atNs >= stage.fromNs && atNs < stage.toNs;
  const requests = evidence.requests(0).filter(({ intendedNs }) => inside(intendedNs)).length;
  const calls = evidence.calls(0, dependency).filter(({ arriveNs }) => inside(arriveNs)).length;
  return calls / Math.max(requests, 1);
}

function evidenceOf(reading: StageReading): Finding["evidence"] {
  const { control, own, stage } = reading;
  return {
    stage: stage.name,
    inFlightMax: own.max,
    inFlightMean: own.mean,
    inFlightPlateau: own.plateau,
    atPlateauRatio: own.atPlateauRatio,
    connectionsMax: own.connectionsMax,
    callsPerSec: own.callsPerSec,
    holdMs: own.holdMs,
    wantedInFlight: reading.wanted,
    waitBeforeCallMs: Number.isNaN(reading.waitMs) ? null : reading.waitMs,
    controlInFlightMax: control.max,
    controlInFlightMean: control.mean,
    controlCallsPerSec: control.callsPerSec,
    controlWaitBeforeCallMs: Number.isNaN(reading.controlWaitMs) ? null : reading.controlWaitMs,
  };
}

const perSec = (value: number, what: string): string =>
  formatRatePerSec(value).replace("/s", ` ${what}/s`);

function waitWords({ controlWaitMs, waitMs }: StageReading): string {
  if (Number.isNaN(waitMs)) return "";
  const beside = Number.isNaN(controlWaitMs) ? "" : ` (control ${formatUs(controlWaitMs * 1_000)})`;
  return `, requests wait ${formatUs(waitMs * 1_000)} before the call${beside}`;
}

const gaveUpWords = (lost: number): string =>
  lost === 0 ? "" : `, and ${formatCount(lost)} gave up without a call`;

function ceilingFinding(
  evidence: Evidence,
  arm: number,
  dependency: number,
  reading: StageReading,
): Finding {
  const { own, stage, wanted } = reading;
  const name = evidence.dependencies[dependency]!.name;
  const size = own.plateau;
  const ceilingPerSec = size / (fullHoldMs(reading) / 1_000);
  // A control that stands at a ceiling itself does not show what is wanted.
  const free = isFull(reading.control)
    ? null
    : {
        requestsPerSec: ceilingPerSec / callsPerRequest(evidence, dependency, stage),
        enough: Math.max(poissonQuantile(1 - RULE.spareRatio, wanted), size + 1),
      };
  const lost = neverArrived(evidence, arm, dependency, stage);
  const shared = controlIsFull(reading);
  const requests = free === null ? "" : ` (${perSec(free.requestsPerSec, "requests")})`;
  const summary =
    `the ${name} connection pool of ${size} is exhausted above ${perSec(ceilingPerSec, "calls")}${requests}, ` +
    `from stage ${stage.name} on: calls in flight stand at ${size}${waitWords(reading)}${gaveUpWords(lost)}` +
    (free === null ? "" : `; ${free.enough} would do`);
  return {
    detector: "pool-exhaustion",
    ...about(evidence, arm, dependency),
    status: shared ? "shared" : "fail",
    comparison: comparisonOf(reading),
    began: beganIn(stage),
    size: { what: "connections in the pool", value: size, unit: "connections" },
    cause: `${name} pool exhaustion (a pool of ${size})`,
    summary: shared ? `${summary}; control has it too` : summary,
    ...(free === null ? {} : { cure: `a pool of ${free.enough} connections` }),
    evidence: {
      ...evidenceOf(reading),
      poolSize: size,
      ceilingCallsPerSec: ceilingPerSec,
      ceilingRequestsPerSec: free?.requestsPerSec ?? null,
      enoughConnections: free?.enough ?? null,
      gaveUpWithoutCall: lost,
      controlToo: shared,
    },
  };
}

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const readings = evidence.stages
    .filter((stage) => stage.judged && stage.toNs > stage.fromNs)
    .map((stage) => read(evidence, arm, dependency, stage));
  if (readings.every(({ control, own }) => own.calls === 0 && control.calls === 0)) return null;
  const ceilings = readings.filter((reading) => reading.exhausted);
  const first = ceilings.find((reading) => !controlIsFull(reading)) ?? ceilings[0];
  if (first !== undefined) return ceilingFinding(evidence, arm, dependency, first);
  const busiest = readings.toSorted((a, b) => b.own.mean - a.own.mean)[0]!;
  return {
    detector: "pool-exhaustion",
    ...about(evidence, arm, dependency),
    status: isTooLittle(busiest) ? "inconclusive" : "pass",
    summary: noCeiling(evidence.dependencies[dependency]!.name, busiest),
    evidence: evidenceOf(busiest),
  };
}

const isTooLittle = ({ own, stage }: StageReading): boolean =>
  own.calls < RULE.calls || stage.toNs - stage.fromNs < RULE.stageNs;

function noCeiling(name: string, reading: StageReading): string {
  const { own, stage } = reading;
  if (isTooLittle(reading)) {
    const seconds = formatUs((stage.toNs - stage.fromNs) / 1_000);
    return `${formatCount(own.calls)} calls to ${name} in ${seconds} are too few to show a ceiling`;
  }
  const time = formatRatio(own.atPlateauRatio);
  return (
    `calls to ${name} in flight average ${own.mean.toFixed(1)} and reach ${own.max}: no ceiling ` +
    `(${time} of the time at ${own.plateau})`
  );
}

/** Names a connection pool that is too small for the traffic, and its size. */
export const poolExhaustion: Detector = {
  name: "pool-exhaustion",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
