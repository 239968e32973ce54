import { formatCount, formatUs } from "../core/index.ts";
import { newcombe } from "../stats/index.ts";
import { beganIn, besideControl, besideWords, CONFIDENCE } from "./beside.ts";
import type { Detector, Evidence, Finding, FindingEffect } from "./detector.ts";
import { about, judgeEachPair } from "./pairs.ts";
import { type HangReading, readHang, stagesThat } from "./probed/index.ts";

/*
 * A dependency that takes calls and never answers shows how long a caller waits: the mode of how long
 * calls were open is its timeout. Nobody giving up while control does is a timeout that was lost.
 */
const RULE = {
  /** Calls have to be watched for so many times control's timeout. */
  watchedFactor: 2,
} as const;

const ms = (value: number): string => formatUs(value * 1_000);

const toldOf = (reading: HangReading): string =>
  reading.kind === "timeout" && reading.timeoutMs !== null
    ? `gives up after ${ms(reading.timeoutMs)}`
    : reading.kind === "none"
      ? "does not give up"
      : "gives up at no one time";

/** Of calls that hang, the share that nobody gives up: variant − control. */
function leftOpen(own: HangReading, control: HangReading): FindingEffect {
  const open = ({ calls, gaveUp }: HangReading) => ({ events: calls - gaveUp, trials: calls });
  const share = ({ calls, gaveUp }: HangReading): number => 1 - gaveUp / calls;
  return {
    what: "calls that hang and are not given up",
    kind: "difference",
    estimate: share(own) - share(control),
    ...newcombe(open(own), open(control), CONFIDENCE),
    confidence: CONFIDENCE,
  };
}

function evidenceOf(own: HangReading, control: HangReading | null): Finding["evidence"] {
  return {
    calls: own.calls,
    gaveUp: own.gaveUp,
    watchedMs: own.watchedMs,
    timeoutMs: own.timeoutMs,
    atTimeoutRatio: own.atTimeoutRatio,
    controlTimeoutMs: control?.timeoutMs ?? null,
  };
}

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const stage = stagesThat(evidence, dependency, "hang").find(({ judged }) => judged);
  const own = readHang(evidence, arm, dependency);
  if (stage === undefined || own === null) return null;
  const control = readHang(evidence, 0, dependency);
  const name = evidence.dependencies[dependency]!.name;
  const known = {
    detector: "no-timeout",
    ...about(evidence, arm, dependency),
    evidence: evidenceOf(own, control),
  };
  const beside = control === null ? "" : ` (control ${toldOf(control)})`;
  if (own.kind !== "none") {
    const summary = `${formatCount(own.calls)} calls to ${name} hang: the caller ${toldOf(own)}${beside}`;
    return { ...known, status: own.kind === "timeout" ? "pass" : "inconclusive", summary };
  }
  const wantedMs = RULE.watchedFactor * (control?.timeoutMs ?? 0);
  const summary = `calls to ${name} that hang are never given up: ${formatCount(own.calls - own.gaveUp)} were still open after ${ms(own.watchedMs)}${beside}`;
  if (own.watchedMs < wantedMs) {
    const longer = `; watch for ${ms(wantedMs)} after the hang to be sure`;
    return { ...known, status: "inconclusive", summary: `${summary}${longer}` };
  }
  const calls = evidence.calls(0, dependency).length;
  if (control === null ? calls > 0 : control.kind === "unclear") {
    const few = `${summary}; of control too few hang to tell whether it gives up`;
    return { ...known, status: "inconclusive", summary: few };
  }
  const status = besideControl({
    sick: true,
    controlSick: control?.kind === "none",
    controlWorks: control !== null,
    more: false,
  });
  return {
    ...known,
    ...status,
    effect: control === null ? null : leftOpen(own, control),
    cause: `no timeout on calls to ${name}`,
    summary: `${summary}${besideWords(status)}`,
    cure: `a timeout on each call to ${name}, shorter than what its callers wait`,
    began: beganIn(stage),
    size: { what: "time that calls were left open, at least", value: own.watchedMs, unit: "ms" },
  };
}

/** Names calls that nobody gives up when they hang. */
export const noTimeout: Detector = {
  name: "no-timeout",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
