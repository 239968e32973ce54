import { formatCount, formatRatio } from "../core/index.ts";
import { beganIn, besideControl, besideWords, type More, shareBeside, worstOf } from "./beside.ts";
import type { Detector, Evidence, Finding, StageWindow } from "./detector.ts";
import { readLimit } from "./limit-reading.ts";
import { type Judged, limitOf, refusedOf, usedOf, type Way, WAYS } from "./limit-ways.ts";
import { about, judgedStages, judgeEachPair } from "./pairs.ts";
import { type Attempt, attemptsOf } from "./retries.ts";
import { lacksIdentity, tooLittle } from "./too-little.ts";

/*
 * A caller that is refused is told how long to wait (Retry-After). Four ways to get on badly with that:
 * to come again before (and be refused again, with some limits for longer); to come all at once when
 * the limit is back; to spend many calls on being refused again; to stay away for so long that the limit
 * is hardly used. Which call a call repeats is known by identity alone. Source: signatures §6.6.
 * Simulated as in test/detect/rate-limit.test.ts.
 */

/** Calls of an arm in one stage that are needed to tell. */
const CALLS = 100;

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function evidenceOf({ control, own }: Judged): Finding["evidence"] {
  const limit = limitOf(own, control);
  return {
    stage: own.stage.name,
    calls: own.calls,
    wasteRatio: refusedOf(own),
    toldToWait: own.told,
    early: own.early,
    refusedAgain: own.refusedAgain,
    resets: own.resets,
    herdRatio: finite(own.herdRatio),
    limitPerSec: limit,
    usedRatio: finite(usedOf(own, limit)),
    controlWasteRatio: refusedOf(control),
    controlToldToWait: control.told,
    controlEarly: control.early,
    controlRefusedAgain: control.refusedAgain,
    controlHerdRatio: finite(control.herdRatio),
    controlUsedRatio: finite(usedOf(control, limit)),
  };
}

interface Sick {
  readonly judged: Judged;
  readonly way: Way;
  readonly more: More;
  /** More of it than control, by what counts as more. */
  readonly isMore: boolean;
  readonly controlSick: boolean;
}

/** In which ways an arm is sick in a stage, the plainest first. */
function sickIn(judged: Judged, blind: boolean): Sick[] {
  const { control, own } = judged;
  const limit = limitOf(own, control);
  const ways = WAYS.filter(({ byIdentity }) => !blind || byIdentity !== true);
  return ways
    .filter(({ isSick }) => isSick(own, limit))
    .flatMap((way): Sick[] => {
      const more = shareBeside(way.what, way.counted(judged), own.stage);
      const isMore = way.isOther === undefined ? more.shown : way.isOther(judged, more);
      const controlSick = way.isSick(control, limit);
      const isNothing = way.isOther !== undefined && !isMore && !controlSick;
      return isNothing ? [] : [{ judged, way, more, isMore, controlSick }];
    });
}

function sickFinding(name: string, [first, ...rest]: readonly [Sick, ...Sick[]]) {
  const { controlSick, isMore, judged, more, way } = first;
  const { control, own } = judged;
  const beside = besideControl({
    sick: true,
    controlSick,
    controlWorks: control.calls > 0,
    more: isMore,
  });
  const others = rest.filter((each) => each.isMore);
  const besides = others.map((each) => `; ${each.way.words(name, judged)}`).join("");
  return {
    ...beside,
    cause: way.cause(name),
    summary:
      `${way.words(name, judged)}, from stage ${own.stage.name} on; ` +
      `${formatRatio(refusedOf(own))} of the calls are refused (control ${formatRatio(refusedOf(control))})${besides}${besideWords(beside)}`,
    cure: way.cure,
    began: beganIn(own.stage),
    size: way.size(judged),
    effect: more.effect,
    evidence: evidenceOf(judged),
  };
}

function judge(
  evidence: Evidence,
  { arm, dependency }: { readonly arm: number; readonly dependency: number },
  attempts: readonly (readonly Attempt[])[],
): Finding | null {
  const read = (side: number, stage: StageWindow) => readLimit(attempts[side] ?? [], stage);
  const judged = judgedStages(evidence).map((stage): Judged => ({
    evidence,
    arm,
    own: read(arm, stage),
    control: read(0, stage),
  }));
  const most = judged.toSorted((a, b) => b.own.limited - a.own.limited)[0];
  if (most === undefined || most.own.limited === 0) return null;
  const { name } = evidence.dependencies[dependency]!;
  const known = { detector: "rate-limit", ...about(evidence, arm, dependency) };
  const blind = lacksIdentity(evidence, arm, dependency);
  const sick = judged
    .map((each) => sickIn(each, blind))
    .filter((each): each is [Sick, ...Sick[]] => each.length > 0);
  const worst = worstOf(sick.map((each) => ({ ...known, ...sickFinding(name, each) })));
  if (worst !== undefined) return worst;
  if (most.own.calls < CALLS) {
    const have = { have: most.own.calls, need: CALLS, stage: most.own.stage };
    const toTell = "how its limit is kept";
    const little = tooLittle({ ...have, what: `calls to ${name}`, toTell });
    return { ...known, ...little, evidence: evidenceOf(most) };
  }
  const waits = blind
    ? "which calls repeat one that was told to wait is known only where the target passes identity on"
    : `${formatCount(most.own.early)} of ${formatCount(most.own.told)} retries that were told to wait came too early`;
  return {
    ...known,
    status: blind ? "inconclusive" : "pass",
    summary: `${name} refuses ${formatRatio(refusedOf(most.own))} of the calls (control ${formatRatio(refusedOf(most.control))}); ${waits}`,
    evidence: evidenceOf(most),
  };
}

/** Names callers that get on badly with a limit: too early, all at once, again and again, or hardly at all. */
export const rateLimit: Detector = {
  name: "rate-limit",
  detect(evidence) {
    const attempts = evidence.dependencies.map((_, dependency) => {
      const ofArms = evidence.arms.map((_arm, arm) => evidence.calls(arm, dependency));
      // Where nobody is refused nothing has to be read.
      const refuses = ofArms.some((calls) => calls.some(({ outcome }) => outcome === "limited"));
      return refuses ? ofArms.map(attemptsOf) : [];
    });
    return judgeEachPair(evidence, (arm, dependency) =>
      judge(evidence, { arm, dependency }, attempts[dependency] ?? []),
    );
  },
};
