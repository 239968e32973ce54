import { describe, expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import {
  blockDifference,
  blockHomogeneity,
  blockRankDifference,
  fCdf,
} from "../../src/stats/index.ts";
import { normalFrom } from "./simulate.ts";

const ALPHA = 0.05;
const SIMULATIONS = 400;
/** Of 400 simulations at 5 %, as many as 33 come up by chance once in 500. */
const ALARMS_MAX = 33;

/** How often a p-value is at or below 5 %, over seeded simulations. */
function alarms(name: string, pValue: (prng: () => number) => number): number {
  let count = 0;
  for (let i = 0; i < SIMULATIONS; i++) {
    if (pValue(seededPrng(`${name} ${i}`)) <= ALPHA) count++;
  }
  return count;
}

/** A block: values around a middle of its own, so that those of one block resemble each other. */
function clustered(prng: () => number, blocks: number, { spread = 1, shift = 0 } = {}): number[][] {
  return Array.from({ length: blocks }, () => {
    const middle = spread * normalFrom(prng) + shift;
    return Array.from({ length: 5 + Math.floor(prng() * 30) }, () => middle + normalFrom(prng));
  });
}

/** Counts of categories in blocks, each of which leans to one of them. */
function leaning(prng: () => number, blocks: number, shares: readonly number[]): number[][] {
  return Array.from({ length: blocks }, () => {
    const counts = shares.map(() => 0);
    const draw = (): number => {
      let left = prng();
      return shares.findIndex((share) => (left -= share) < 0);
    };
    for (let session = 0; session < 6; session++) {
      const favourite = draw();
      const requests = 1 + Math.floor(prng() * 12);
      for (let i = 0; i < requests; i++) counts[prng() < 0.6 ? favourite : draw()]!++;
    }
    return counts;
  });
}

const SHARES = [0.4, 0.25, 0.15, 0.1, 0.06, 0.04];

/** Pearson's test as if every request were drawn alone. */
function plainPValue(first: number[][], second: number[][]): number {
  const { chiSquare } = blockHomogeneity(first, second);
  return 1 - fCdf(chiSquare / (SHARES.length - 1), SHARES.length - 1, 1e9);
}

describe("samples cut into blocks", () => {
  it("a mix that sessions make lumpy is no other mix: 5 % of alarms, where Pearson's are many", () => {
    const pair = (prng: () => number) =>
      [leaning(prng, 60, SHARES), leaning(prng, 45, SHARES)] as const;
    expect(alarms("mix", (prng) => blockHomogeneity(...pair(prng)).pValue)).toBeLessThanOrEqual(
      ALARMS_MAX,
    );
    expect(alarms("mix", (prng) => plainPValue(...pair(prng)))).toBeGreaterThan(4 * ALARMS_MAX);
  });

  it("finds a mix that has moved by a twentieth", () => {
    const moved = SHARES.with(0, 0.34).with(5, 0.1);
    const found = alarms(
      "moved",
      (prng) => blockHomogeneity(leaning(prng, 60, SHARES), leaning(prng, 60, moved)).pValue,
    );
    expect(found).toBeGreaterThan(0.9 * SIMULATIONS);
  });

  it("without dependence it is Pearson's test", () => {
    // Agresti, Categorical Data Analysis (2002), table 2.5: 762, 327, 468 beside 484, 239, 477.
    const dealt = (counts: readonly number[]): number[][] =>
      Array.from({ length: 60 }, (_, b) =>
        counts.map((count) => Math.floor((count * (b + 1)) / 60) - Math.floor((count * b) / 60)),
      );
    const { chiSquare, cramersV, designEffect } = blockHomogeneity(
      dealt([762, 327, 468]),
      dealt([484, 239, 477]),
    );
    expect(chiSquare).toBeCloseTo(30.07, 2);
    expect(cramersV).toBeCloseTo(Math.sqrt(30.07 / 2_757), 5);
    expect(designEffect).toBe(1);
  });

  it("ranks: values that resemble their block's are no shift; a shift by half a spread is", () => {
    const pValue = (shift: number) => (prng: () => number) =>
      blockRankDifference(clustered(prng, 60), clustered(prng, 40, { spread: 2, shift })).pValue;
    expect(alarms("rank", pValue(0))).toBeLessThanOrEqual(ALARMS_MAX);
    expect(alarms("shifted", pValue(1.2))).toBeGreaterThan(0.75 * SIMULATIONS);
  });

  it("Cliff's δ of two lists, ties counted half", () => {
    // Of the nine pairs 5 are above, 3 below, 1 is a tie.
    const { cliffsDelta } = blockRankDifference([[1], [3], [5]], [[2], [5], [4]]);
    expect(cliffsDelta).toBeCloseTo(2 / 9, 12);
    expect(blockRankDifference([[1], [1]], [[1], [1]])).toMatchObject({
      cliffsDelta: 0,
      pValue: 1,
    });
  });

  it("a difference of means with unequal spreads: 5 % of alarms; none at all where all is alike", () => {
    const mean = (blocks: readonly number[][]) => {
      const [total, count] = [blocks.flat().reduce((a, b) => a + b, 0), blocks.flat().length];
      const estimate = total / count;
      const influence = blocks.map(
        (block) => block.reduce((sum, value) => sum + value - estimate, 0) / count,
      );
      return { estimate, influence };
    };
    const found = alarms(
      "mean",
      (prng) =>
        blockDifference(mean(clustered(prng, 60)), mean(clustered(prng, 25, { spread: 3 }))).pValue,
    );
    expect(found).toBeLessThanOrEqual(ALARMS_MAX);
    const even = { estimate: 2, influence: Array.from({ length: 20 }, () => 0) };
    expect(blockDifference(even, even)).toMatchObject({ pValue: 1, pBelow: 0.5, low: 0 });
    expect(blockDifference(even, { ...even, estimate: 1 })).toMatchObject({
      pValue: 0,
      pBelow: 0,
    });
  });
});
