import { describe, expect, it } from "vitest";
import {
  type RunEstimate,
  runLevelEffect,
  tQuantile,
  withinGroups,
} from "../../src/stats/index.ts";
import { gaussians, upperBound99 } from "./simulate.ts";

const REPS = 4_000;
const MARGIN = 0.05;
const BLOCKS_DF = 39;

interface World {
  readonly runs: number;
  /** True effect, spread between runs, and what a run's blocks leave open. */
  readonly effect: number;
  readonly between: number;
  readonly within: number;
}

function simulateRuns(world: World, normal: () => number): RunEstimate[] {
  return Array.from({ length: world.runs }, () => {
    const estimate = world.effect + world.between * normal() + world.within * normal();
    return { estimate, se: world.within, df: BLOCKS_DF };
  });
}

/** How often harm is shown and how often it is excluded: over runs, and as one long run would. */
function rates(world: World, betweenRunSd?: number) {
  const normal = gaussians(JSON.stringify(world));
  const count = { harm: 0, within: 0, singleHarm: 0, singleWithin: 0 };
  const critical = tQuantile(0.975, BLOCKS_DF * world.runs);
  for (let rep = 0; rep < REPS; rep++) {
    const runs = simulateRuns(world, normal);
    const known = betweenRunSd === undefined ? {} : { betweenRunSd };
    const found = runLevelEffect({ runs, confidence: 0.95, ...known });
    if (found.pHarm <= 0.025) count.harm++;
    if (found.high < MARGIN) count.within++;
    // All blocks taken as one sample: what a single run of the same length would say.
    const half = (critical * world.within) / Math.sqrt(world.runs);
    if (found.estimate - half > 0) count.singleHarm++;
    if (found.estimate + half < MARGIN) count.singleWithin++;
  }
  return count;
}

const bound = upperBound99(0.025, REPS) * REPS;

describe("several runs that differ among themselves", () => {
  const world = { between: 0.02, within: 0.01 };

  it.each([2, 3, 4, 8])("false harm stays below alpha/2 over %i runs", (runs) => {
    const found = rates({ ...world, runs, effect: 0 });
    expect(found.harm).toBeLessThanOrEqual(bound);
    expect(found.singleHarm).toBeGreaterThan(5 * bound);
  });

  it.each([2, 3, 4, 8])(
    "harm of the margin is excluded in less than alpha/2 of %i runs",
    (runs) => {
      const found = rates({ ...world, runs, effect: MARGIN });
      expect(found.within).toBeLessThanOrEqual(bound);
      expect(found.singleWithin).toBeGreaterThan(5 * bound);
    },
  );

  it.each([2, 3])(
    "the same with a registered spread, over %i runs, which then can decide",
    (runs) => {
      const unharmed = { ...world, runs, effect: 0 };
      expect(rates(unharmed, world.between).harm).toBeLessThanOrEqual(bound);
      expect(rates({ ...world, runs, effect: MARGIN }, 0.02).within).toBeLessThanOrEqual(bound);
      expect(rates(unharmed, world.between).within).toBeGreaterThan(1.4 * rates(unharmed).within);
    },
  );
});

describe("runLevelEffect", () => {
  const runs = [0.01, 0.03, 0.02, 0.04].map((estimate) => ({ estimate, se: 0.001, df: 30 }));

  it("is the mean with s/√R and R − 1 degrees of freedom", () => {
    const published = [0.012, 0.031, -0.004, 0.022].map((estimate) => ({ estimate, se: 0, df: 1 }));
    const { df, estimate, high, low, se } = runLevelEffect({ runs: published, confidence: 0.95 });
    expect(estimate).toBeCloseTo(0.01525, 12);
    expect(df).toBe(3);
    expect(se).toBeCloseTo(0.007498610982486467, 12);
    expect(low).toBeCloseTo(-0.008613926815973885, 9);
    expect(high).toBeCloseTo(0.03911392681597388, 9);
  });

  it("is never surer than the runs' own blocks", () => {
    const alike = [0.02, 0.02, 0.02].map((estimate) => ({ estimate, se: 0.03, df: 30 }));
    expect(runLevelEffect({ runs: alike, confidence: 0.95 }).se).toBeCloseTo(
      0.03 / Math.sqrt(3),
      12,
    );
  });

  it("does not depend on the order of the runs, and turns round with the arms", () => {
    const there = runLevelEffect({ runs, confidence: 0.9 });
    const mirrored = runs.map((run) => ({ ...run, estimate: -run.estimate })).toReversed();
    const back = runLevelEffect({ runs: mirrored, confidence: 0.9 });
    expect(back.low).toBeCloseTo(-there.high, 12);
    expect(back.high).toBeCloseTo(-there.low, 12);
    expect(back.pHarm).toBeCloseTo(1 - there.pHarm, 12);
  });

  it("takes one run for no replication", () => {
    expect(() => runLevelEffect({ runs: runs.slice(1, 2), confidence: 0.95 })).toThrow(/1 runs/);
  });
});

describe("runs of several conditions, a few of each", () => {
  const CONDITIONS = 4;
  const confidence = 0.95;

  /** How often the interval of the first condition misses its truth, and how long it is. */
  function missed(replicates: number) {
    const normal = gaussians(`conditions/${replicates}`);
    const found = { pooled: 0, alone: 0, pooledLength: 0, aloneLength: 0 };
    for (let rep = 0; rep < REPS; rep++) {
      const cells = Array.from({ length: CONDITIONS }, (_, cell) =>
        simulateRuns({ runs: replicates, effect: cell, between: 0.02, within: 0.01 }, normal),
      );
      const spread = withinGroups(cells.map((runs) => runs.map(({ estimate }) => estimate)));
      const runs = cells[0]!;
      const pooled = runLevelEffect({ runs, confidence, spread });
      const alone = runLevelEffect({ runs, confidence });
      if (pooled.low > 0 || pooled.high < 0) found.pooled++;
      if (alone.low > 0 || alone.high < 0) found.alone++;
      found.pooledLength += pooled.high - pooled.low;
      found.aloneLength += alone.high - alone.low;
    }
    return found;
  }

  it("with two of each, the others' spread makes an interval a third as long that covers as well", () => {
    const found = missed(2);
    const most = upperBound99(0.05, REPS) * REPS;
    expect(found.pooled).toBeLessThanOrEqual(most);
    expect(found.alone).toBeLessThanOrEqual(most);
    expect(found.pooledLength).toBeLessThan(found.aloneLength / 3);
  });

  it("one of each is as sure as a registered spread, or its own blocks, make it", () => {
    const runs = [{ estimate: 0.1, se: 0.03, df: 39 }];
    const spread = withinGroups([[1], [2], [5]]);
    expect(spread).toEqual({ variance: 0, df: 0 });
    const blocks = runLevelEffect({ runs, confidence, spread });
    expect([blocks.estimate, blocks.se, blocks.df]).toEqual([0.1, 0.03, 39]);
    const known = runLevelEffect({ runs, confidence, spread, betweenRunSd: 0.04 });
    expect([known.se, known.df]).toEqual([expect.closeTo(0.05, 12), 39]);
    expect(() => runLevelEffect({ runs, confidence })).toThrow(/no replication/);
  });
});
