import { describe, expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import type { WholeBlock } from "../../src/experiment/index.ts";
import type { ExposureTable } from "../../src/measure/index.ts";
import { RatioWatch } from "../../src/run/ratio-watch.ts";
import { PLAN } from "../experiment/plan-fixture.ts";

const STAGE = PLAN.stages.findIndex(({ judgedFromNs }) => judgedFromNs !== null);
const PLANNED = {
  ...PLAN,
  assignment: {
    kind: "split",
    by: { kind: "session" },
    weights: [0.5, 0.5],
    shares: PLAN.stages.map(() => 0.5),
    holdout: 0,
    reserved: [],
  },
} as const;
const BLOCKS = 40;
const KEYS = 50;

/** Of a stage in which so large a share of the keys falls to the variant: the block that ends it. */
function stopsAt(seed: string, share: number): number | null {
  const uniform = seededPrng(seed);
  const rows = Array.from({ length: BLOCKS * KEYS }, (_, seq) => {
    const bucket = uniform();
    return { seq, stage: STAGE, bucket, arm: uniform() < share ? 1 : 0, part: 0 };
  });
  let block = 0;
  const meta = { arms: PLAN.arms, stages: [], parts: ["compared", "holdout", "reserved"] };
  const watch = new RatioWatch(PLANNED, () => {
    const soFar = rows.slice(0, (block + 1) * KEYS);
    return Object.assign(soFar, { meta }) as unknown as ExposureTable;
  });
  for (; block < BLOCKS; block++) {
    const stop = watch.see({
      stage: PLAN.stages[STAGE]!,
      stageIndex: STAGE,
      block,
      endNs: (block + 1) * 1e9,
      lastOfStage: block === BLOCKS - 1,
      blocks: [],
    } satisfies WholeBlock);
    if (stop === null) continue;
    expect(stop).toMatchObject({
      rule: "sample-ratio",
      decision: "hold",
      untilNs: (block + 1) * 1e9,
    });
    expect(stop.because).toMatch(/other shares than planned: control .* \(50 % planned\), variant/);
    return block;
  }
  return null;
}

const SEEDS = Array.from({ length: 100 }, (_, index) => `ratio ${index}`);

describe("the sample ratio of a split, as it goes on", () => {
  it("ends a run whose keys fall otherwise than planned, long before its end", () => {
    const ends = SEEDS.slice(0, 20).map((seed) => stopsAt(seed, 0.7));
    for (const end of ends) expect(end).toBeLessThan(BLOCKS / 4);
  });

  it("lets fair ones go on, however often it looks", () => {
    expect(SEEDS.map((seed) => stopsAt(seed, 0.5)).filter((end) => end !== null)).toEqual([]);
  });

  it("has nothing to watch where nothing is split, or nothing can be read", () => {
    const whole = { stage: PLAN.stages[STAGE]!, stageIndex: STAGE, block: 0, endNs: 1e9 };
    const block: WholeBlock = { ...whole, lastOfStage: true, blocks: [] };
    expect(new RatioWatch(PLANNED, () => null).see(block)).toBeNull();
    expect(
      new RatioWatch(PLAN, () => {
        throw new Error("nothing to read");
      }).see(block),
    ).toBeNull();
  });
});
