import { describe, expect, it } from "vitest";
import { NS_PER_MS, type Prng, seededPrng } from "../../src/core/index.ts";
import {
  type Block,
  compareMetrics,
  decideArms,
  emptyBlock,
  type Plan,
  type StageBlocks,
} from "../../src/experiment/index.ts";
import { normalQuantile } from "../../src/stats/index.ts";
import { PLAN, STAGES } from "./plan-fixture.ts";

const ARMS = ["control", "a", "b", "c"];
const RUNS = 1_200;
const MARGIN = 0.01;
const STARTED = 400;

const planOf = (arms: readonly string[], margin: number): Plan => ({
  ...PLAN,
  arms,
  primary: { metric: "error_ratio", margin },
  secondary: [],
  guardrails: [],
  betweenRunSd: 0.01,
});

const BLOCKS: readonly (readonly Block[])[] = ARMS.map(() =>
  Array.from({ length: 40 }, () => emptyBlock(250 * NS_PER_MS, { dependencies: 0, targets: 0 })),
);

/** Failures in each block: a share with the block's luck, which all arms have, and each arm's own chance. */
function fill(prng: Prng, worse: number): void {
  for (let block = 0; block < 40; block++) {
    const luck = 0.02 * prng();
    for (const [arm, blocks] of BLOCKS.entries()) {
      const share = 0.08 + luck + (arm === 0 ? 0 : worse);
      const noise = normalQuantile(prng()) * Math.sqrt(STARTED * share * (1 - share));
      blocks[block]!.started = STARTED;
      blocks[block]!.planned = STARTED;
      blocks[block]!.failed = Math.max(0, Math.round(STARTED * share + noise));
    }
  }
}

/** What is decided of each of these arms, from the blocks as they are. */
function decided(plan: Plan): readonly (string | null)[] {
  const places = plan.arms.map((arm) => ARMS.indexOf(arm));
  const stage: StageBlocks = {
    stage: { ...STAGES[1]!, blockNs: 250 * NS_PER_MS },
    blocks: places.map((place) => BLOCKS[place]!),
  };
  const { verdicts } = decideArms({
    arms: plan.arms,
    alpha: plan.alpha,
    hypothesis: plan.hypothesis,
    comparisons: compareMetrics(plan, [stage], []),
    findings: [],
    invalid: [],
    doubts: [],
    incompleteBecause: null,
    replicated: true,
    droppedStarts: plan.arms.map(() => 0),
    cuts: [],
    cutsStand: true,
  });
  return [...verdicts.values()].map(({ decision }) => decision);
}

/** In how many runs any variant was wrongly decided so: as a family, and were each judged alone. */
function falsely(wanted: "ship" | "roll-back", worse: number, margin: number) {
  const prng = seededPrng(`three variants, ${wanted}`);
  let [family, alone] = [0, 0];
  for (let run = 0; run < RUNS; run++) {
    fill(prng, worse);
    if (decided(planOf(ARMS, margin)).includes(wanted)) family++;
    const each = ARMS.slice(1).flatMap((arm) => decided(planOf(["control", arm], margin)));
    if (each.includes(wanted)) alone++;
  }
  return { family, alone };
}

/** With a chance of 2.5 % each, so many of all runs or more come once in a thousand times. */
const CHANCE = 0.025 * RUNS + 3.1 * Math.sqrt(RUNS * 0.025 * 0.975);

describe("three variants that share a control", () => {
  it.each([
    // Margin 0: whatever is shown to be worse is rolled back, and none is.
    ["roll-back", 0, 0],
    // Each is worse by just the margin: none may ship.
    ["ship", MARGIN, MARGIN],
  ] as const)("falsely %s, any of them, in at most alpha/2 of runs", (wanted, worse, margin) => {
    const { alone, family } = falsely(wanted, worse, margin);
    expect(family).toBeGreaterThan(0);
    expect(family).toBeLessThan(CHANCE);
    // Each by itself keeps its own chance, and together they do not.
    expect(alone).toBeGreaterThan(CHANCE);
  });
});
