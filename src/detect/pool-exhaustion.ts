import { formatCount, formatRatePerSec, formatRatio, formatUs, NS_PER_S } from "../core/index.ts";
import { poissonQuantile } from "../stats/index.ts";
import type { Detector, Evidence, Finding, StageWindow } from "./detector.ts";
import { waitBeforeCallMs } from "./join.ts";
import { type Occupancy, occupancyOf } from "./occupancy.ts";
import { judgeEachPair } from "./pairs.ts";

/*
 * A pool of P connections shows as calls in flight that stand at P and go no further, while
 * requests wait before the call and not after it, although more are wanted than P holds
 * (Little: wanted = arrival rate × hold). Thresholds are starting points, see `Rule`.
 */
const RULE = {
  /** The plateau: mean in flight as a share of the most, over the stage. */
  fullRatio: 0.9,
  /** In-flight calls wanted (as control needs them), as a share of the plateau. */
  wantedRatio: 0.95,
  /** Waiting before the call, as a multiple of control's, and at least this. */
  waitFactor: 3,
  waitFloorMs: 2,
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
  const wanted = control.callsPerSec * (Math.max(own.holdMs, control.holdMs) / 1_000);
  const long = toNs - fromNs >= RULE.stageNs && own.calls >= RULE.calls;
  const full = own.max > 0 && own.mean >= RULE.fullRatio * own.max;
  const wants = wanted >= RULE.wantedRatio * own.max;
  // Without identity to join by, the plateau under a higher demand has to be enough.
  const waits =
    Number.isNaN(waitMs) ||
    waitMs >
      Math.max(
        RULE.waitFactor * (Number.isNaN(controlWaitMs) ? 0 : controlWaitMs),
        RULE.waitFloorMs,
      );
  return {
    stage,
    own,
    control,
    waitMs,
    controlWaitMs,
    wanted,
    exhausted: long && full && wants && waits,
  };
}

/** Control's own plateau: the same rule, with the arm's demand estimated from its first stage. */
function controlIsFull({ control, own }: StageReading): boolean {
  const full = control.max > 0 && control.mean >= RULE.fullRatio * control.max;
  return full && control.calls >= RULE.calls && own.max >= control.max;
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

function evidenceOf(reading: StageReading): Finding["evidence"] {
  const { control, own, stage } = reading;
  return {
    stage: stage.name,
    inFlightMax: own.max,
    inFlightMean: own.mean,
    atMaxRatio: own.atMaxRatio,
    connectionsMax: own.connectionsMax,
    callsPerSec: own.callsPerSec,
    holdMs: own.holdMs,
    wantedInFlight: reading.wanted,
    waitBeforeCallMs: Number.isNaN(reading.waitMs) ? null : reading.waitMs,
    controlInFlightMax: control.max,
    controlInFlightMean: control.mean,
    controlCallsPerSec: control.callsPerSec,
    controlWaitBeforeCallMs: Number.isNaN(reading.controlWaitMs) ? null : reading.controlWaitMs,
    joinedBy: Number.isNaN(reading.waitMs) ? "rates" : "request identity",
  };
}

function exhausted(
  evidence: Evidence,
  arm: number,
  dependency: number,
  reading: StageReading,
): Finding {
  const { own, stage, wanted } = reading;
  const name = evidence.dependencies[dependency]!.name;
  const size = own.max;
  const ceilingPerSec = size / (own.holdMs / 1_000);
  const callsPerRequest = reading.control.callsPerSec / stage.ratePerSec;
  const requestsPerSec = ceilingPerSec / callsPerRequest;
  const enough = Math.max(poissonQuantile(1 - RULE.spareRatio, wanted), size + 1);
  const lost = neverArrived(evidence, arm, dependency, stage);
  const waits = Number.isNaN(reading.waitMs)
    ? ""
    : `, requests wait ${formatUs(reading.waitMs * 1_000)} before the call (control ${formatUs(reading.controlWaitMs * 1_000)})`;
  const gaveUp = lost === 0 ? "" : `, and ${formatCount(lost)} gave up without a call`;
  const shared = controlIsFull(reading);
  const summary =
    `the ${name} connection pool of ${size} is exhausted above ${formatRatePerSec(ceilingPerSec)} calls ` +
    `(${formatRatePerSec(requestsPerSec)} requests), from stage ${stage.name} on: ` +
    `calls in flight stand at ${size}${waits}${gaveUp}; ${enough} would do`;
  return {
    detector: "pool-exhaustion",
    subject: `${evidence.arms[arm]} ${name}`,
    status: shared ? "pass" : "fail",
    cause: `${name} pool exhaustion`,
    summary: shared ? `${summary}; control has it too` : summary,
    evidence: {
      ...evidenceOf(reading),
      poolSize: size,
      ceilingCallsPerSec: ceilingPerSec,
      ceilingRequestsPerSec: requestsPerSec,
      enoughConnections: enough,
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
  const first = readings.find((reading) => reading.exhausted);
  if (first !== undefined) return exhausted(evidence, arm, dependency, first);
  const busiest = readings.toSorted((a, b) => b.own.mean - a.own.mean)[0]!;
  const name = evidence.dependencies[dependency]!.name;
  return {
    detector: "pool-exhaustion",
    subject: `${evidence.arms[arm]} ${name}`,
    status: "pass",
    summary:
      `calls to ${name} in flight reach ${busiest.own.max} and average ${busiest.own.mean.toFixed(1)}: ` +
      `no ceiling (full ${formatRatio(busiest.own.atMaxRatio)} of the time)`,
    evidence: evidenceOf(busiest),
  };
}

/** Names a connection pool that is too small for the traffic, and its size. */
export const poolExhaustion: Detector = {
  name: "pool-exhaustion",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
