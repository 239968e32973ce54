import { formatCount, formatDurationNs, formatRatio } from "../core/index.ts";
import {
  beganIn,
  besideControl,
  besideWords,
  leastP,
  type More,
  shareBeside,
  worstOf,
} from "./beside.ts";
import type { Detector, Evidence, Finding, StageWindow } from "./detector.ts";
import { type Dogpiles, dogpilesIn } from "./dogpiles.ts";
import { about, judgeEachPair, judgedStages } from "./pairs.ts";
import { requestsIn } from "./probed/index.ts";
import { tooLittle } from "./too-little.ts";

/*
 * A stampede: many fetch one key at once, since none waits for the fetch that is on its way. A cache
 * with single-flight makes one fetch at a time for a key, or one for each replica, which control has
 * too. It is told at dependencies whose answers may be kept; where none is, all calls are fetches.
 * Keys that run out together come back together, at a lag of the time to live. Source: signatures §6.4.
 */
const RULE = {
  /** Fetches while the same key is on its way, as a share of all and in number; fetches needed. */
  dogpileRatio: 0.05,
  dogpiles: 20,
  fetches: 100,
  /** Beside a control that has them too: more by this factor. */
  factor: 1.5,
  /** Slices of a time to live, and the correlation at its lag, for fetches that come in waves. */
  slices: 20,
  waves: 0.3,
} as const;

/** Correlation of the fetches in a slice with those of a time to live later; 0 where it is not seen. */
function waves({ counted }: Dogpiles, { fromNs, toNs }: StageWindow, ttlNs: number): number {
  const sliceNs = ttlNs / RULE.slices;
  const count = Math.floor((toNs - fromNs) / sliceNs);
  if (count < 3 * RULE.slices) return 0;
  const slices = Array.from({ length: count }, () => 0);
  for (const { atNs } of counted) {
    const slice = Math.floor((atNs - fromNs) / sliceNs);
    if (slice < count) slices[slice]!++;
  }
  const mean = slices.reduce((sum, n) => sum + n, 0) / count;
  const variance = slices.reduce((sum, n) => sum + (n - mean) ** 2, 0);
  if (variance === 0) return 0;
  // A fetch takes a moment, so that a wave comes a little after its time to live, too.
  const at = (lag: number): number =>
    slices.slice(lag).reduce((sum, n, i) => sum + (n - mean) * (slices[i]! - mean), 0) / variance;
  return Math.max(at(RULE.slices), at(RULE.slices + 1));
}

interface Reading {
  readonly stage: StageWindow;
  readonly own: Dogpiles;
  readonly control: Dogpiles;
  readonly waves: number;
  readonly more: More;
}

const ratioOf = ({ dogpiles, fetches }: Dogpiles): number => dogpiles / Math.max(fetches, 1);
const isSick = (side: Dogpiles): boolean =>
  side.fetches >= RULE.fetches &&
  side.dogpiles >= RULE.dogpiles &&
  ratioOf(side) > RULE.dogpileRatio;

function read(
  evidence: Evidence,
  { arm, dependency, ttlNs }: { arm: number; dependency: number; ttlNs: number },
  stage: StageWindow,
): Reading {
  const own = dogpilesIn(evidence.calls(arm, dependency), stage);
  const control = dogpilesIn(evidence.calls(0, dependency), stage);
  const counted = { own: own.counted, control: control.counted };
  const more = shareBeside("fetches while the same key is on its way", counted, stage);
  return { stage, own, control, waves: waves(own, stage, ttlNs), more };
}

function sicknessOf(reading: Reading, name: string, ttlNs: number) {
  const { control, more, own, stage } = reading;
  const beside = besideControl({
    sick: true,
    controlWorks: control.fetches > 0,
    controlSick: isSick(control),
    more: more.shown && ratioOf(own) > RULE.factor * ratioOf(control),
  });
  const together = reading.waves > RULE.waves;
  const wavesWords = together
    ? `; fetches come in waves, a time to live (${formatDurationNs(ttlNs)}) apart`
    : "";
  const single = "one fetch at a time for a key, for which all others wait (single-flight)";
  return {
    ...beside,
    began: beganIn(stage),
    size: { what: "fetches of one key at once, the most", value: own.most, unit: "fetches" },
    effect: more.effect,
    cause: `${name} cache stampede (up to ${formatCount(own.most)} fetches of one key at once)`,
    summary:
      `${formatRatio(ratioOf(own))} of the fetches from ${name} ask for a key that is on its way already ` +
      `(control ${formatRatio(ratioOf(control))}), from stage ${stage.name} on: up to ${formatCount(own.most)} ` +
      `of one key at once${wavesWords}${besideWords(beside)}`,
    cure: together ? `${single}, and times to live that differ` : single,
  };
}

const evidenceOf = ({ control, own, stage, waves: lag }: Reading) => ({
  stage: stage.name,
  fetches: own.fetches,
  dogpileFetches: own.dogpiles,
  dogpileRatio: ratioOf(own),
  mostAtOnce: own.most,
  ttlLagCorrelation: lag,
  controlFetches: control.fetches,
  controlDogpileRatio: ratioOf(control),
});

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const { cacheTtlNs: ttlNs, name } = evidence.dependencies[dependency]!;
  if (ttlNs === null) return null;
  const where = { arm, dependency, ttlNs };
  const readings = judgedStages(evidence).map((stage) => read(evidence, where, stage));
  const busiest = readings.toSorted((a, b) => b.own.fetches - a.own.fetches)[0];
  if (busiest === undefined || busiest.own.fetches === 0) return null;
  const base = { detector: "stampede", ...about(evidence, arm, dependency) };
  const sick = readings.filter(({ own }) => isSick(own));
  const worst = worstOf(
    sick.map((each) => ({ ...sicknessOf(each, name, ttlNs), evidence: evidenceOf(each) })),
  );
  if (worst !== undefined) return { ...base, ...worst, ...leastP(sick.map(({ more }) => more)) };
  const { own, stage } = busiest;
  const few = own.fetches < RULE.fetches;
  const requests = requestsIn(evidence.requests(arm), stage).length;
  // Where many come and little is fetched, the cache does what it is there for.
  if (few && (ratioOf(own) > RULE.dogpileRatio || requests < 5 * RULE.fetches)) {
    const have = { have: own.fetches, need: RULE.fetches, stage };
    const little = tooLittle({ ...have, what: `fetches from ${name}`, toTell: "of stampedes" });
    return { ...base, ...little, evidence: evidenceOf(busiest) };
  }
  return {
    ...base,
    status: "pass",
    pValue: 1,
    summary: few
      ? `only ${formatCount(own.fetches)} fetches from ${name}: too few to stampede`
      : `${formatRatio(ratioOf(own))} of ${formatCount(own.fetches)} fetches from ${name} ask for a key that is on its way`,
    evidence: evidenceOf(busiest),
  };
}

/** Names caches of which many ask for one key at once. */
export const stampede: Detector = {
  name: "stampede",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
