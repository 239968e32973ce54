import { formatCount, formatRatio, formatUs } from "../core/index.ts";
import { type BlockEffect, pairedBlockLogRatio, type RatioBlock } from "../stats/index.ts";
import type { Detector, Evidence, Finding, StageWindow } from "./detector.ts";
import { judgeEachPair } from "./pairs.ts";
import { type Attempt, attemptsOf, readRetries, type RetryReading } from "./retries.ts";

/*
 * A retry answers a failure with more load. The emulator sees attempts; with the target's identity
 * passed on it knows which belong together: attempts per logical call, the gaps between them, and
 * whether a caller that was told to wait did. Without it, only failures make more calls retries.
 */
const RULE = {
  /**
   * Amplification over control that counts as a storm, and the retries needed to judge. Simulated
   * (20 seeds): three retries against a limiter make 1.80 to 1.99 × the calls of one polite retry, a
   * budget of 10 % makes 1.10.
   */
  factor: 1.2,
  retries: 50,
  /** Where attempts cannot be told apart: the share of calls that must fail. */
  failingRatio: 0.05,
  /** Robust coefficient of variation of the gaps, below which there is no jitter. */
  jitterCv: 0.1,
  /** A stage is cut into at least `blocks`, of `blockNs` or less. */
  blockNs: 1e9,
  blocks: 25,
} as const;

interface StormReading {
  readonly stage: StageWindow;
  readonly own: RetryReading;
  readonly control: RetryReading;
  /** Calls per started request, variant over control. */
  readonly over: BlockEffect;
  readonly storm: boolean;
}

interface Pair {
  readonly evidence: Evidence;
  readonly dependency: number;
  /** Attempts of each arm. */
  readonly attempts: readonly (readonly Attempt[])[];
}

/** An arm's stage in blocks: all calls over what each call of `per` stands for. */
function blocksOf(
  pair: Pair,
  arm: number,
  { fromNs, toNs }: StageWindow,
  per: "request" | "logical call",
): RatioBlock[] {
  const blockNs = Math.min(RULE.blockNs, (toNs - fromNs) / RULE.blocks);
  const count = Math.floor((toNs - fromNs) / blockNs);
  const blocks = Array.from({ length: count }, () => ({ numerator: 0, denominator: 0 }));
  const blockAt = (atNs: number) =>
    atNs < fromNs ? undefined : blocks[Math.floor((atNs - fromNs) / blockNs)];
  for (const { before, call } of pair.attempts[arm] ?? []) {
    if (per === "logical call" && call.seq < 0) continue;
    const block = blockAt(pair.evidence.request(arm, call.seq)?.intendedNs ?? call.arriveNs);
    if (block === undefined) continue;
    block.numerator++;
    if (per === "logical call" && before === null) block.denominator++;
  }
  if (per === "request") {
    for (const { intendedNs } of pair.evidence.requests(arm)) {
      const block = blockAt(intendedNs);
      if (block !== undefined) block.denominator++;
    }
  }
  return blocks;
}

const isStorm = ({ estimate, judged, low }: BlockEffect): boolean =>
  judged && low > 0 && Math.exp(estimate) > RULE.factor;

function readStage(pair: Pair, arm: number, stage: StageWindow): StormReading {
  const own = readRetries(pair.attempts[arm] ?? [], [stage]);
  const control = readRetries(pair.attempts[0] ?? [], [stage]);
  const compare = (per: "request" | "logical call"): BlockEffect =>
    pairedBlockLogRatio({
      confidence: 0.99,
      control: blocksOf(pair, 0, stage, per),
      variant: blocksOf(pair, arm, stage, per),
    });
  const over = compare("request");
  const reading = { stage, own, control, over };
  if (own.joined > 0 && control.joined > 0) {
    // More calls may be cache misses; more attempts for each call are not.
    const storm = own.retries >= RULE.retries && isStorm(compare("logical call"));
    return { ...reading, storm };
  }
  const more = own.calls - control.calls;
  const failing = own.failures > RULE.failingRatio * own.calls;
  // Every retry follows a failure and asks for the same: else more calls have another reason.
  const again = more <= own.failures && more <= RULE.factor * (own.repeats - control.repeats);
  const storm = more >= RULE.retries && again && failing && isStorm(over);
  return { ...reading, storm };
}

const perCall = ({ joined, logical }: RetryReading): number =>
  logical === 0 ? 1 : joined / logical;

const CURE =
  "a retry budget, exponential backoff with full jitter, and waiting as long as Retry-After says";

const sentWords = ({ attemptsMax }: RetryReading): string =>
  attemptsMax > 1 ? `up to ${attemptsMax} attempts` : "repeated attempts";

function stormWords(name: string, { control, over, own, stage }: StormReading): string {
  const jitter = own.gapCv < RULE.jitterCv ? "with no jitter" : "with jitter";
  const paced = Number.isFinite(own.gapMs)
    ? `, ${formatUs(own.gapMs * 1_000)} apart ${jitter}`
    : "";
  const perLogical = own.joined > 0 ? ` (${perCall(own).toFixed(2)} attempts a call)` : "";
  const controlFails = control.calls === 0 ? 0 : control.failures / control.calls;
  const early =
    own.early === 0
      ? ""
      : `; ${formatRatio(own.early / own.toldToWait)} of the waits asked for were cut short`;
  const unsafe = own.unsafe === 0 ? "" : `; ${formatCount(own.unsafe)} retries repeat a write`;
  return (
    `a retry storm at ${name} from stage ${stage.name} on: ${sentWords(own)}${paced}${perLogical} make ` +
    `${Math.exp(over.estimate).toFixed(2)} × control's calls for the same requests, and ` +
    `${formatRatio(own.failures / own.calls)} of the calls fail (control ${formatRatio(controlFails)})${early}${unsafe}`
  );
}

function calmWords(name: string, own: RetryReading, control: RetryReading): string {
  if (own.joined === 0 || control.joined === 0) {
    return `no storm of retries at ${name}: ${formatCount(own.calls)} calls (control ${formatCount(control.calls)})`;
  }
  // Amplification that control shows as well is the target's habit, not the change's doing.
  const both = [own, control].every(
    (reading) => reading.retries >= RULE.retries && perCall(reading) > RULE.factor,
  );
  return (
    `${perCall(own).toFixed(2)} attempts for each call to ${name} (control ${perCall(control).toFixed(2)})` +
    (both ? ": both arms amplify" : "")
  );
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function evidenceOf(own: RetryReading, control: RetryReading): Finding["evidence"] {
  return {
    calls: own.calls,
    logicalCalls: own.logical,
    attemptsPerCall: perCall(own),
    attemptsMax: own.attemptsMax,
    retries: own.retries,
    failures: own.failures,
    limited: own.limited,
    earlyRetries: own.early,
    toldToWait: own.toldToWait,
    unsafeRetries: own.unsafe,
    gapMs: finite(own.gapMs),
    jitterCv: finite(own.gapCv),
    controlAttemptsPerCall: perCall(control),
    controlFailures: control.failures,
    joinedBy: own.joined > 0 ? "request identity" : "rates",
  };
}

function judge(pair: Pair, arm: number): Finding | null {
  const { name } = pair.evidence.dependencies[pair.dependency]!;
  const judged = pair.evidence.stages.filter((stage) => stage.judged && stage.toNs > stage.fromNs);
  const own = readRetries(pair.attempts[arm] ?? [], judged);
  const control = readRetries(pair.attempts[0] ?? [], judged);
  if (own.calls === 0 && control.calls === 0) return null;
  const subject = `${pair.evidence.arms[arm]} ${name}`;
  const stormy = judged.map((stage) => readStage(pair, arm, stage)).find(({ storm }) => storm);
  if (stormy === undefined) {
    return {
      detector: "retry-storm",
      subject,
      status: "pass",
      summary: calmWords(name, own, control),
      evidence: evidenceOf(own, control),
    };
  }
  const { over, stage } = stormy;
  return {
    detector: "retry-storm",
    subject,
    status: "fail",
    cause: `${name} retry storm (${sentWords(own)})`,
    summary: stormWords(name, stormy),
    cure: CURE,
    evidence: {
      stage: stage.name,
      ...evidenceOf(stormy.own, stormy.control),
      amplificationOverControl: finite(Math.exp(over.estimate)),
      amplificationLow: finite(Math.exp(over.low)),
      amplificationHigh: finite(Math.exp(over.high)),
    },
  };
}

/** Names retries that multiply a dependency's load when it fails, and how they are made. */
export const retryStorm: Detector = {
  name: "retry-storm",
  detect(evidence) {
    const attempts = evidence.dependencies.map((_, dependency) =>
      evidence.arms.map((_arm, arm) => attemptsOf(evidence.calls(arm, dependency))),
    );
    return judgeEachPair(evidence, (arm, dependency) =>
      judge({ evidence, dependency, attempts: attempts[dependency] ?? [] }, arm),
    );
  },
};
