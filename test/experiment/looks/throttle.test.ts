import { describe, expect, it } from "vitest";
import {
  compareMetrics,
  type Plan,
  stagesThrottled,
  statusOf,
  Throttle,
  type Throttling,
} from "../../../src/experiment/index.ts";
import { upperBound99 } from "../../stats/simulate.ts";
import { blocksOver, LIVE_PLAN } from "./virtual-evidence.ts";

const RULE = { chance: 0.3, floor: 0.125 };
const PLAN: Plan = {
  ...LIVE_PLAN,
  stop: { harm: false, futility: false },
  stages: LIVE_PLAN.stages.slice(0, 1).map((stage) => ({ ...stage, onBreach: RULE })),
};
const STAGE = PLAN.stages[0]!;

/** What a throttle makes of a stage, each smaller load beginning with the second block after a breach. */
function throttled(seed: string, slower: number) {
  const blocks = blocksOver(PLAN, seed, slower);
  const throttle = new Throttle(PLAN, []);
  const throttlings: Throttling[] = [];
  let cutNs: number | null = null;
  for (let block = 0; block < 40 && cutNs === null; block++) {
    const endNs = (block + 1) * STAGE.blockNs;
    const place = { stage: STAGE, stageIndex: 0, block, endNs, lastOfStage: block === 39 };
    const breach = throttle.see({ ...place, blocks });
    if (breach === null) continue;
    const { because, share, untilNs } = breach;
    if (share === null) cutNs = untilNs;
    else {
      const fromNs = endNs + STAGE.blockNs;
      throttle.resume(fromNs, share);
      throttlings.push({ stage: STAGE.name, share, because, untilNs, fromNs });
    }
  }
  return { blocks, throttlings, cutNs };
}

/** The stage's parts, as they are judged. */
function judged(seed: string, slower: number) {
  const { blocks, ...found } = throttled(seed, slower);
  const parts = stagesThrottled(PLAN.stages, found.throttlings).map((stage) => {
    const at = (ns: number): number => Math.round(ns / STAGE.blockNs);
    const own = blocks.map((arm) => arm.slice(at(stage.judgedFromNs!), at(stage.endNs)));
    return { stage, blocks: own };
  });
  return { ...found, parts, rows: compareMetrics(PLAN, parts, []) };
}

describe("a stage that halves its load when harm is suspected", () => {
  it("halves, and halves again, down to its floor, and then ends, where a variant is slower", () => {
    const { cutNs, throttlings } = throttled("slower", 1.6);
    expect(throttlings.map(({ share }) => share)).toEqual([0.5, 0.25, 0.125]);
    expect(cutNs).toBeGreaterThan(throttlings.at(-1)!.fromNs);
    expect(throttlings[0]!.because).toContain("response_time_p50 of variant looks worse by +");
  });

  it("does so by chance no more often than it says, and then shows no more false harm than alpha", () => {
    const reps = 150;
    let [halved, harm] = [0, 0];
    for (let rep = 0; rep < reps; rep++) {
      const { rows, throttlings } = judged(`alike ${rep}`, 1);
      if (throttlings.length > 0) halved++;
      if (rows.some((row) => (row.adjustedPHarm ?? 1) <= PLAN.alpha / 2)) harm++;
    }
    expect(halved / reps).toBeLessThanOrEqual(upperBound99(RULE.chance, reps));
    expect(harm / reps).toBeLessThanOrEqual(upperBound99(PLAN.alpha / 2, reps));
  });

  it("tests nothing on what ended for looking bad, and what comes after it as a stage of its own", () => {
    const { parts, rows, throttlings } = judged("harmed", 1.15);
    expect(throttlings.length).toBeGreaterThan(0);
    const names = parts.map(({ stage }) => stage.name);
    expect(names.slice(0, 2)).toEqual(["pilot", "pilot at 50 %"]);
    const first = rows.find(({ role, stage }) => role === "primary" && stage === "pilot")!;
    expect(first.adjustedPHarm).toBeNull();
    expect(statusOf(first, PLAN.alpha)).toBe("inconclusive");
    expect(first.warnings[0]).toContain("the load was halved here");
    expect(parts[1]!.stage.judgedFromNs).toBe(throttlings[0]!.fromNs);
  });

  it("does nothing in a stage that does not say so", () => {
    const blocks = blocksOver(PLAN, "slower", 1.6);
    const { onBreach: _none, ...stage } = STAGE;
    const throttle = new Throttle({ ...PLAN, stages: [stage] }, []);
    const place = { stage, stageIndex: 0, block: 0, endNs: stage.blockNs, lastOfStage: false };
    expect(throttle.see({ ...place, blocks })).toBeNull();
  });
});
