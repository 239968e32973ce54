import { describe, expect, it } from "vitest";
import {
  type Block,
  blockLists,
  blocksAfter,
  emptyBlock,
  findWarmUps,
  metricEffect,
  type Plan,
  type StageBlocks,
  stagesAfter,
} from "../../src/experiment/index.ts";
import { autoregressive, gaussians, upperBound99 } from "../stats/simulate.ts";
import { PLAN } from "./plan-fixture.ts";

const BLOCK_NS = 250e6;
const STAGE = { ...PLAN.stages[1]!, startNs: 0, judgedFromNs: 0, blockNs: BLOCK_NS };
const P50 = { metric: "response_time_p50", margin: 0.1 } as const;
const GIVEN: Plan = { ...PLAN, primary: P50, secondary: [], guardrails: [], warmUpMax: 0.25 };

interface Arms {
  readonly seed: string;
  readonly blocks: number;
  /** Both arms' beginning takes so many times as long. */
  readonly warming?: { readonly blocks: number; readonly factor: number };
  /** Lag-1 of each arm's own luck. */
  readonly phi?: number;
  readonly variantSlower?: number;
}

/** Two arms of the same build, unless told otherwise: log-normal times, shared and own luck. */
function stageOf({ blocks, phi = 0, seed, variantSlower = 1, warming }: Arms): StageBlocks {
  const normal = gaussians(seed);
  const shared = Array.from({ length: blocks }, () => 0.05 * normal());
  const arm = (slower: number): Block[] =>
    autoregressive(normal, blocks, phi).map((luck, b) => {
      const block = emptyBlock(BLOCK_NS, { dependencies: 0, targets: 0 });
      const warm = warming !== undefined && b < warming.blocks ? warming.factor : 1;
      const centre = 10_000 * slower * warm * Math.exp(shared[b]! + 0.1 * luck);
      for (let i = 0; i < 9; i++) block.responseTime.record(centre * Math.exp(0.3 * normal()));
      return block;
    });
  const stage = { ...STAGE, endNs: blocks * BLOCK_NS };
  return { stage, blocks: [arm(1), arm(variantSlower)] };
}

/** One-sided p for harm, as the verdict has it. */
function pHarm(stages: readonly StageBlocks[], plan = GIVEN): number {
  const [control, variant] = stages[0]!.blocks;
  const arms = { control: control!, variant: variant!, confidence: 0.95, betweenRunSd: null };
  return metricEffect(P50, arms, blockLists(plan, [])).pHarm;
}

describe("the warm-up of a judged stage", () => {
  it("is cut from both arms alike, at a block's boundary", () => {
    const stages = [stageOf({ seed: "cut", blocks: 60, warming: { blocks: 6, factor: 2 } })];
    const [found, ...others] = findWarmUps(GIVEN, stages);
    expect(others).toEqual([]);
    expect(found!.blocks).toBeGreaterThanOrEqual(6);
    expect(found!.untilNs).toBe(found!.blocks * BLOCK_NS);
    const [after] = blocksAfter([found!], stages);
    expect(after!.blocks).toEqual(stages[0]!.blocks.map((own) => own.slice(found!.blocks)));
    expect(stagesAfter([found!], [PLAN.stages[0]!, stages[0]!.stage])).toEqual([
      PLAN.stages[0]!,
      { ...stages[0]!.stage, judgedFromNs: found!.untilNs },
    ]);
  });

  it("is looked for only where the plan says so, never in a ramp, never below twenty blocks", () => {
    const warming = { blocks: 4, factor: 3 };
    const stages = [stageOf({ seed: "told", blocks: 40, warming })];
    const { warmUpMax: _none, ...plan } = GIVEN;
    expect(findWarmUps(GIVEN, stages)).toHaveLength(1);
    expect(findWarmUps(plan, stages)).toEqual([]);
    const ramp = stages.map(({ blocks, stage }) => ({
      blocks,
      stage: { ...stage, fromPerSec: 1 },
    }));
    expect(findWarmUps(GIVEN, ramp)).toEqual([]);
    expect(findWarmUps(GIVEN, [stageOf({ seed: "short", blocks: 22, warming })])).toEqual([]);
  });

  it("does not know which arm is which: swapped, the cut is the same", () => {
    for (let run = 0; run < 20; run++) {
      const warming = { blocks: 5, factor: 1.6 };
      const one = stageOf({ seed: `swap ${run}`, blocks: 60, warming, variantSlower: 1.3 });
      const other = { ...one, blocks: one.blocks.toReversed() };
      expect(findWarmUps(GIVEN, [other])).toEqual(findWarmUps(GIVEN, [one]));
    }
  });

  // Arms whose luck lasts make many false cuts, and more harm than alpha/2 where requests differ much
  // (`blockVariance` says how much): cutting must not add to it. McNemar's bound on what it changes.
  it.each([
    { phi: 0, warmed: false, harmMax: 0.025, cutsMin: 0 },
    { phi: 0, warmed: true, harmMax: 0.025, cutsMin: 0.8 },
    { phi: 0.8, warmed: false, harmMax: 0.07, cutsMin: 0 },
    { phi: 0.8, warmed: true, harmMax: 0.07, cutsMin: 0.7 },
  ])(
    "raises no false alarm that was not there without it: %o",
    ({ cutsMin, harmMax, phi, warmed }) => {
      const runs = 300;
      let [harms, cuts, more, fewer] = [0, 0, 0, 0];
      for (let run = 0; run < runs; run++) {
        const warming = { warming: { blocks: 6, factor: 2 } };
        const seed = `alike ${phi} ${warmed} ${run}`;
        const stages = [stageOf({ seed, blocks: 80, phi, ...(warmed ? warming : {}) })];
        const found = findWarmUps(GIVEN, stages);
        if (found.length > 0) cuts++;
        const without = pHarm(stages) <= 0.025;
        const harm = pHarm(blocksAfter(found, stages)) <= 0.025;
        if (harm) harms++;
        if (harm && !without) more++;
        if (!harm && without) fewer++;
      }
      expect(more - fewer).toBeLessThanOrEqual(2.6 * Math.sqrt(more + fewer) + 1);
      expect(harms / runs).toBeLessThanOrEqual(upperBound99(harmMax, runs));
      expect(cuts / runs).toBeGreaterThanOrEqual(cutsMin);
    },
  );
});
