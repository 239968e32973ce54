import { describe, expect, it } from "vitest";
import {
  gateAlphas,
  harmEvidence,
  liveMetrics,
  lookAlpha,
  planOfRun,
  planRuns,
} from "../../../src/experiment/index.ts";
import { EProcess, MIN_BLOCKS } from "../../../src/stats/index.ts";
import { LIVE_PLAN, looksOver } from "./virtual-evidence.ts";

const SEEDS = Array.from({ length: 20 }, (_, index) => `run ${index}`);

describe("looks while a run goes on", () => {
  it("stop for harm of several margins in its own stage, mostly at the first look that may", () => {
    const blocks = SEEDS.map((seed) => {
      const last = looksOver(LIVE_PLAN, seed, 1.5).at(-1)!;
      expect(last.stop).toMatchObject({ rule: "harm", decision: "roll-back" });
      expect(last.look.stage).toBe("pilot");
      expect(last.stop!.untilNs).toBe((last.look.block + 1) * 250e6);
      return last.look.block + 1;
    });
    // Where neighbours resemble each other by chance, a look waits: 3 of 4 runs in 300 do not have to.
    expect(Math.min(...blocks)).toBe(MIN_BLOCKS);
    expect(blocks.filter((count) => count === MIN_BLOCKS).length).toBeGreaterThan(SEEDS.length / 2);
  });

  it("say by how much in the metric's own unit, as the verdict does", () => {
    const slow = looksOver(LIVE_PLAN, "slow", 1.5).at(-1)!.stop!;
    expect(slow.because).toMatch(/^response_time_p50 is worse by \+[\d.]+ % .*\(margin 10 %\)/);
    const usual = { phi: 0, spread: 0.1 };
    const failing = looksOver(LIVE_PLAN, "failing", 1, usual, 0.2).at(-1)!.stop!;
    expect(failing.because).toMatch(/^error_ratio is worse by \+[\d.]+ pp .*\(margin 2 pp\)/);
  });

  it("never stop these A/A runs, nor for a gain", () => {
    for (const seed of SEEDS) {
      for (const slower of [1, 0.95]) {
        const seen = looksOver(LIVE_PLAN, seed, slower);
        expect(seen.map(({ stop }) => stop).filter((stop) => stop !== null)).toEqual([]);
        expect(seen).toHaveLength(80);
      }
    }
  });

  it("do not stop where the plan's rule does not say so, but tell what they saw", () => {
    const plan = { ...LIVE_PLAN, stop: { harm: false, futility: false } };
    const seen = looksOver(plan, "told", 1.5);
    expect(seen.some(({ look }) => look.metrics.some(({ reached }) => reached))).toBe(true);
    // The gate after the stage is another rule, and it rolls back.
    expect(seen.at(-1)!.stop).toMatchObject({ rule: "gate", decision: "roll-back" });
  });

  it("stop for futility when what is left can hardly show what is claimed", () => {
    const futility = { ...LIVE_PLAN, stop: { harm: false, futility: true } };
    const last = looksOver(futility, "futile", 1.12).at(-1)!;
    expect(last.stop).toMatchObject({ rule: "futility", decision: "hold" });
    expect(looksOver(futility, "well", 1)).toHaveLength(80);
  });
});

describe("looks at several variants", () => {
  const plan = { ...LIVE_PLAN, arms: ["control", "variant", "other"] };

  it("cut the one that harms, and go on with the others to the end", () => {
    const seen = looksOver(plan, "one of two", 1.5);
    expect(seen).toHaveLength(80);
    const cuts = seen.flatMap((each) => each.cuts);
    expect(cuts).toMatchObject([{ arm: "variant", rule: "harm", decision: "roll-back" }]);
    const after = seen.filter(({ look }) => look.atS > cuts[0]!.untilNs / 1e9);
    const arms = after.flatMap(({ look }) => look.metrics.map(({ arm }) => arm));
    expect(new Set(arms)).toEqual(new Set(["other"]));
    expect(seen.at(-1)!.stop).toBeNull();
  });

  it("end the run when the last is out, harmed only where each was", () => {
    const alone = { ...plan, arms: ["control", "variant"] };
    const one = looksOver(alone, "one", 1.5).at(-1)!;
    expect(one).toMatchObject({ cuts: [], stop: { decision: "roll-back" } });
    const unsure = [{ ...plan.stages[0]!, onHold: "stop" as const }, plan.stages[1]!];
    const wide = { ...plan, primary: { ...plan.primary!, margin: 0.001 }, stages: unsure };
    const last = looksOver(wide, "all", 1.5).at(-1)!;
    expect(last.cuts.map(({ arm }) => arm)).toEqual(["other"]);
    expect(last.stop).toMatchObject({ rule: "gate", decision: "hold" });
    expect(last.stop!.because).toMatch(/^every variant is out: variant: .*; other: /);
  });

  it("share what the looks and the gates of one would spend", () => {
    expect(lookAlpha(plan)).toBeCloseTo(lookAlpha(LIVE_PLAN) / 2, 12);
    const spent = (of: typeof plan): number =>
      [...gateAlphas(of).values()].reduce((sum, alpha) => sum + alpha, 0);
    expect(spent(plan)).toBeLessThan(spent({ ...plan, arms: ["control", "variant"] }));
  });
});

describe("the gate after a stage", () => {
  it("goes on when all is shown to be well; there is none after the last stage", () => {
    const gates = looksOver(LIVE_PLAN, "well", 0.9).flatMap((each) => each.gates);
    expect(gates.map(({ decision, stage }) => [stage, decision])).toEqual([["pilot", "go-on"]]);
  });

  it("stops the run on a hold only where its stage says so", () => {
    const [pilot, everybody] = LIVE_PLAN.stages as [
      (typeof LIVE_PLAN.stages)[0],
      (typeof LIVE_PLAN.stages)[0],
    ];
    const plan = { ...LIVE_PLAN, stages: [{ ...pilot, onHold: "stop" as const }, everybody] };
    const seen = looksOver(plan, "unsure", 1.09);
    expect(seen.at(-1)).toMatchObject({
      gates: [{ decision: "hold" }],
      stop: { rule: "gate", decision: "hold" },
    });
    expect(looksOver(LIVE_PLAN, "unsure", 1.09)).toHaveLength(80);
  });
});

describe("alpha of what is decided while a run goes on", () => {
  it("is half of the plan's in all, a quarter the looks' and a quarter the gates'", () => {
    const tests = liveMetrics(LIVE_PLAN).length * LIVE_PLAN.stages.length;
    const gates = [...gateAlphas(LIVE_PLAN).values()].reduce((sum, alpha) => sum + alpha, 0);
    expect(lookAlpha(LIVE_PLAN) * tests).toBeCloseTo(0.0125, 12);
    expect(gates).toBeCloseTo(0.0125, 12);
  });

  it("is shared by the runs of an experiment: together they spend what one alone does", () => {
    const { arms, seed } = LIVE_PLAN;
    const plan = { ...LIVE_PLAN, runs: planRuns(seed, 5, arms) };
    const alone = [lookAlpha(LIVE_PLAN), ...gateAlphas(LIVE_PLAN).values()];
    const each = plan.runs.map((_, index) => {
      const run = planOfRun(plan, index);
      return [lookAlpha(run), ...gateAlphas(run).values()];
    });
    for (const [place, alpha] of alone.entries()) {
      expect(each.reduce((sum, spent) => sum + spent[place]!, 0)).toBeCloseTo(alpha, 12);
    }
    expect([lookAlpha(plan), ...gateAlphas(plan).values()]).toEqual(each[0]);
  });

  it("counts blocks that resemble their neighbours for less, and none for more", () => {
    const steady = Array.from({ length: 32 }, (_, i) => (i % 2 === 0 ? 0.3 : 0.1));
    const drifting = steady.toSorted((a, b) => a - b);
    expect(harmEvidence(steady, 0.01, 0.003).widening).toBe(1);
    expect(harmEvidence(drifting, 0.01, 0.003).widening).toBeGreaterThan(2);
    expect(harmEvidence(drifting, 0.01, 0.003).lnE).toBeLessThan(
      harmEvidence(steady, 0.01, 0.003).lnE,
    );
    const exact = new EProcess({ nullEffect: 0, alternative: "greater", rho: 0.01 });
    for (const effect of steady) exact.add(effect);
    expect(harmEvidence(steady, 0.01, 0.003).lnE).toBeCloseTo(exact.state.maxLogE, 12);
  });
});
