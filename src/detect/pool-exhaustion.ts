import { formatCount, formatRatePerSec, formatRatio, formatUs } from "../core/index.ts";
import { poissonQuantile } from "../stats/index.ts";
import { beganIn, callsBeside, timeBeside, worstOf } from "./beside.ts";
import type { Detector, Evidence, Finding, StageWindow } from "./detector.ts";
import { about, judgeEachPair } from "./pairs.ts";
import {
  comparisonOf,
  controlIsFull,
  lackOf,
  readPool,
  type StageReading,
} from "./pool-reading.ts";

/*
 * A pool of P connections shows as calls in flight that stand at P and go no further, while
 * requests wait before the call, although more are wanted than P holds (Little: wanted = calls
 * per second × hold); or, where single calls are known, as requests that wait until another call
 * ends and take its place. Simulated as in test/detect/pool-exhaustion.test.ts, pools of 2 to 16 at
 * 1.2 × their ceiling are named with their size in 240 of 240 runs; at 0.6 ×, and beside a control
 * that is as small, in none of 480.
 */
/** A pool that would do: full for less than this share of the time. */
const SPARE_RATIO = 0.001;

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
    wantedInFlight: Number.isFinite(reading.wanted) ? reading.wanted : null,
    waitingRatio: Number.isNaN(reading.queue.waitingRatio) ? null : reading.queue.waitingRatio,
    handedOnRatio: reading.queue.handedOnRatio,
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
  const ceilingPerSec = size / (reading.holdMs / 1_000);
  // A control that stands at a ceiling itself does not show what is wanted.
  const free =
    reading.controlFull || reading.control.calls === 0
      ? null
      : {
          requestsPerSec: ceilingPerSec / callsPerRequest(evidence, dependency, stage),
          enough: Math.max(poissonQuantile(1 - SPARE_RATIO, wanted), size + 1),
        };
  const lost = neverArrived(evidence, arm, dependency, stage);
  const shared = controlIsFull(reading);
  const requests = free === null ? "" : ` (${perSec(free.requestsPerSec, "requests")})`;
  const { handedOnRatio, waitingRatio } = reading.queue;
  const shown = reading.full
    ? `calls in flight stand at ${size}`
    : `calls in flight go no further than ${size}` +
      (Number.isNaN(waitingRatio)
        ? `, and ${formatRatio(handedOnRatio)} of the calls come as soon as another is over`
        : `, ${formatRatio(waitingRatio)} of the requests wait, ` +
          `${formatRatio(handedOnRatio)} of these until another's call is over`);
  const summary =
    `the ${name} connection pool of ${size} is exhausted above ${perSec(ceilingPerSec, "calls")}${requests}, ` +
    `from stage ${stage.name} on: ${shown}${waitWords(reading)}${gaveUpWords(lost)}` +
    (free === null ? "" : `; ${free.enough} would do`);
  return {
    detector: "pool-exhaustion",
    ...about(evidence, arm, dependency),
    status: shared ? "shared" : "fail",
    comparison: comparisonOf(reading),
    began: beganIn(stage),
    size: { what: "connections in the pool", value: size, unit: "connections" },
    // Beside a control that stands at a ceiling, too, both may wait until they give up.
    effect: reading.controlFull
      ? callsBeside(evidence, { arm, dependency }, stage)
      : timeBeside(evidence, arm, stage).effect,
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
    .map((stage) => readPool({ evidence, arm, dependency }, stage));
  if (readings.every(({ control, own }) => own.calls === 0 && control.calls === 0)) return null;
  const ceilings = readings.filter((reading) => reading.exhausted);
  const worst = worstOf(
    ceilings.map((reading) => ceilingFinding(evidence, arm, dependency, reading)),
  );
  if (worst !== undefined) return worst;
  const busiest = readings.toSorted((a, b) => b.own.mean - a.own.mean)[0]!;
  const base = { detector: "pool-exhaustion", ...about(evidence, arm, dependency) };
  const { name } = evidence.dependencies[dependency]!;
  const lack = lackOf(busiest, name);
  if (lack !== null) return { ...base, ...lack, evidence: evidenceOf(busiest) };
  return {
    ...base,
    status: "pass",
    summary: noCeiling(name, busiest),
    evidence: evidenceOf(busiest),
  };
}

function noCeiling(name: string, { own }: StageReading): string {
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
