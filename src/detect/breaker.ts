import { formatCount, formatRatio, formatUs } from "../core/index.ts";
import type { EmulatedCall } from "../measure/index.ts";
import { beganIn, besideControl, besideWords, callsBeside, worstOf } from "./beside.ts";
import type {
  Detector,
  Evidence,
  Finding,
  FindingEffect,
  RequestRow,
  StageWindow,
} from "./detector.ts";
import { median } from "./join.ts";
import { about, judgedStages, judgeEachPair } from "./pairs.ts";
import { callsIn, requestsIn, usualStage } from "./probed/index.ts";
import { tooLittle } from "./too-little.ts";

/*
 * A breaker that is open shows as a silence: no call arrives although as many requests came as would
 * have made several, and the last call before it failed. While the dependency fails altogether that is
 * what a breaker is for; while most of its calls would be well it turns work away for nothing.
 */
const RULE = {
  /** Calls that a silence stands in the place of, at least: by chance there is one in e⁸ such. */
  missing: 8,
  /** Requests that come in a silence and have their answer before it ends, as a share: who waits is not turned away. */
  turnedAwayRatio: 0.5,
  /**
   * A silence begins with a failure that ends within so many calls' time after its last call, or one
   * before it: a caller learns of it a little later.
   */
  due: 4,
  before: 1,
  /** Silences in a stage, and the share of its time, that make a sickness. */
  silences: 3,
  silentRatio: 0.1,
  /** Silences that begin with a failure. */
  afterFailureRatio: 0.8,
  /** Calls that fail in control: beyond, the dependency is down, and a breaker does well to open. */
  downRatio: 0.5,
  /** So, too, of the few, and of as many as this, that control makes while a silence lasts. */
  downMeanwhileRatio: 0.75,
  meanwhile: 8,
  calls: 50,
} as const;

interface Silence {
  readonly fromNs: number;
  readonly lengthNs: number;
  readonly afterFailure: boolean;
  /** Failures in a row before it. */
  readonly failures: number;
}

interface Reading {
  readonly stage: StageWindow;
  readonly calls: number;
  readonly failingRatio: number;
  readonly silences: readonly Silence[];
  readonly silentRatio: number;
}

const failed = ({ outcome }: EmulatedCall): boolean => outcome !== "ok";
const failingRatioOf = (calls: readonly EmulatedCall[]): number =>
  calls.filter(failed).length / Math.max(calls.length, 1);

/**
 * How many failures in a row, by when calls ended, the last failure has that ended by `atNs`. A breaker
 * opens when a call ends; those that were on their way by then may still end well.
 */
function failuresBefore(ended: readonly EmulatedCall[], span: Span): number {
  const index = ended.findLastIndex(
    (call) => failed(call) && call.endNs >= span.fromNs && call.endNs <= span.toNs,
  );
  let count = 0;
  for (let i = index; i >= 0 && failed(ended[i]!); i--) count++;
  return count;
}

/** Whether control, meanwhile, shows that nothing could be had. */
function isDownIn({ fromNs, lengthNs }: Silence, controlCalls: readonly EmulatedCall[]): boolean {
  const meanwhile = callsIn(controlCalls, { fromNs, toNs: fromNs + lengthNs });
  const enough = meanwhile.length >= RULE.meanwhile;
  return enough && failingRatioOf(meanwhile) >= RULE.downMeanwhileRatio;
}

type Span = Pick<StageWindow, "fromNs" | "toNs">;

/**
 * Stretches without a call in which so many were to be expected, by the requests that came and were
 * answered without one. A target that stands still answers nobody: its calls come when it goes on.
 */
function silencesOf(
  calls: readonly EmulatedCall[],
  requests: readonly RequestRow[],
  perRequest: number,
): Silence[] {
  const silences: Silence[] = [];
  const ended = calls.toSorted((a, b) => a.endNs - b.endNs);
  let next = 0;
  for (let i = 1; i < calls.length; i++) {
    const [before, after] = [calls[i - 1]!.arriveNs, calls[i]!.arriveNs];
    // While one call asks whether all is well, others do not come, however it ends.
    const quietNs = calls[i - 1]!.endNs;
    while (next < requests.length && requests[next]!.startNs < quietNs) next++;
    let [came, turnedAway] = [0, 0];
    for (let row = requests[next]; row !== undefined && row.startNs < after;) {
      if (row.endNs < after) turnedAway++;
      row = requests[next + ++came];
    }
    if (came * perRequest < RULE.missing || turnedAway < RULE.turnedAwayRatio * came) continue;
    const lengthNs = after - before;
    // The next call would have been due about now.
    const callNs = (after - quietNs) / (came * perRequest);
    const fromNs = before - RULE.before * callNs;
    const toNs = Math.max(before + RULE.due * callNs, calls[i - 1]!.endNs);
    const failures = failuresBefore(ended, { fromNs, toNs });
    silences.push({ fromNs: before, lengthNs, afterFailure: failures > 0, failures });
  }
  return silences;
}

function read(
  evidence: Evidence,
  where: { readonly arm: number; readonly dependency: number },
  stage: StageWindow,
): Reading {
  const calls = callsIn(evidence.calls(where.arm, where.dependency), stage);
  // Control may have a breaker as well: what it does while nothing is probed counts, too.
  const usual = stage.probe === undefined ? undefined : usualStage(evidence.stages, stage);
  const perRequest = Math.max(
    ...[stage, usual ?? stage].map(
      (each) =>
        callsIn(evidence.calls(0, where.dependency), each).length /
        Math.max(requestsIn(evidence.requests(0), each).length, 1),
    ),
  );
  const requests = requestsIn(evidence.requests(where.arm), stage);
  const controlCalls = callsIn(evidence.calls(0, where.dependency), stage);
  const silences = silencesOf(calls, requests, perRequest).filter(
    (silence) => !isDownIn(silence, controlCalls),
  );
  const silentNs = silences.reduce((sum, { lengthNs }) => sum + lengthNs, 0);
  return {
    stage,
    calls: calls.length,
    failingRatio: failingRatioOf(calls),
    silences,
    silentRatio: silentNs / (stage.toNs - stage.fromNs),
  };
}

function isSick({ silences, silentRatio }: Reading): boolean {
  const after = silences.filter(({ afterFailure }) => afterFailure).length;
  return (
    silences.length >= RULE.silences &&
    silentRatio >= RULE.silentRatio &&
    after >= RULE.afterFailureRatio * silences.length
  );
}

interface Judged {
  readonly own: Reading;
  readonly control: Reading;
}

function evidenceOf({ control, own }: Judged): Finding["evidence"] {
  return {
    stage: own.stage.name,
    calls: own.calls,
    silences: own.silences.length,
    silentRatio: own.silentRatio,
    afterFailure: own.silences.filter(({ afterFailure }) => afterFailure).length,
    failingRatio: own.failingRatio,
    controlCalls: control.calls,
    controlSilences: control.silences.length,
    controlFailingRatio: control.failingRatio,
  };
}

function sickFinding(
  name: string,
  judged: Judged,
  effect: FindingEffect | null,
): Omit<Finding, "detector" | "subject"> {
  const { control, own } = judged;
  const beside = besideControl({
    sick: true,
    controlSick: isSick(control),
    controlWorks: control.calls > 0,
    more: own.silentRatio > 2 * control.silentRatio,
  });
  const openMs = median(own.silences.map(({ lengthNs }) => lengthNs / 1e6));
  // Asking once whether all is well, and failing, opens it again: that is one failure, not the rule.
  const failures = Math.max(...own.silences.map((silence) => silence.failures));
  return {
    ...beside,
    cause: `the ${name} breaker opens while most calls would be well (for ${formatUs(openMs * 1_000)})`,
    summary:
      `calls to ${name} stop ${formatCount(own.silences.length)} times in stage ${own.stage.name}, for ${formatUs(openMs * 1_000)} each, ` +
      `${formatRatio(own.silentRatio)} of the time, after ${failures} failures in a row at most; of control's calls ${formatRatio(control.failingRatio)} fail${besideWords(beside)}`,
    cure: "a breaker that opens by the share of failures over many calls, not by a few in a row",
    began: beganIn(own.stage),
    effect,
    size: { what: "time that it stays open, median", value: openMs, unit: "ms" },
    evidence: evidenceOf(judged),
  };
}

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const readings = judgedStages(evidence).map((stage): Judged => ({
    own: read(evidence, { arm, dependency }, stage),
    control: read(evidence, { arm: 0, dependency }, stage),
  }));
  const { name } = evidence.dependencies[dependency]!;
  const known = { detector: "breaker", ...about(evidence, arm, dependency) };
  const busiest = readings.toSorted((a, b) => b.control.calls - a.control.calls)[0];
  if (busiest === undefined || busiest.own.calls + busiest.control.calls === 0) return null;
  if (busiest.control.calls < RULE.calls) {
    const have = { have: busiest.control.calls, need: RULE.calls, stage: busiest.own.stage };
    const toTell = "whether a breaker keeps them back";
    const little = tooLittle({ ...have, what: `calls of control to ${name}`, toTell });
    return { ...known, ...little, evidence: evidenceOf(busiest) };
  }
  const judged = readings.filter(
    ({ control }) => control.calls >= RULE.calls && control.failingRatio < RULE.downRatio,
  );
  const quietest = judged.toSorted((a, b) => b.own.silentRatio - a.own.silentRatio)[0];
  if (quietest === undefined) return null;
  const sick = judged.filter(({ own }) => isSick(own));
  const worst = worstOf(
    sick.map((each) => {
      const effect = callsBeside(evidence, { arm, dependency }, each.own.stage);
      return { ...known, ...sickFinding(name, each, effect) };
    }),
  );
  if (worst !== undefined) return worst;
  const { own } = quietest;
  return {
    ...known,
    status: "pass",
    summary: `calls to ${name} stop ${formatCount(own.silences.length)} times while others would be well`,
    evidence: evidenceOf(quietest),
  };
}

/** Names a breaker that opens, again and again, while the dependency is mostly well. */
export const breaker: Detector = {
  name: "breaker",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
