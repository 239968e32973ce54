import { describe, expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import { pairedBlockDifference } from "../../src/stats/index.ts";
import { upperBound99 } from "./simulate.ts";

const REPS = 1_000;
const PER_BLOCK = 50;

/** The lowest share of `REPS` that a true coverage of 95 % still gives in 99 of 100 simulations. */
const LOWEST = 0.95 - 2.326 * Math.sqrt((0.95 * 0.05) / REPS);

function simulate(design: { blocks: number; control: number; variant: number; burst: number }) {
  const { blocks, burst } = design;
  const uniform = seededPrng(JSON.stringify(design));
  const trials = blocks * PER_BLOCK;
  const arm = (expected: number) =>
    Array.from({ length: blocks }, () => {
      let numerator = 0;
      for (let i = 0; i < PER_BLOCK / burst; i++) {
        if (uniform() < expected / trials) numerator += burst;
      }
      return { numerator, denominator: PER_BLOCK };
    });
  let [covered, harm, mismatched] = [0, 0, 0];
  const truth = (design.variant - design.control) / trials;
  for (let rep = 0; rep < REPS; rep++) {
    const effect = pairedBlockDifference({
      confidence: 0.95,
      control: arm(design.control),
      variant: arm(design.variant),
    });
    if (effect.low <= truth && truth <= effect.high) covered++;
    if (effect.pHarm <= 0.025) harm++;
    if (effect.pHarm <= 0.025 !== effect.low > 0) mismatched++;
  }
  return { covered: covered / REPS, harm: harm / REPS, mismatched };
}

describe("error ratio with few events", () => {
  it.each([
    { blocks: 20, control: 0.5, variant: 0.5, burst: 1 },
    { blocks: 20, control: 5, variant: 5, burst: 1 },
    { blocks: 60, control: 2, variant: 2, burst: 1 },
    { blocks: 60, control: 8, variant: 8, burst: 1 },
    { blocks: 60, control: 22, variant: 22, burst: 1 },
    { blocks: 60, control: 40, variant: 40, burst: 1 },
    { blocks: 60, control: 40, variant: 40, burst: 5 },
    { blocks: 60, control: 0, variant: 4, burst: 1 },
    { blocks: 60, control: 5, variant: 15, burst: 1 },
  ])("the interval holds the truth in at least 95 of 100 runs: %o", (design) => {
    const { covered, harm, mismatched } = simulate(design);
    expect(covered).toBeGreaterThanOrEqual(LOWEST);
    // Where the variant is truly worse, saying so is no false alarm.
    const falseAlarms = design.control === design.variant ? harm : 0;
    expect(falseAlarms).toBeLessThanOrEqual(upperBound99(0.025, REPS));
    expect(mismatched).toBe(0);
  });
});
