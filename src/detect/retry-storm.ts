import { formatCount, formatRatio, formatUs } from "../core/index.ts";
import {
  beganIn,
  besideControl,
  besideWords,
  type Counted,
  type More,
  ratioBeside,
} from "./beside.ts";
import type { Detector, Evidence, Finding, StageWindow } from "./detector.ts";
import { about, judgeEachPair, judgedStages } from "./pairs.ts";
import { type Repeats, repeatsOf } from "./repeats.ts";
import {
  type Attempt,
  attemptsIn,
  attemptsOf,
  gapsOf,
  readRetries,
  type RetryReading,
} from "./retries.ts";
import { habitsOf, type RetryHabits } from "./retry-habits.ts";

/*
 * A retry answers a failure with more load. The emulator sees attempts; with the target's identity
 * passed on it knows which belong together: attempts per logical call, the gaps between them, and
 * whether a caller that was told to wait did. Without it, only failures make more calls retries.
 * Simulated as in test/detect/retry-storm.test.ts, and held to real libraries by `npm run bench:ward`.
 */
const RULE = {
  /**
   * Amplification over control that counts as a storm, and the retries needed to judge. Simulated
   * (20 seeds): three retries against a limiter make 1.80 to 1.99 × the calls of one polite retry, a
   * budget of 10 % makes 1.10.
   */
  factor: 1.2,
  retries: 50,
  /** Where attempts cannot be told apart: the share of calls that must fail; repeats that show a gap. */
  failingRatio: 0.05,
  gaps: 50,
  /** Share of control's failures that something follows, from which on it is no chance. */
  controlRetries: 0.5,
  /** Robust coefficient of variation of the gaps, below which there is no jitter. */
  jitterCv: 0.1,
  /** Share of failures that are tried again, from which on there is no budget. */
  noBudgetRatio: 0.9,
  /** Dispersion of arrivals beside control's, from which on retries come together. */
  togetherFactor: 3,
  /** Share of retries for nobody that is worth a word. */
  zombieRatio: 0.05,
} as const;

interface StormReading {
  readonly stage: StageWindow;
  readonly own: RetryReading;
  readonly control: RetryReading;
  /** Calls per started request, variant over control. */
  readonly over: More;
  /** What shows it: attempts of each call, where they are known; else the same. */
  readonly by: More;
  /** More than control makes, because of retries. */
  readonly storm: boolean;
  /** Each by itself. */
  readonly amplifies: boolean;
  readonly controlAmplifies: boolean;
}

interface Pair {
  readonly evidence: Evidence;
  readonly arm: number;
  readonly dependency: number;
  /** Attempts of each arm. */
  readonly attempts: readonly (readonly Attempt[])[];
}

/** All calls over what each call of `per` stands for, when their requests were intended. */
function counted(pair: Pair, arm: number, per: "request" | "logical call"): Counted[] {
  const logical = per === "logical call";
  const calls = (pair.attempts[arm] ?? []).flatMap(({ before, call }): Counted[] => {
    if (logical && call.seq < 0) return [];
    const atNs = pair.evidence.request(arm, call.seq)?.intendedNs ?? call.arriveNs;
    return [{ atNs, numerator: 1, denominator: logical && before === null ? 1 : 0 }];
  });
  if (logical) return calls;
  const requests = pair.evidence.requests(arm);
  return [
    ...calls,
    ...requests.map((each) => ({ atNs: each.intendedNs, numerator: 0, denominator: 1 })),
  ];
}

const isStorm = ({ effect, shown }: More): boolean =>
  shown && 1 + (effect?.estimate ?? 0) > RULE.factor;

const perCall = ({ joined, logical }: RetryReading): number =>
  logical === 0 ? 1 : joined / logical;

const amplifies = (reading: RetryReading): boolean =>
  reading.retries >= RULE.retries && perCall(reading) > RULE.factor;

/**
 * Failures that are tried again here and would not be by control. What follows some of control's
 * failures follows by chance, and so it does those here that are not tried again; where something
 * follows most of them, control tries again, too.
 */
function retriedBeyond({ failures }: RetryReading, mine: Repeats, controls: Repeats): number {
  if (controls.share >= RULE.controlRetries) return mine.repeats - controls.repeats;
  return failures * Math.max((mine.share - controls.share) / (1 - controls.share), 0);
}

function readStage(pair: Pair, stage: StageWindow): StormReading {
  const own = readRetries(pair.attempts[pair.arm] ?? [], [stage]);
  const control = readRetries(pair.attempts[0] ?? [], [stage]);
  const compare = (per: "request" | "logical call"): More =>
    ratioBeside(
      per === "request" ? "calls for the same requests" : "attempts for each call",
      { own: counted(pair, pair.arm, per), control: counted(pair, 0, per) },
      stage,
    );
  const over = compare("request");
  const each = { amplifies: amplifies(own), controlAmplifies: amplifies(control) };
  const reading = { stage, own, control, over, by: over, ...each };
  if (own.joined > 0 && control.joined > 0) {
    // More calls may be cache misses; more attempts for each call are not.
    const by = compare("logical call");
    return { ...reading, by, storm: own.retries >= RULE.retries && isStorm(by) };
  }
  const more = own.calls - control.calls;
  const failing = own.failures > RULE.failingRatio * own.calls;
  if (more < RULE.retries || !failing || !isStorm(over)) return { ...reading, storm: false };
  const [mine, controls] = [pair.arm, 0].map((side) => {
    const all = pair.attempts[side] ?? [];
    return repeatsOf(all, attemptsIn(all, [stage]));
  }) as [Repeats, Repeats];
  // Every retry follows a failure and asks for the same: else more calls have another reason.
  const storm = more <= RULE.factor * Math.min(own.failures, retriedBeyond(own, mine, controls));
  return { ...reading, own: own.joined > 0 ? own : asRepeated(own, mine), storm };
}

/** What repeats tell of single calls, where nobody names them. */
function asRepeated(own: RetryReading, { attemptsMax, chains }: Repeats): RetryReading {
  const retries = chains.filter(({ before }) => before !== null);
  const gaps = retries.length < RULE.gaps ? {} : gapsOf(retries);
  return { ...own, ...gaps, attemptsMax: attemptsMax ?? own.attemptsMax };
}

const sentWords = ({ attemptsMax }: RetryReading): string =>
  attemptsMax > 1 ? `up to ${attemptsMax} attempts` : "repeated attempts";

const hasJitter = ({ gapCv }: RetryReading): boolean => gapCv >= RULE.jitterCv;
const comeTogether = (own: RetryHabits, control: RetryHabits): boolean =>
  own.dispersion > RULE.togetherFactor * Math.max(control.dispersion, 1);

function habitWords(own: RetryReading, habits: RetryHabits, control: RetryHabits): string {
  const { early, retries, toldToWait, unsafe } = own;
  const { dispersion, retriedRatio, zombies } = habits;
  const words = [
    retriedRatio >= RULE.noBudgetRatio && "no budget bounds them",
    comeTogether(habits, control) &&
      `they come together (dispersion ${dispersion.toFixed(1)}, control ${control.dispersion.toFixed(1)})`,
    early > 0 && `${formatRatio(early / toldToWait)} of the waits asked for were cut short`,
    zombies > RULE.zombieRatio * retries &&
      `${formatCount(zombies)} come when their request has ended`,
    unsafe > 0 && `${formatCount(unsafe)} retries repeat a write`,
  ];
  return words.map((each) => (each === false ? "" : `; ${each}`)).join("");
}

function stormWords(name: string, { control, over, own, stage }: StormReading): string {
  const paced = Number.isFinite(own.gapMs)
    ? `, ${formatUs(own.gapMs * 1_000)} apart with ${hasJitter(own) ? "" : "no "}jitter`
    : "";
  const perLogical = own.joined > 0 ? ` (${perCall(own).toFixed(2)} attempts a call)` : "";
  const controlFails = control.calls === 0 ? 0 : control.failures / control.calls;
  const made =
    over.effect === null
      ? `make ${formatCount(own.calls)} calls (control ${formatCount(control.calls)})`
      : `make ${(1 + over.effect.estimate).toFixed(2)} × control's calls for the same requests`;
  return (
    `a retry storm at ${name} from stage ${stage.name} on: ${sentWords(own)}${paced}${perLogical} ${made}, and ` +
    `${formatRatio(own.failures / own.calls)} of the calls fail (control ${formatRatio(controlFails)})`
  );
}

/** What is missing of what a storm is cured by; all of it where single attempts are not known. */
function cureOf(own: RetryReading, { retriedRatio }: RetryHabits): string {
  const known = own.joined > 0;
  const parts = [
    (!known || retriedRatio >= RULE.noBudgetRatio) && "a retry budget",
    (!known || !hasJitter(own)) && "exponential backoff with full jitter",
    (!known || own.early > 0) && "waiting as long as Retry-After says",
  ].filter((part) => part !== false);
  if (parts.length === 0) return "fewer attempts, or a smaller budget for them";
  const last = parts.at(-1)!;
  return parts.length < 3 ? parts.join(" and ") : `${parts.slice(0, -1).join(", ")}, and ${last}`;
}

function calmWords(name: string, own: RetryReading, control: RetryReading): string {
  return own.joined === 0 || control.joined === 0
    ? `no storm of retries at ${name}: ${formatCount(own.calls)} calls (control ${formatCount(control.calls)})`
    : `${perCall(own).toFixed(2)} attempts for each call to ${name} (control ${perCall(control).toFixed(2)})`;
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

function sicknessOf(pair: Pair, reading: StormReading, name: string) {
  const { by, control, over, own, stage, storm } = reading;
  const beside = besideControl({
    sick: true,
    controlWorks: control.calls > 0,
    controlSick: reading.controlAmplifies,
    more: storm,
  });
  const habits = habitsOf(pair.evidence, pair.arm, pair.attempts[pair.arm] ?? [], stage);
  const controlHabits = habitsOf(pair.evidence, 0, pair.attempts[0] ?? [], stage);
  const { effect, pValue } = by;
  const words = habitWords(own, habits, controlHabits);
  return {
    ...beside,
    began: beganIn(stage),
    size:
      own.attemptsMax > 1
        ? { what: "attempts of one call", value: own.attemptsMax, unit: "attempts" }
        : null,
    effect,
    ...(effect === null ? {} : { pValue }),
    cause: `${name} retry storm (${sentWords(own)})`,
    summary: `${stormWords(name, reading)}${words}${besideWords(beside)}`,
    cure: cureOf(own, habits),
    evidence: {
      stage: stage.name,
      ...evidenceOf(own, control),
      retriedRatio: finite(habits.retriedRatio),
      zombieRetries: habits.zombies,
      dispersion: habits.dispersion,
      controlDispersion: controlHabits.dispersion,
      amplificationOverControl: over.effect === null ? null : 1 + over.effect.estimate,
      amplificationLow: over.effect === null ? null : 1 + over.effect.low,
      amplificationHigh: over.effect === null ? null : 1 + over.effect.high,
    },
  };
}

/** A storm beside control; one that control has as much of; or one at what control does not call. */
function isSick({ amplifies: own, control, controlAmplifies, storm }: StormReading): boolean {
  return storm || (own && (controlAmplifies || control.calls === 0));
}

function judge(pair: Pair): Finding | null {
  const { arm, attempts, dependency, evidence } = pair;
  const { name } = evidence.dependencies[dependency]!;
  const judged = judgedStages(evidence);
  const own = readRetries(attempts[arm] ?? [], judged);
  const control = readRetries(attempts[0] ?? [], judged);
  if (own.calls === 0 && control.calls === 0) return null;
  const base = { detector: "retry-storm", ...about(evidence, arm, dependency) };
  const readings = judged.map((stage) => readStage(pair, stage));
  const sick = readings.find(({ storm }) => storm) ?? readings.find(isSick);
  if (sick !== undefined) return { ...base, ...sicknessOf(pair, sick, name) };
  return {
    ...base,
    status: "pass",
    summary: calmWords(name, own, control),
    evidence: evidenceOf(own, control),
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
      judge({ evidence, arm, dependency, attempts: attempts[dependency] ?? [] }),
    );
  },
};
