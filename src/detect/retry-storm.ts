import { formatCount, formatRatio, formatUs } from "../core/index.ts";
import type { EmulatedCall } from "../measure/index.ts";
import { pairedBlockLogRatio } from "../stats/index.ts";
import type { Detector, Evidence, Finding, StageWindow } from "./detector.ts";
import { median, quantile } from "./join.ts";
import { judgeEachPair } from "./pairs.ts";

/*
 * A retry answers a failure with more load. The emulator sees attempts; with the target's identity
 * passed on it knows which belong together: attempts per logical call, the gaps between them, and
 * whether a caller that was told to wait did.
 */
const RULE = {
  /** Amplification over control that counts as a storm, and the retries needed to judge. */
  factor: 1.2,
  retries: 50,
  /** Where attempts cannot be told apart: the share of calls that must fail. */
  failingRatio: 0.05,
  /** Robust coefficient of variation of the gaps, below which there is no jitter. */
  jitterCv: 0.1,
  blockNs: 1e9,
} as const;

interface RetryReading {
  readonly calls: number;
  /** Distinct (request, key) pairs; equal to `calls` when nothing could be joined. */
  readonly logical: number;
  readonly retries: number;
  readonly attemptsMax: number;
  readonly failures: number;
  readonly limited: number;
  readonly early: number;
  readonly toldToWait: number;
  readonly unsafe: number;
  readonly gapMs: number;
  readonly gapCv: number;
  readonly joined: boolean;
}

function inWindows(calls: readonly EmulatedCall[], stages: readonly StageWindow[]): EmulatedCall[] {
  return calls.filter(({ arriveNs }) =>
    stages.some(({ fromNs, toNs }) => arriveNs >= fromNs && arriveNs < toNs),
  );
}

function groups(calls: readonly EmulatedCall[]): EmulatedCall[][] {
  const byLogical = new Map<string, EmulatedCall[]>();
  for (const call of calls) {
    if (call.seq < 0) continue;
    const id = `${call.seq}/${call.key}`;
    const list = byLogical.get(id);
    if (list === undefined) byLogical.set(id, [call]);
    else list.push(call);
  }
  return [...byLogical.values()];
}

function readRetries(calls: readonly EmulatedCall[]): RetryReading {
  const logical = groups(calls);
  const gapsMs: number[] = [];
  const count = { retries: 0, early: 0, toldToWait: 0, unsafe: 0, attemptsMax: 0 };
  for (const attempts of logical) {
    let inARow = 1;
    for (let i = 1; i < attempts.length; i++) {
      const [before, again] = [attempts[i - 1]!, attempts[i]!];
      // Asking once more after a good answer is another call, not a retry.
      if (before.outcome === "ok") continue;
      count.retries++;
      inARow++;
      if (!again.safe) count.unsafe++;
      gapsMs.push((again.arriveNs - before.endNs) / 1e6);
      if (before.retryAfterMs === 0) continue;
      count.toldToWait++;
      if (again.arriveNs < before.endNs + before.retryAfterMs * 1e6) count.early++;
    }
    count.attemptsMax = Math.max(count.attemptsMax, inARow);
  }
  const gapMs = median(gapsMs);
  // (p90 − p10) / 2.56 is the standard deviation of a normal; one stray gap does not move it.
  const spreadMs = (quantile(gapsMs, 0.9) - quantile(gapsMs, 0.1)) / 2.56;
  return {
    ...count,
    calls: calls.length,
    logical: logical.length === 0 ? calls.length : logical.length,
    failures: calls.filter((call) => call.outcome !== "ok").length,
    limited: calls.filter((call) => call.outcome === "limited").length,
    gapMs,
    // Below a millisecond of spread timers alone explain it.
    gapCv: spreadMs < 1 ? 0 : spreadMs / gapMs,
    joined: logical.length > 0,
  };
}

/** Calls per started request, variant over control, with its interval over one-second blocks. */
function amplificationOverControl(
  evidence: Evidence,
  where: { readonly arm: number; readonly dependency: number },
  stages: readonly StageWindow[],
) {
  const blocksOf = (arm: number) =>
    stages.flatMap(({ fromNs, toNs }) => {
      const count = Math.floor((toNs - fromNs) / RULE.blockNs);
      const blocks = Array.from({ length: count }, () => ({ numerator: 0, denominator: 0 }));
      const add = (atNs: number, what: "numerator" | "denominator"): void => {
        const block = blocks[Math.floor((atNs - fromNs) / RULE.blockNs)];
        if (block !== undefined && atNs >= fromNs) block[what]++;
      };
      for (const { intendedNs } of evidence.requests(arm)) add(intendedNs, "denominator");
      for (const call of evidence.calls(arm, where.dependency)) {
        add(evidence.request(arm, call.seq)?.intendedNs ?? call.arriveNs, "numerator");
      }
      return blocks;
    });
  return pairedBlockLogRatio({
    confidence: 0.99,
    control: blocksOf(0),
    variant: blocksOf(where.arm),
  });
}

function summaryOf(name: string, own: RetryReading, control: RetryReading, factor: number): string {
  const sent = own.attemptsMax > 1 ? `up to ${own.attemptsMax} attempts` : "repeated attempts";
  const jitter = own.gapCv < RULE.jitterCv ? "with no jitter" : "with jitter";
  const paced = Number.isFinite(own.gapMs)
    ? `, ${formatUs(own.gapMs * 1_000)} apart ${jitter}`
    : "";
  const early =
    own.toldToWait === 0
      ? ""
      : `; ${formatRatio(own.early / own.toldToWait)} of the told waits were cut short`;
  const unsafe = own.unsafe === 0 ? "" : `; ${formatCount(own.unsafe)} of them repeat a write`;
  const perCall = own.joined ? ` (${(own.calls / own.logical).toFixed(2)} attempts a call)` : "";
  return (
    `a retry storm at ${name}: ${sent}${paced}${perCall} make ${factor.toFixed(2)} × control's calls for the same ` +
    `requests, and ${formatRatio(own.failures / own.calls)} of them fail (control ` +
    `${formatRatio(control.calls === 0 ? 0 : control.failures / control.calls)})${early}${unsafe}; ` +
    `a retry budget, backoff with jitter and keeping to Retry-After would cure it`
  );
}

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const { name } = evidence.dependencies[dependency]!;
  const judged = evidence.stages.filter((stage) => stage.judged);
  const own = readRetries(inWindows(evidence.calls(arm, dependency), judged));
  const control = readRetries(inWindows(evidence.calls(0, dependency), judged));
  if (own.calls === 0 && control.calls === 0) return null;
  const stormy = judged
    .map((stage) => {
      const at = readRetries(inWindows(evidence.calls(arm, dependency), [stage]));
      const beside = readRetries(inWindows(evidence.calls(0, dependency), [stage]));
      const over = amplificationOverControl(evidence, { arm, dependency }, [stage]);
      const retries = at.joined ? at.retries : at.calls - beside.calls;
      // Without identity, more calls may be cache misses: only failures make them retries.
      const failing = at.joined ? at.failures > 0 : at.failures > RULE.failingRatio * at.calls;
      const storm =
        over.judged &&
        Math.exp(over.low) > 1 &&
        Math.exp(over.estimate) > RULE.factor &&
        retries >= RULE.retries &&
        failing;
      return { stage, at, beside, over, storm };
    })
    .find(({ storm }) => storm);
  const perCall = (reading: RetryReading): number =>
    reading.calls === 0 ? 1 : reading.calls / reading.logical;
  // Amplification that control shows as well is the target's habit, not the change's doing.
  const controlToo =
    control.joined && control.retries >= RULE.retries && perCall(control) > RULE.factor;
  const shown = stormy === undefined ? own : stormy.at;
  const beside = stormy === undefined ? control : stormy.beside;
  const factor = stormy === undefined ? null : Math.exp(stormy.over.estimate);
  return {
    detector: "retry-storm",
    subject: `${evidence.arms[arm]} ${name}`,
    status: stormy === undefined ? "pass" : "fail",
    ...(stormy === undefined ? {} : { cause: `${name} retry storm` }),
    summary:
      factor === null
        ? `${perCall(own).toFixed(2)} attempts for each call to ${name} (control ${perCall(control).toFixed(2)})` +
          (controlToo ? ": both arms amplify" : "")
        : `${summaryOf(name, shown, beside, factor)}; from stage ${stormy?.stage.name} on`,
    evidence: {
      stage: stormy?.stage.name ?? null,
      calls: shown.calls,
      logicalCalls: shown.logical,
      attemptsPerCall: perCall(shown),
      attemptsMax: shown.attemptsMax,
      retries: shown.retries,
      failures: shown.failures,
      limited: shown.limited,
      earlyRetries: shown.early,
      toldToWait: shown.toldToWait,
      unsafeRetries: shown.unsafe,
      gapMs: Number.isFinite(shown.gapMs) ? shown.gapMs : null,
      jitterCv: Number.isFinite(shown.gapCv) ? shown.gapCv : null,
      amplificationOverControl: factor,
      amplificationLow: stormy === undefined ? null : Math.exp(stormy.over.low),
      amplificationHigh: stormy === undefined ? null : Math.exp(stormy.over.high),
      controlAttemptsPerCall: perCall(beside),
      controlFailures: beside.failures,
      joinedBy: shown.joined ? "request identity" : "rates",
    },
  };
}

/** Names retries that multiply a dependency's load when it fails, and how they are made. */
export const retryStorm: Detector = {
  name: "retry-storm",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
