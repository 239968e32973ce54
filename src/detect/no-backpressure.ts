import { formatCount, formatRatio } from "../core/index.ts";
import { fitLine } from "../stats/index.ts";
import { beganIn, besideControl, besideWords, timeBeside, worstOf } from "./beside.ts";
import type {
  Detector,
  Evidence,
  Finding,
  FindingEffect,
  RequestRow,
  StageWindow,
} from "./detector.ts";
import { aboutArm, judgedStages, judgeEachArm } from "./pairs.ts";
import { requestsIn } from "./probed/index.ts";
import { tooLittle } from "./too-little.ts";

/*
 * More comes than is done, and nothing is refused: requests in flight grow on a straight line, by what
 * comes less what is done. A service with backpressure refuses what it cannot do, and those in flight
 * stand somewhere. Where the generator's own timeout ends them, the line ends. Source: signatures §6.5.
 */
const RULE = {
  /** Moments of a stage at which those in flight are counted, and the shortest stretch that is judged. */
  moments: 40,
  stretchNs: 2e9,
  /** Of the line through them. */
  r2: 0.95,
  /** Growth a second: as a share of what comes, and of what comes less what is done. */
  growthRatio: 0.05,
  nearRatio: [0.8, 1.2],
  /** In flight in the end: so many, and × those at the beginning of the run's load. */
  inFlight: 30,
  factor: 2,
  requests: 100,
  /** Good answers a second beside the best of the stages at a lower rate, below which it collapses. */
  retention: 0.7,
} as const;

interface Reading {
  readonly stage: StageWindow;
  readonly requests: number;
  readonly comesPerSec: number;
  readonly donePerSec: number;
  readonly growthPerSec: number;
  readonly r2: number;
  readonly first: number;
  readonly last: number;
  readonly goodPerSec: number;
}

const isGood = ({ error, status }: RequestRow): boolean =>
  error === null && status > 0 && status < 400;

/** The first moment at which a request was given up by whoever sent it; Infinity where none was. */
const firstGivenUpNs = (rows: readonly RequestRow[]): number =>
  rows.reduce(
    (least, { endNs, error }) => (error === "timeout" ? Math.min(least, endNs) : least),
    Infinity,
  );

/** How many had started and not ended at ascending moments. */
function inFlightAt(rows: readonly RequestRow[], momentsNs: readonly number[]): number[] {
  const starts = Float64Array.from(rows, ({ startNs }) => startNs).toSorted();
  const ends = Float64Array.from(rows, ({ endNs }) => endNs).toSorted();
  let [started, ended] = [0, 0];
  return momentsNs.map((atNs) => {
    while (started < starts.length && starts[started]! <= atNs) started++;
    while (ended < ends.length && ends[ended]! <= atNs) ended++;
    return started - ended;
  });
}

function read(evidence: Evidence, arm: number, stage: StageWindow): Reading {
  const rows = evidence.requests(arm);
  const came = requestsIn(rows, stage);
  const toNs = Math.min(stage.toNs, Math.max(firstGivenUpNs(came), stage.fromNs));
  const lengthNs = toNs - stage.fromNs;
  const moments = Array.from(
    { length: RULE.moments },
    (_, i) => stage.fromNs + ((i + 1) * lengthNs) / (RULE.moments + 1),
  );
  const inFlight = lengthNs < RULE.stretchNs ? [] : inFlightAt(rows, moments);
  const line = fitLine(
    inFlight.map((_, i) => moments[i]! / 1e9),
    inFlight,
  );
  const perSec = (count: number): number => count / (Math.max(lengthNs, 1) / 1e9);
  const within = (atNs: number): boolean => atNs >= stage.fromNs && atNs < toNs;
  const done = rows.filter(({ endNs }) => within(endNs));
  return {
    stage,
    requests: came.length,
    comesPerSec: perSec(rows.filter(({ startNs }) => within(startNs)).length),
    donePerSec: perSec(done.length),
    growthPerSec: line.slope,
    r2: line.r2,
    first: inFlight[0] ?? 0,
    last: inFlight.at(-1) ?? 0,
    goodPerSec: perSec(done.filter(isGood).length),
  };
}

function growsUnbounded(reading: Reading): boolean {
  const { comesPerSec, donePerSec, growthPerSec, last, r2, requests } = reading;
  const left = comesPerSec - donePerSec;
  const [least, most] = RULE.nearRatio;
  return (
    requests >= RULE.requests &&
    r2 >= RULE.r2 &&
    growthPerSec > RULE.growthRatio * comesPerSec &&
    growthPerSec >= least * left &&
    growthPerSec <= most * left &&
    last >= RULE.inFlight &&
    last > RULE.factor * reading.first
  );
}

/** Good answers beside the best stage at a lower rate; null without one. */
function retentionOf(readings: readonly Reading[], at: Reading): number | null {
  const lower = readings.filter(({ stage }) => stage.ratePerSec < at.stage.ratePerSec);
  const best = Math.max(...lower.map(({ goodPerSec }) => goodPerSec));
  return lower.length === 0 || !(best > 0) ? null : at.goodPerSec / best;
}

interface Judged {
  readonly own: Reading;
  readonly control: Reading;
  readonly retention: number | null;
}

function sicknessOf({ control, own, retention }: Judged, effect: FindingEffect | null) {
  const beside = besideControl({
    sick: true,
    controlWorks: control.requests > 0,
    controlSick: growsUnbounded(control),
    more: own.growthPerSec > 1.5 * control.growthPerSec,
  });
  const collapses = retention !== null && retention < RULE.retention;
  const kept = collapses
    ? `; good answers fall to ${formatRatio(retention)} of what a lower rate gets`
    : "";
  const growth = own.growthPerSec.toFixed(1);
  return {
    ...beside,
    began: beganIn(own.stage),
    effect,
    size: { what: "more requests in flight each second", value: own.growthPerSec, unit: "1/s" },
    cause: `no backpressure (${growth} requests more in flight each second)`,
    summary:
      `requests in flight grow by ${growth} each second in stage ${own.stage.name}, up to ${formatCount(own.last)} ` +
      `(control ${formatCount(control.last)}): ${own.comesPerSec.toFixed(1)} come a second, ` +
      `${own.donePerSec.toFixed(1)} are done, and the rest is not refused${kept}${besideWords(beside)}`,
    cure: "a limit on requests in flight, beyond which the next is refused at once",
  };
}

const evidenceOf = ({ control, own, retention }: Judged): Finding["evidence"] => ({
  stage: own.stage.name,
  requests: own.requests,
  comesPerSec: own.comesPerSec,
  donePerSec: own.donePerSec,
  growthPerSec: own.growthPerSec,
  lineR2: own.r2,
  inFlightFirst: own.first,
  inFlightLast: own.last,
  goodputRetention: retention,
  controlGrowthPerSec: control.growthPerSec,
  controlInFlightLast: control.last,
});

function judge(evidence: Evidence, arm: number): Finding | null {
  // A probe that hangs a dependency holds up all that calls it: what becomes of it is the card's.
  const stages = judgedStages(evidence).filter(({ probe }) => probe === undefined);
  const own = stages.map((stage) => read(evidence, arm, stage));
  const judged = own.map((reading): Judged => {
    const control = read(evidence, 0, reading.stage);
    return { own: reading, control, retention: retentionOf(own, reading) };
  });
  const busiest = judged.toSorted((a, b) => b.own.last - a.own.last)[0];
  if (busiest === undefined || busiest.own.requests === 0) return null;
  const base = { detector: "no-backpressure", ...aboutArm(evidence, arm) };
  const sick = judged.filter((each) => growsUnbounded(each.own));
  const worst = worstOf(
    sick.map((each) => {
      const { effect } = timeBeside(evidence, arm, each.own.stage);
      return { ...base, ...sicknessOf(each, effect), evidence: evidenceOf(each) };
    }),
  );
  if (worst !== undefined) return worst;
  const { requests, stage } = busiest.own;
  if (requests < RULE.requests) {
    const have = { have: requests, need: RULE.requests, stage };
    const little = tooLittle({ ...have, what: "requests", toTell: "whether they pile up" });
    return { ...base, ...little, evidence: evidenceOf(busiest) };
  }
  return {
    ...base,
    status: "pass",
    summary: `requests in flight do not pile up (${formatCount(busiest.own.last)} in the end of stage ${busiest.own.stage.name})`,
    evidence: evidenceOf(busiest),
  };
}

/** Names targets that take in more than they can do, and how fast it piles up. */
export const noBackpressure: Detector = {
  name: "no-backpressure",
  detect: (evidence) => judgeEachArm(evidence, (arm) => judge(evidence, arm)),
};
