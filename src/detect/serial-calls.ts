import { formatCount, formatUs } from "../core/index.ts";
import type { EmulatedCall } from "../measure/index.ts";
import {
  beganIn,
  besideControl,
  besideWords,
  leastP,
  type More,
  ratioBeside,
  worstOf,
} from "./beside.ts";
import type { Detector, Evidence, Finding, StageWindow } from "./detector.ts";
import { type Journey, journeysOf, median } from "./join.ts";
import { about, judgeEachPair, judgedStages } from "./pairs.ts";
import { lacksIdentity, noIdentity, tooLittle } from "./too-little.ts";

/*
 * N + 1: a request asks one dependency for many things, one after the other. The emulator sees each
 * call arrive when the one before has ended. It takes identity: without it nobody knows which calls
 * are of one request. Simulated as in test/detect/serial-calls.test.ts: chains of 6 are named with
 * their length in 28 of 28 runs at 1, 3 and 10 × the rate; healthy arms and look-alikes in none of 240.
 */
const RULE = {
  /** Calls one after the other, in the median of requests that call at all, and × control's. */
  chain: 3,
  factor: 1.5,
  /** Requests needed to judge. */
  requests: 50,
} as const;

interface Chain {
  readonly atNs: number;
  /** Calls that each began when the one before had ended well. */
  readonly length: number;
  /** What they took together, less the longest: saved if all were made at once. */
  readonly savedMs: number;
}

/** The longest chain of one request's calls; asking again for what failed adds nothing to it. */
function chainOf({ calls, request }: Journey, ofDependency: readonly EmulatedCall[]): Chain {
  let [length, endNs, sumNs, longestNs] = [0, -Infinity, 0, 0];
  const failed = new Set<number>();
  for (const call of ofDependency.length === calls.length ? calls : ofDependency) {
    if (call.outcome !== "ok") failed.add(call.key);
    else if (call.arriveNs >= endNs && !failed.has(call.key)) {
      const tookNs = call.endNs - call.arriveNs;
      length++;
      endNs = call.endNs;
      sumNs += tookNs;
      longestNs = Math.max(longestNs, tookNs);
    }
  }
  return { atNs: request.intendedNs, length, savedMs: (sumNs - longestNs) / 1e6 };
}

interface ChainReading {
  readonly stage: StageWindow;
  readonly own: readonly Chain[];
  readonly control: readonly Chain[];
  readonly length: number;
  readonly controlLength: number;
  readonly more: More;
}

function chainsOf(evidence: Evidence, arm: number, dependency: number, stage: StageWindow) {
  return journeysOf(evidence, arm, stage).flatMap((journey) => {
    const calls = journey.calls.filter((call) => call.dependency === dependency);
    return calls.length === 0 ? [] : [chainOf(journey, calls)];
  });
}

const counted = (chains: readonly Chain[]) =>
  chains.map(({ atNs, length }) => ({ atNs, numerator: length, denominator: 1 }));

function read(
  evidence: Evidence,
  arm: number,
  dependency: number,
  stage: StageWindow,
): ChainReading {
  const own = chainsOf(evidence, arm, dependency, stage);
  const control = chainsOf(evidence, 0, dependency, stage);
  const lengths = (chains: readonly Chain[]): number[] => chains.map(({ length }) => length);
  return {
    stage,
    own,
    control,
    length: own.length === 0 ? 0 : median(lengths(own)),
    controlLength: control.length === 0 ? 0 : median(lengths(control)),
    more: ratioBeside(
      "calls one after the other in a request",
      { own: counted(own), control: counted(control) },
      stage,
    ),
  };
}

const isSick = ({ length, own }: ChainReading): boolean =>
  own.length >= RULE.requests && length >= RULE.chain;

function sicknessOf(reading: ChainReading, name: string) {
  const { control, controlLength, length, more, own, stage } = reading;
  const beside = besideControl({
    sick: true,
    controlWorks: control.length >= RULE.requests,
    controlSick: controlLength >= RULE.chain,
    more: more.shown && length >= RULE.factor * controlLength,
  });
  const savedMs = median(own.map((chain) => chain.savedMs));
  const controlWords = control.length === 0 ? "no calls" : formatCount(controlLength);
  return {
    ...beside,
    began: beganIn(stage),
    size: { what: "calls one after the other in a request", value: length, unit: "calls" },
    effect: more.effect,
    cause: `serial calls to ${name} (${formatCount(length)} one after the other)`,
    summary:
      `half the requests that call ${name} make ${formatCount(length)} calls or more, one after the other ` +
      `(control ${controlWords}), from stage ${stage.name} on; all at once would save ${formatUs(savedMs * 1_000)} ` +
      `of a request's time${besideWords(beside)}`,
    cure: `one call for all, or calls to ${name} that are made at once`,
  };
}

const evidenceOf = ({ control, controlLength, length, own, stage }: ChainReading) => ({
  stage: stage.name,
  requests: own.length,
  chain: length,
  controlRequests: control.length,
  controlChain: controlLength,
});

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const { name } = evidence.dependencies[dependency]!;
  const base = { detector: "serial-calls", ...about(evidence, arm, dependency) };
  if (lacksIdentity(evidence, arm, dependency)) {
    return {
      ...base,
      ...noIdentity(`whether calls to ${name} wait for one another`),
      evidence: {},
    };
  }
  const readings = judgedStages(evidence).map((stage) => read(evidence, arm, dependency, stage));
  const busiest = readings.toSorted((a, b) => b.own.length - a.own.length)[0];
  if (busiest === undefined || busiest.own.length === 0) return null;
  const sick = readings.filter(isSick);
  const worst = worstOf(
    sick.map((each) => ({ ...sicknessOf(each, name), evidence: evidenceOf(each) })),
  );
  if (worst !== undefined) return { ...base, ...worst, ...leastP(sick.map(({ more }) => more)) };
  if (busiest.own.length < RULE.requests) {
    const have = { have: busiest.own.length, need: RULE.requests, stage: busiest.stage };
    const what = `requests that call ${name}`;
    return {
      ...base,
      ...tooLittle({ ...have, what, toTell: "of chains" }),
      evidence: evidenceOf(busiest),
    };
  }
  return {
    ...base,
    status: "pass",
    pValue: 1,
    summary: `at most ${formatCount(busiest.length)} of a request's calls to ${name} wait for one another, in the median`,
    evidence: evidenceOf(busiest),
  };
}

/** Names calls that wait for one another though they are of one kind (N + 1), and how many. */
export const serialCalls: Detector = {
  name: "serial-calls",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
