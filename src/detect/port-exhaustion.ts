import { formatCount, formatRatio } from "../core/index.ts";
import { normalQuantile } from "../stats/index.ts";
import { beganIn, besideControl, besideWords, CONFIDENCE, worstOf } from "./beside.ts";
import type { Detector, Evidence, Finding, FindingEffect, StageWindow } from "./detector.ts";
import { opensOf } from "./opens.ts";
import { about, judgeEachPair, judgedStages } from "./pairs.ts";

/*
 * Who closes a connection keeps its port for a minute (TIME_WAIT). Linux gives 28,232 ports to one
 * address and port of a server (32768 to 60999), so that 470 new connections a second use them up.
 * A rate is counted, not estimated: there is nothing to be wrong about but chance of arrivals, for
 * which the margin is three standard deviations.
 */
const PORTS = 28_232;
const TIME_WAIT_S = 60;
/** Of the ports, the share that is said to be near. */
const NEAR_RATIO = 0.5;

const Z = normalQuantile((1 + CONFIDENCE) / 2);

interface Reading {
  readonly stage: StageWindow;
  readonly opened: number;
  readonly perSec: number;
  readonly controlPerSec: number;
  readonly effect: FindingEffect;
  /** Of the ports that there are, the share that a minute at this rate uses. */
  readonly ratio: number;
  readonly exhausts: boolean;
}

const ratioOf = (perSec: number): number => (perSec * TIME_WAIT_S) / PORTS;

/** Of HTTP by the first call on each connection, of TCP by the connections themselves. */
function openedIn(evidence: Evidence, arm: number, dependency: number, stage: StageWindow): number {
  const connections = evidence.connections(arm, dependency);
  if (connections.length === 0) return opensOf(evidence.calls(arm, dependency), stage).opened;
  return connections.filter(({ openNs }) => openNs >= stage.fromNs && openNs < stage.toNs).length;
}

function read(evidence: Evidence, arm: number, dependency: number, stage: StageWindow): Reading {
  const seconds = (stage.toNs - stage.fromNs) / 1e9;
  const opened = openedIn(evidence, arm, dependency, stage);
  const perSec = opened / seconds;
  const sure = (opened - 3 * Math.sqrt(opened)) / seconds;
  const controlOpened = openedIn(evidence, 0, dependency, stage);
  const controlPerSec = controlOpened / seconds;
  // Of two Poisson counts.
  const marginPerSec = (Z * Math.sqrt(opened + controlOpened)) / seconds;
  const effect: FindingEffect = {
    what: "new connections a second",
    kind: "difference",
    estimate: perSec - controlPerSec,
    low: perSec - controlPerSec - marginPerSec,
    high: perSec - controlPerSec + marginPerSec,
    confidence: CONFIDENCE,
  };
  const exhausts = seconds >= 1 && ratioOf(sure) > 1;
  return { stage, opened, perSec, controlPerSec, effect, ratio: ratioOf(perSec), exhausts };
}

const evidenceOf = ({ controlPerSec, opened, perSec, ratio, stage }: Reading) => ({
  stage: stage.name,
  opened,
  newConnectionsPerSec: perSec,
  controlNewConnectionsPerSec: controlPerSec,
  portsUsedRatio: ratio,
});

function sicknessOf({ controlPerSec, effect, perSec, stage }: Reading, name: string) {
  const beside = besideControl({
    sick: true,
    controlWorks: controlPerSec > 0,
    controlSick: ratioOf(controlPerSec) > 1,
    more: perSec > 1.5 * controlPerSec,
  });
  const lastsS = PORTS / perSec;
  return {
    ...beside,
    began: beganIn(stage),
    effect,
    size: { what: "new connections", value: perSec, unit: "connections/s" },
    cause: `ports to ${name} run out (${formatCount(perSec)} new connections/s)`,
    summary:
      `${formatCount(perSec)} connections/s are opened to ${name} from stage ${stage.name} on (control ` +
      `${formatCount(controlPerSec)}): the ${formatCount(PORTS)} ports to one address are used up within ` +
      `${formatCount(lastsS)} s, sooner than the first comes back${besideWords(beside)}`,
    cure: `connections to ${name} that are kept alive`,
  };
}

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const readings = judgedStages(evidence).map((stage) => read(evidence, arm, dependency, stage));
  const most = readings.toSorted((a, b) => b.perSec - a.perSec)[0];
  if (most === undefined || most.opened === 0) return null;
  const { name } = evidence.dependencies[dependency]!;
  const base = { detector: "port-exhaustion", ...about(evidence, arm, dependency) };
  const sick = readings.filter(({ exhausts }) => exhausts);
  const worst = worstOf(
    sick.map((each) => ({ ...base, ...sicknessOf(each, name), evidence: evidenceOf(each) })),
  );
  if (worst !== undefined) return worst;
  const near = most.ratio > NEAR_RATIO;
  return {
    ...base,
    status: "pass",
    summary:
      `${most.perSec.toFixed(1)} connections/s are opened to ${name}: ${formatRatio(most.ratio)} of what its ` +
      `ports allow${near ? ", which is near" : ""}`,
    evidence: evidenceOf(most),
  };
}

/** Names arms that open connections faster than their ports come back. */
export const portExhaustion: Detector = {
  name: "port-exhaustion",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
