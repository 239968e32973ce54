import { formatCount, formatRatio } from "../core/index.ts";
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
import { opensOf, type Opens } from "./opens.ts";
import { about, judgeEachPair, judgedStages } from "./pairs.ts";
import { tooLittle } from "./too-little.ts";

/*
 * A connection that is opened for a call although one that was used a moment ago stood idle: the
 * caller does not keep connections, or keeps too few. Connections opened while all others were busy
 * are a pool that grows. Simulated as in test/detect/no-keep-alive.test.ts: named in all of 56 runs
 * at 1, 3 and 10 × the rate, with and without identity; healthy arms and look-alikes in none of 240.
 */
const RULE = {
  /** Share of calls for which a connection was opened needlessly, and the calls needed to judge. */
  needlessRatio: 0.1,
  calls: 100,
} as const;

interface Reading {
  readonly stage: StageWindow;
  readonly own: Opens;
  readonly control: Opens;
  readonly more: More;
}

const share = ({ calls, needless }: Opens): number => (calls === 0 ? 0 : needless / calls);
const isSick = (opens: Opens): boolean =>
  opens.calls >= RULE.calls && share(opens) > RULE.needlessRatio;

function read(evidence: Evidence, arm: number, dependency: number, stage: StageWindow): Reading {
  const own = opensOf(evidence.calls(arm, dependency), stage);
  const control = opensOf(evidence.calls(0, dependency), stage);
  const what = "calls for which a connection was opened needlessly";
  return {
    stage,
    own,
    control,
    more: shareBeside(what, { own: own.each, control: control.each }, stage),
  };
}

function sicknessOf({ control, more, own, stage }: Reading, name: string) {
  const beside = besideControl({
    sick: true,
    controlWorks: control.calls >= RULE.calls,
    controlSick: isSick(control),
    more: more.shown && share(own) > 1.5 * share(control),
  });
  const reuse = 1 - own.opened / own.calls;
  const perSec = own.opened / ((stage.toNs - stage.fromNs) / 1e9);
  return {
    ...beside,
    began: beganIn(stage),
    size: { what: "calls on a connection used before", value: reuse, unit: "ratio" },
    effect: more.effect,
    cause: `no keep-alive to ${name} (${formatRatio(reuse)} of calls reuse a connection)`,
    summary:
      `${formatCount(own.opened)} connections are opened for ${formatCount(own.calls)} calls to ${name} ` +
      `(${formatCount(perSec)}/s) from stage ${stage.name} on: ${formatRatio(share(own))} of the calls open one ` +
      `though one that was used less than a second before could have been kept (control ${formatRatio(share(control))})${besideWords(beside)}`,
    cure: `connections to ${name} that are kept alive, and a pool that keeps as many as are in use`,
  };
}

const evidenceOf = ({ control, own, stage }: Reading) => ({
  stage: stage.name,
  calls: own.calls,
  opened: own.opened,
  needless: own.needless,
  reuseRatio: own.calls === 0 ? null : 1 - own.opened / own.calls,
  controlCalls: control.calls,
  controlOpened: control.opened,
  controlNeedless: control.needless,
});

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const readings = judgedStages(evidence).map((stage) => read(evidence, arm, dependency, stage));
  const busiest = readings.toSorted((a, b) => b.own.calls - a.own.calls)[0];
  if (busiest === undefined || busiest.own.calls === 0) return null;
  const { name } = evidence.dependencies[dependency]!;
  const base = { detector: "no-keep-alive", ...about(evidence, arm, dependency) };
  const sick = readings.filter((each) => isSick(each.own));
  const worst = worstOf(
    sick.map((each) => ({ ...sicknessOf(each, name), evidence: evidenceOf(each) })),
  );
  if (worst !== undefined) return { ...base, ...worst, ...leastP(sick.map(({ more }) => more)) };
  const { own, stage } = busiest;
  if (own.calls < RULE.calls) {
    const have = { have: own.calls, need: RULE.calls, stage };
    const little = tooLittle({ ...have, what: `calls to ${name}`, toTell: "of keep-alive" });
    return { ...base, ...little, evidence: evidenceOf(busiest) };
  }
  return {
    ...base,
    status: "pass",
    pValue: 1,
    summary: `${formatRatio(1 - own.opened / own.calls)} of ${formatCount(own.calls)} calls to ${name} reuse a connection`,
    evidence: evidenceOf(busiest),
  };
}

/** Names callers that open connections which they have already. */
export const noKeepAlive: Detector = {
  name: "no-keep-alive",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
