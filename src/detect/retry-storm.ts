import {
  beganIn,
  besideControl,
  besideWords,
  type Counted,
  leastP,
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
import { habitsOf } from "./retry-habits.ts";
import { calmWords, cureOf, habitWords, perCall, sentWords, stormWords } from "./retry-words.ts";
import { tooLittle } from "./too-little.ts";

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
  const { effect } = by;
  const words = habitWords(own, habits, controlHabits);
  return {
    ...beside,
    began: beganIn(stage),
    size:
      own.attemptsMax > 1
        ? { what: "attempts of one call", value: own.attemptsMax, unit: "attempts" }
        : null,
    effect,
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
  const storms = readings.filter(({ storm }) => storm);
  const sick = storms[0] ?? readings.find(isSick);
  if (sick !== undefined) {
    const p = leastP((storms.length === 0 ? [sick] : storms).map(({ by }) => by));
    return { ...base, ...sicknessOf(pair, sick, name), ...p };
  }
  const busiest = readings.toSorted((a, b) => b.own.calls - a.own.calls)[0];
  if (busiest !== undefined && busiest.own.calls < RULE.retries) {
    const have = { have: busiest.own.calls, need: RULE.retries, stage: busiest.stage };
    const little = tooLittle({ ...have, what: `calls to ${name}`, toTell: "of retries" });
    return { ...base, ...little, evidence: evidenceOf(own, control) };
  }
  return {
    ...base,
    status: "pass",
    pValue: 1,
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
