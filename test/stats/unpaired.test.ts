import { describe, expect, it } from "vitest";
import {
  oneArmQuantile,
  oneArmRatio,
  pairedBlockDifference,
  pairedBlockLogRatio,
  pairedBlockQuantile,
  type RunEstimate,
  unpairedEffect,
} from "../../src/stats/index.ts";
import { armBlocks, gaussians, simulateArms, upperBound99 } from "./simulate.ts";

const REPS = 3_000;
const BLOCKS_DF = 39;
const WITHIN = 0.01;
const bound = upperBound99(0.025, REPS) * REPS;

interface World {
  /** Runs of each side. */
  readonly before: number;
  readonly after: number;
  readonly runSd: number;
  readonly hostSd: number;
}

/** Two sides, each on a host of its own, that are the same build. */
function simulate({ after, before, hostSd, runSd }: World, normal: () => number) {
  return [before, after].map((count) => {
    const host = hostSd * normal();
    return Array.from({ length: count }, (): RunEstimate => {
      const estimate = host + runSd * normal() + WITHIN * normal();
      return { estimate, se: WITHIN, df: BLOCKS_DF };
    });
  }) as [RunEstimate[], RunEstimate[]];
}

/** How often a difference is shown, upwards and downwards, where there is none. */
function falseAlarms(world: World, known: { readonly runSd?: number; readonly hostSd?: number }) {
  const normal = gaussians(JSON.stringify(world));
  const count = { up: 0, down: 0 };
  for (let rep = 0; rep < REPS; rep++) {
    const [before, after] = simulate(world, normal);
    const { high, pHarm } = unpairedEffect({ before, after, confidence: 0.95, ...known });
    if (pHarm <= 0.025) count.up++;
    if (high < 0) count.down++;
  }
  return count;
}

describe("runs that were measured apart", () => {
  it.each([
    ["five runs and five tell how much they differ", { before: 5, after: 5 }, {}],
    ["one run beside four that were kept", { before: 4, after: 1 }, {}],
    ["one beside one, with a registered spread", { before: 1, after: 1 }, { runSd: 0.03 }],
    ["two beside two, with a registered spread", { before: 2, after: 2 }, { runSd: 0.03 }],
  ])("%s: at most 2.5 % of like builds are shown to be worse", (_, sides, known) => {
    const { down, up } = falseAlarms({ ...sides, runSd: 0.03, hostSd: 0 }, known);
    expect(up).toBeLessThanOrEqual(bound);
    expect(down).toBeLessThanOrEqual(bound);
  });

  it("on other hosts the hosts' spread is needed: many runs on each do not tell it", () => {
    const world = { before: 5, after: 5, runSd: 0.01, hostSd: 0.04 };
    expect(falseAlarms(world, {}).up).toBeGreaterThan(5 * bound);
    const { down, up } = falseAlarms(world, { hostSd: 0.04 });
    expect(up).toBeLessThanOrEqual(bound);
    expect(down).toBeLessThanOrEqual(bound);
  });

  it("one run beside one without any spread says that blocks alone are in its interval", () => {
    const world = { before: 1, after: 1, runSd: 0.03, hostSd: 0 };
    expect(falseAlarms(world, {}).up, "which is why nobody may decide by it").toBeGreaterThan(
      5 * bound,
    );
    const [before, after] = simulate(world, gaussians("one"));
    expect(unpairedEffect({ before, after, confidence: 0.95 }).spread).toBe("blocks");
  });

  it("turning the sides around turns the effect around", () => {
    const world = { before: 3, after: 4, runSd: 0.03, hostSd: 0 };
    const [before, after] = simulate(world, gaussians("turn"));
    const one = unpairedEffect({ before, after, confidence: 0.9 });
    const other = unpairedEffect({ before: after, after: before, confidence: 0.9 });
    expect(other.low).toBeCloseTo(-one.high, 12);
    expect(other.high).toBeCloseTo(-one.low, 12);
    expect(other.pHarm).toBeCloseTo(1 - one.pHarm, 12);
  });

  it("no events at all still leave a share open", () => {
    const run: RunEstimate = { estimate: 0, se: 0, df: 39 };
    const counts = { before: { events: 0, trials: 500 }, after: { events: 0, trials: 500 } };
    const found = unpairedEffect({ before: [run], after: [run], confidence: 0.95, counts });
    expect(found.high).toBeGreaterThan(3 / 500);
    expect(found.low).toBeLessThan(-3 / 500);
    expect(found.pHarm).toBeGreaterThanOrEqual(0.5);
  });
});

describe("one arm by itself", () => {
  const design = { blocks: 40, perBlock: 100, sharedSd: 0, armSd: 0.05, requestSd: 0.5 };
  const sums = (blocks: Float64Array[]) =>
    blocks.map((values) => ({
      numerator: values.filter((value) => value > 40_000).length,
      denominator: values.length,
    }));

  it("two that share nothing differ by what the pair does, as surely", () => {
    const ratios: number[] = [];
    for (let seed = 0; seed < 40; seed++) {
      const arms = simulateArms(design, gaussians(`alone ${seed}`));
      const of = (blocks: Float64Array[]) => oneArmQuantile(armBlocks(blocks), 0.9, "arm");
      const [control, variant] = [of(arms.control), of(arms.variant)];
      const pair = pairedBlockQuantile({
        p: 0.9,
        confidence: 0.95,
        control: armBlocks(arms.control),
        variant: armBlocks(arms.variant),
      });
      expect(variant.estimate - control.estimate).toBeCloseTo(pair.estimate, 10);
      ratios.push(Math.hypot(control.se, variant.se) / pair.se);
    }
    const typical = ratios.toSorted((a, b) => a - b)[20]!;
    expect(typical).toBeGreaterThan(0.9);
    expect(typical).toBeLessThan(1.1);
  });

  it("ratios and shares are those of the pair", () => {
    const arms = simulateArms(design, gaussians("ratios"));
    const [control, variant] = [sums(arms.control), sums(arms.variant)];
    const input = { confidence: 0.95, control, variant };
    for (const [scale, pair] of [
      ["log", pairedBlockLogRatio(input)],
      ["share", pairedBlockDifference(input)],
    ] as const) {
      const [one, other] = [control, variant].map((blocks) =>
        oneArmRatio({ blocks, scale, name: "arm" }),
      );
      expect(other!.estimate - one!.estimate).toBeCloseTo(pair.estimate, 10);
      expect(other!.value).toBe(pair.variant);
    }
  });

  it("is not judged where the pair would not be", () => {
    const few = simulateArms({ ...design, blocks: 10 }, gaussians("few")).control;
    expect(oneArmQuantile(armBlocks(few), 0.5, "arm").judged).toBe(false);
    expect(oneArmRatio({ blocks: sums(few), scale: "share", name: "arm" }).judged).toBe(false);
    const none = Array.from({ length: 30 }, () => ({ numerator: 0, denominator: 9 }));
    expect(oneArmRatio({ blocks: none, scale: "log", name: "arm" }).judged).toBe(false);
    expect(oneArmRatio({ blocks: none, scale: "share", name: "arm" })).toMatchObject({
      judged: true,
      counts: { events: 0, trials: 270 },
    });
  });
});
