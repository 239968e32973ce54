import { formatRatio, formatUs } from "../core/index.ts";
import { hodgesLehmann, mannWhitney } from "../stats/index.ts";
import { besideControl, besideWords, CONFIDENCE } from "./beside.ts";
import type { Detector, Evidence, Finding, FindingEffect, RequestRow } from "./detector.ts";
import { journeysOf, median } from "./join.ts";
import { about, judgeEachPair } from "./pairs.ts";
import { requestsIn } from "./probed/index.ts";
import { type DelaySlice, type Slowness, slownessOf } from "./slowness.ts";
import { lacksIdentity, noIdentity } from "./too-little.ts";

/*
 * While one dependency is slow, routes that do not call it get slower: they share something with those
 * that do. Their own calls' time is taken out, so that a second slow dependency is not blamed on it.
 * Slices of time are compared, not requests, which resemble their neighbours. Source: signatures §6.5.
 */
const RULE = {
  /** Of a route's requests: those that use a dependency do so at least this often. */
  usesRatio: 0.01,
  /** Slices with the dependency slow, and as many with it usual; requests that a slice needs. */
  slices: 3,
  requests: 3,
  /** Own time of such requests while it is slow, as a multiple of the usual; and at least so much more. */
  slower: 1.2,
  floorMs: 2,
  level: 0.01,
} as const;

/** Routes that are not known to call it, in either arm. */
function routesWithout(evidence: Evidence, arms: readonly number[], dependency: number) {
  const uses = new Map<number, number>();
  const total = new Map<number, number>();
  for (const arm of arms) {
    const callers = new Set(evidence.calls(arm, dependency).map(({ seq }) => seq));
    for (const { route, seq } of evidence.requests(arm)) {
      total.set(route, (total.get(route) ?? 0) + 1);
      if (callers.has(seq)) uses.set(route, (uses.get(route) ?? 0) + 1);
    }
  }
  return new Set(
    [...total]
      .filter(([route, all]) => (uses.get(route) ?? 0) < RULE.usesRatio * all)
      .map(([route]) => route),
  );
}

/** What an arm's requests on other routes take, without their calls' time: a value a slice, in ms. */
interface Others {
  readonly slowMs: readonly number[];
  readonly usualMs: readonly number[];
  readonly effect: FindingEffect | null;
  readonly pValue: number;
  readonly sick: boolean;
}

function ownTimes(
  evidence: Evidence,
  arm: number,
  routes: ReadonlySet<number>,
  slices: readonly DelaySlice[],
): number[] {
  const serviceMs = ({ endNs, startNs }: RequestRow): number => (endNs - startNs) / 1e6;
  const rows = evidence.requests(arm).filter(({ route }) => routes.has(route));
  const [fromNs, toNs] = [
    Math.min(...slices.map((slice) => slice.fromNs)),
    Math.max(...slices.map((slice) => slice.toNs)),
  ];
  const own = new Map(
    journeysOf(evidence, arm, { fromNs, toNs }).map(({ ownMs, request }) => [request.seq, ownMs]),
  );
  return slices.flatMap((slice) => {
    const values = requestsIn(rows, slice).map((row) => own.get(row.seq) ?? serviceMs(row));
    if (values.length < RULE.requests) return [];
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  });
}

function readOthers(
  evidence: Evidence,
  arm: number,
  routes: ReadonlySet<number>,
  { slow, usual }: Slowness,
): Others | null {
  const [slowMs, usualMs] = [slow, usual].map((slices) =>
    ownTimes(evidence, arm, routes, slices),
  ) as [number[], number[]];
  if (Math.min(slowMs.length, usualMs.length) < RULE.slices) return null;
  const { pValue } = mannWhitney(slowMs, usualMs, { alternative: "greater" });
  const logs = (values: readonly number[]): number[] =>
    values.map((value) => Math.log(Math.max(value, 1e-3)));
  const shift = hodgesLehmann(logs(slowMs), logs(usualMs), { confidence: CONFIDENCE });
  const [was, is] = [median(usualMs), median(slowMs)];
  const sick = is > RULE.slower * was && is - was > RULE.floorMs && pValue < RULE.level;
  const effect: FindingEffect = {
    what: "own time of requests that do not call it, while it is slow",
    kind: "relative",
    estimate: Math.expm1(shift.estimate),
    low: Math.expm1(shift.low),
    high: Math.expm1(shift.high),
    confidence: CONFIDENCE,
  };
  return { slowMs, usualMs, effect: Number.isFinite(shift.low) ? effect : null, pValue, sick };
}

interface Judged {
  readonly slowness: Slowness;
  readonly own: Others;
  readonly control: Others | null;
}

const moreMs = ({ slowMs, usualMs }: Others): number => median(slowMs) - median(usualMs);

function sicknessOf(evidence: Evidence, { control, own, slowness }: Judged, name: string) {
  const beside = besideControl({
    sick: true,
    controlWorks: control !== null,
    controlSick: control?.sick === true,
    more: control !== null && moreMs(own) > 1.5 * moreMs(control),
  });
  const [first] = slowness.slow;
  const stage = evidence.stages.find((each) => each.name === first!.stage);
  const [was, is] = [median(own.usualMs), median(own.slowMs)];
  const beside2 =
    control === null
      ? ""
      : ` (control ${formatUs(median(control.usualMs) * 1_000)} and ${formatUs(median(control.slowMs) * 1_000)})`;
  return {
    ...beside,
    began: {
      stage: first!.stage,
      atS: first!.fromNs / 1e9,
      ratePerSec: stage?.ratePerSec ?? 0,
    },
    size: { what: "slower routes that do not call it", value: is / was, unit: "×" },
    effect: own.effect,
    ...(beside.comparison === "new" ? { pValue: own.pValue } : {}),
    cause: `no bulkhead around ${name} (other routes take ${(is / was).toFixed(1)} × as long)`,
    summary:
      `while ${name} takes ${slowness.factor.toFixed(1)} × as long, requests that do not call it take ` +
      `${formatUs(is * 1_000)} of the target's own time, ${formatUs(was * 1_000)} otherwise${beside2}: they share what ` +
      `waits for ${name}${besideWords(beside)}`,
    cure: `a pool, or a limit, of its own for calls to ${name}`,
  };
}

const evidenceOf = ({ control, own, slowness }: Judged): Finding["evidence"] => ({
  delayFactor: slowness.factor,
  slowSlices: own.slowMs.length,
  usualSlices: own.usualMs.length,
  othersUsualMs: median(own.usualMs),
  othersWhileSlowMs: median(own.slowMs),
  controlOthersUsualMs: control === null ? null : median(control.usualMs),
  controlOthersWhileSlowMs: control === null ? null : median(control.slowMs),
});

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const slowness = slownessOf(evidence, dependency, RULE.slices);
  if (slowness === null) return null;
  const { name } = evidence.dependencies[dependency]!;
  const base = { detector: "no-bulkhead", ...about(evidence, arm, dependency) };
  if (lacksIdentity(evidence, arm, dependency)) {
    const toTell = `whether requests that do not call ${name} wait for it`;
    return { ...base, ...noIdentity(toTell), evidence: { delayFactor: slowness.factor } };
  }
  if (evidence.joinedBy(arm, dependency) !== "identity") return null;
  const routes = routesWithout(evidence, [0, arm], dependency);
  const own = routes.size === 0 ? null : readOthers(evidence, arm, routes, slowness);
  if (own === null) return null;
  const control = readOthers(evidence, 0, routes, slowness);
  const judged = { slowness, own, control };
  if (own.sick) {
    return { ...base, ...sicknessOf(evidence, judged, name), evidence: evidenceOf(judged) };
  }
  const growth = median(own.slowMs) / median(own.usualMs) - 1;
  return {
    ...base,
    status: "pass",
    pValue: 1,
    summary:
      `requests that do not call ${name} take ${formatRatio(growth, { signed: true })} of the target's own time ` +
      `while it takes ${slowness.factor.toFixed(1)} × as long`,
    evidence: evidenceOf(judged),
  };
}

/** Names slowness of one dependency that spreads to requests which do not call it. */
export const noBulkhead: Detector = {
  name: "no-bulkhead",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
