import { formatRatio } from "../core/index.ts";
import { hodgesLehmann } from "../stats/index.ts";
import { besideControl, besideWords, CONFIDENCE } from "./beside.ts";
import type { Detector, Evidence, Finding, FindingEffect } from "./detector.ts";
import { journeysOf, median, quantile } from "./join.ts";
import { occupancyOf } from "./occupancy.ts";
import { about, judgeEachPair } from "./pairs.ts";
import { type DelaySlice, type Slowness, slownessOf } from "./slowness.ts";
import { tooLittle } from "./too-little.ts";

/*
 * A dependency that is slow for a while. Calls in flight go with a power of its delay: 1 where nothing
 * bounds them, less at a cap. And a delay that explains by itself what requests take more, in both
 * arms, is nobody's fault: it is said so. Silent where the delay does not vary. Source: signatures §6.5.
 */
const RULE = {
  /** Slices with the dependency slow, and as many with it usual. */
  slices: 3,
  /** d ln (in flight) / d ln (delay) from which on nothing bounds the calls. */
  exponent: 0.8,
  /** In flight while it is slow, beside a control with a cap. */
  factor: 1.5,
  calls: 100,
} as const;

interface Reading {
  readonly calls: number;
  readonly exponent: number;
  readonly inFlightSlow: number;
  readonly inFlightUsual: number;
  /** In flight in each slow slice. */
  readonly slowly: readonly number[];
  /** Of what requests take more while it is slow, the share that its calls take; null if not known. */
  readonly explained: number | null;
}

/** Medians of the requests that call it: of all their time, and of their own. */
function timesIn(
  evidence: Evidence,
  arm: number,
  dependency: number,
  slices: readonly DelaySlice[],
) {
  const journeys = slices
    .flatMap((slice) => journeysOf(evidence, arm, slice))
    .filter(({ calls }) => calls.some((call) => call.dependency === dependency));
  return {
    allMs: median(journeys.map(({ request }) => (request.endNs - request.startNs) / 1e6)),
    ownMs: median(journeys.map(({ ownMs }) => ownMs)),
  };
}

function read(
  evidence: Evidence,
  arm: number,
  dependency: number,
  { factor, slow, usual }: Slowness,
): Reading {
  const calls = evidence.calls(arm, dependency);
  const inFlight = (slices: readonly DelaySlice[]): number[] =>
    slices.map(({ fromNs, toNs }) => occupancyOf(calls, fromNs, toNs).mean);
  const slowly = inFlight(slow);
  // It takes a delay until as many are in flight as there will be.
  const [inFlightSlow, inFlightUsual] = [quantile(slowly, 0.75), median(inFlight(usual))];
  const joined = evidence.joinedBy(arm, dependency) === "identity";
  const [during, before] = joined
    ? [timesIn(evidence, arm, dependency, slow), timesIn(evidence, arm, dependency, usual)]
    : [null, null];
  const moreMs = during === null ? Number.NaN : during.allMs - before.allMs;
  const explained = moreMs > 0 ? 1 - (during!.ownMs - before!.ownMs) / moreMs : null;
  return {
    calls: calls.length,
    exponent:
      inFlightUsual > 0 && inFlightSlow > 0
        ? Math.log(inFlightSlow / inFlightUsual) / Math.log(factor)
        : 0,
    inFlightSlow,
    inFlightUsual,
    slowly,
    explained: explained === null || Number.isNaN(explained) ? null : Math.max(explained, 0),
  };
}

/** Whether calls in flight tell anything: of a few calls there is none, mostly. */
const isTelling = ({ calls, inFlightUsual }: Reading): boolean =>
  calls >= RULE.calls && inFlightUsual > 0;

const isUnbounded = (reading: Reading): boolean =>
  isTelling(reading) && reading.exponent >= RULE.exponent;

/** From the first slice that was looked at to the last. */
function spanOf({ slow, usual }: Slowness): { readonly fromNs: number; readonly toNs: number } {
  const slices = [...slow, ...usual];
  return {
    fromNs: Math.min(...slices.map(({ fromNs }) => fromNs)),
    toNs: Math.max(...slices.map(({ toNs }) => toNs)),
  };
}

interface Judged {
  readonly slowness: Slowness;
  readonly own: Reading;
  readonly control: Reading;
}

/** Whose fault it is that requests take longer meanwhile. */
function innocenceWords({ control, own }: Judged, name: string): string {
  if (own.explained === null || control.explained === null) return "";
  const [least, most] = [own.explained, control.explained].toSorted((a, b) => a - b);
  return least! < 0.8
    ? `; its calls explain ${formatRatio(own.explained)} of what requests take more (control ${formatRatio(control.explained)})`
    : `; its calls explain ${formatRatio(least!)} to ${formatRatio(most!)} of what requests take more, in both arms: ${name} is slow, no arm is`;
}

/** In flight while it is slow beside control's, slice by slice. */
function timesAsMany(own: Reading, control: Reading): FindingEffect | null {
  const logs = ({ slowly }: Reading): number[] =>
    slowly.map((mean) => Math.log(Math.max(mean, 1e-3)));
  const { estimate, high, low } = hodgesLehmann(logs(own), logs(control), {
    confidence: CONFIDENCE,
  });
  if (!Number.isFinite(low) || !Number.isFinite(high)) return null;
  return {
    what: "calls in flight while it is slow",
    kind: "relative",
    estimate: Math.expm1(estimate),
    low: Math.expm1(low),
    high: Math.expm1(high),
    confidence: CONFIDENCE,
  };
}

function sicknessOf(evidence: Evidence, judged: Judged, name: string) {
  const { control, own, slowness } = judged;
  const controlSick = isUnbounded(control);
  const beside = besideControl({
    sick: true,
    controlWorks: true,
    controlSick,
    // Where nothing bounds either, one that holds more makes more calls: others tell of that.
    more: false,
  });
  const first = slowness.slow[0]!;
  const stage = evidence.stages.find(({ name: named }) => named === first.stage);
  const innocent = controlSick ? innocenceWords(judged, name) : "";
  return {
    ...beside,
    began: { stage: first.stage, atS: first.fromNs / 1e9, ratePerSec: stage?.ratePerSec ?? 0 },
    size: { what: "calls in flight while it is slow", value: own.inFlightSlow, unit: "calls" },
    effect: timesAsMany(own, control),
    cause: `no cap on calls to ${name} (in flight grow with its delay)`,
    summary:
      `while ${name} takes ${slowness.factor.toFixed(1)} × as long, calls to it in flight go from ${own.inFlightUsual.toFixed(1)} ` +
      `to ${own.inFlightSlow.toFixed(1)} (control ${control.inFlightUsual.toFixed(1)} to ${control.inFlightSlow.toFixed(1)}): ` +
      `no cap shows up to there (exponent ${own.exponent.toFixed(2)}, control ${control.exponent.toFixed(2)})${innocent}${besideWords(beside)}`,
    cure: `a limit on calls to ${name} in flight, and a timeout for those that wait`,
  };
}

const evidenceOf = ({ control, own, slowness }: Judged): Finding["evidence"] => ({
  delayFactor: slowness.factor,
  usualDelayMs: slowness.usualMs,
  exponent: own.exponent,
  inFlightUsual: own.inFlightUsual,
  inFlightSlow: own.inFlightSlow,
  explainedRatio: own.explained,
  controlExponent: control.exponent,
  controlInFlightSlow: control.inFlightSlow,
  controlExplainedRatio: control.explained,
});

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const slowness = slownessOf(evidence, dependency, RULE.slices);
  if (slowness === null || evidence.calls(arm, dependency).length === 0) return null;
  const own = read(evidence, arm, dependency, slowness);
  const control = read(evidence, 0, dependency, slowness);
  const judged = { slowness, own, control };
  const { name } = evidence.dependencies[dependency]!;
  const base = { detector: "slow-dependency", ...about(evidence, arm, dependency) };
  const beyond = own.inFlightSlow > RULE.factor * control.inFlightSlow;
  if (!isTelling(own) || (isUnbounded(own) && !isTelling(control))) {
    const [who, { calls }] = isTelling(own) ? ["calls of control", control] : ["calls", own];
    const toTell = `whether anything bounds them while ${name} is slow`;
    const have = { have: calls, need: Math.max(RULE.calls, 2 * calls), stage: spanOf(slowness) };
    const little = tooLittle({ ...have, what: `${who} to ${name}`, toTell });
    return { ...base, ...little, evidence: evidenceOf(judged) };
  }
  if (isUnbounded(own) && (isUnbounded(control) || beyond)) {
    return { ...base, ...sicknessOf(evidence, judged, name), evidence: evidenceOf(judged) };
  }
  return {
    ...base,
    status: "pass",
    summary:
      `while ${name} takes ${slowness.factor.toFixed(1)} × as long, calls to it in flight go from ${own.inFlightUsual.toFixed(1)} ` +
      `to ${own.inFlightSlow.toFixed(1)} (control to ${control.inFlightSlow.toFixed(1)})${innocenceWords(judged, name)}`,
    evidence: evidenceOf(judged),
  };
}

/** Names calls that nothing bounds while their dependency is slow, and slowness that is the dependency's own. */
export const slowDependency: Detector = {
  name: "slow-dependency",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
