import { formatRatePerSec, formatRatio } from "../core/index.ts";
import { normalQuantile } from "../stats/index.ts";
import { beganIn, besideControl, besideWords, CONFIDENCE } from "./beside.ts";
import type { Detector, Evidence, Finding, FindingEffect } from "./detector.ts";
import { aboutArm, judgeEachArm } from "./pairs.ts";
import {
  type HysteresisReading,
  type HysteresisStep,
  rampsOf,
  readHysteresis,
} from "./probed/index.ts";

/*
 * A load that has been higher leaves its mark: at the same rate fewer requests are answered well on the
 * way down than on the way up, since what the peak began (a queue, retries, a cold cache) keeps itself
 * going. Source: signatures §6.3, H(λ) = goodput up − goodput down.
 */

const Z = normalQuantile((1 + CONFIDENCE) / 2);

/** Where most is lost. */
const worstStep = ({ steps }: HysteresisReading): HysteresisStep =>
  steps.toSorted((a, b) => b.up - b.down - (a.up - a.down))[0]!;

/** Of a share; one of 0 or 1 is not known exactly. Source: Agresti & Coull 1998. */
function variance(share: number, count: number): number {
  const near = (share * count + 2) / (count + 4);
  return (near * (1 - near)) / (count + 4);
}

/** What is lost on the way down beyond what control loses at the same rate. */
function lostBeside(own: HysteresisStep, control: HysteresisReading): FindingEffect | null {
  const same = control.steps.find(({ ratePerSec }) => ratePerSec === own.ratePerSec);
  if (same === undefined) return null;
  const estimate = own.up - own.down - (same.up - same.down);
  const sum = [own, same].reduce(
    (all, { down, requests, up }) => all + variance(up, requests[0]) + variance(down, requests[1]),
    0,
  );
  const margin = Z * Math.sqrt(sum);
  return {
    what: "good answers lost on the way down",
    kind: "difference",
    estimate,
    low: estimate - margin,
    high: estimate + margin,
    confidence: CONFIDENCE,
  };
}

function judge(evidence: Evidence, arm: number): Finding | null {
  const ramps = rampsOf(evidence);
  if (ramps === null || !ramps.up.judged || !ramps.down.judged) return null;
  const own = readHysteresis(evidence, arm);
  if (own === null) return null;
  const control = readHysteresis(evidence, 0);
  const worst = worstStep(own);
  const effect = control === null ? null : lostBeside(worst, control);
  const beside = besideControl({
    sick: own.bistable,
    controlWorks: control !== null,
    controlSick: control?.bistable === true,
    more: (effect?.low ?? 0) > 0,
  });
  const at = formatRatePerSec(worst.ratePerSec);
  const lost = formatRatio(Math.max(worst.up - worst.down, 0));
  const controlLost =
    control === null ? "" : ` (control ${formatRatio(Math.max(control.lostRatio, 0))} at most)`;
  const words = `${formatRatio(worst.up)} of the requests at about ${at} are answered well on the way up, and ${formatRatio(worst.down)} on the way down${controlLost}`;
  const known = {
    detector: "hysteresis",
    ...aboutArm(evidence, arm),
    evidence: {
      stage: ramps.down.name,
      ratePerSec: worst.ratePerSec,
      goodUpRatio: worst.up,
      goodDownRatio: worst.down,
      lostRatio: own.lostRatio,
      controlLostRatio: control?.lostRatio ?? null,
    },
  };
  if (!own.bistable) return { ...known, ...beside, summary: words };
  return {
    ...known,
    ...beside,
    effect,
    began: beganIn(ramps.down),
    size: {
      what: "good answers lost on the way down, at most",
      value: own.lostRatio,
      unit: "of all",
    },
    cause: `a load that has been higher leaves its mark (${lost} of the good answers at ${at})`,
    summary: `${words}${besideWords(beside)}`,
    cure: "what the peak begins has to be bounded: a retry budget, a queue that drops what is too old",
  };
}

/** Names an arm that stays worse when a load comes down again than it was when it went up. */
export const hysteresis: Detector = {
  name: "hysteresis",
  detect: (evidence) => judgeEachArm(evidence, (arm) => judge(evidence, arm)),
};
