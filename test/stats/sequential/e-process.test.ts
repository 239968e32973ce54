import { describe, expect, it } from "vitest";
import { EProcess, mixtureScale, selfNormalisedBound } from "../../../src/stats/index.ts";
import { gaussians, naiveHarm, upperBound99 } from "../simulate.ts";
import { noiseOf } from "./peeking.ts";

const REPS = 1_000;
const LOOKS = 200;
const ALPHA = 0.05;
const RHO = mixtureScale({ plannedSumOfSquares: 100, alpha: ALPHA, sides: 1 });

const harm = () => new EProcess({ nullEffect: 0, alternative: "greater", rho: RHO });

describe("an e-process looked at after every one of 200 blocks", () => {
  it.each(["normal", "t3", "laplace"])(
    "calls harm in 1–2 in 100 A/A series of noise: %s",
    (name) => {
      const noise = noiseOf(name, name);
      let [called, naive] = [0, 0];
      for (let rep = 0; rep < REPS; rep++) {
        const process = harm();
        const series: number[] = [];
        let naiveCalled = false;
        for (let look = 0; look < LOOKS; look++) {
          series.push(noise());
          process.add(series.at(-1)!);
          if (look >= 4 && look % 5 === 4) naiveCalled ||= naiveHarm(series);
        }
        if (process.state.pValue <= ALPHA) called++;
        if (naiveCalled) naive++;
      }
      expect(called / REPS).toBeLessThanOrEqual(upperBound99(0.02, REPS));
      expect(naive / REPS).toBeGreaterThan(0.1);
    },
  );

  it("stops at an effect of half a block's SD within 60 blocks in most runs", () => {
    const normal = gaussians("effect");
    const needed = Array.from({ length: 200 }, () => {
      const process = harm();
      while (process.state.pValue > ALPHA) process.add(0.5 + normal());
      return process.state.blocks;
    }).toSorted((a, b) => a - b);
    expect(needed[100]).toBeLessThan(45);
    expect(needed[100]).toBeGreaterThan(15);
    expect(needed[150]).toBeLessThan(60);
  });
});

describe("EProcess", () => {
  const effects = [0.03, -0.2, 0.5, 0.1, 0.4];

  it("swapped arms, nulls and units give the same evidence", () => {
    const as = (alternative: "greater" | "less", factor: number) => {
      const nullEffect = 0.05 * factor;
      const process = new EProcess({ nullEffect, alternative, rho: factor ** 2 });
      return effects.map((effect) => process.add(effect * factor).logE);
    };
    const greater = as("greater", 1);
    for (const other of [as("less", -1), as("greater", 1_000), as("less", -1_000)]) {
      for (const [i, logE] of other.entries()) expect(logE).toBeCloseTo(greater[i]!, 10);
    }
  });

  it("forgets no evidence once seen, and starts from none", () => {
    const process = harm();
    expect(process.state).toEqual({ blocks: 0, logE: 0, maxLogE: 0, pValue: 1 });
    expect(process.add(0).logE).toBeCloseTo(0, 12);
    for (let i = 0; i < 50; i++) process.add(1);
    const { pValue } = process.state;
    for (let i = 0; i < 5_000; i++) process.add(-3);
    expect(process.state.pValue).toBe(pValue);
    expect(process.state.logE).toBeLessThan(-4);
  });

  it("refuses what is no effect", () => {
    expect(() => harm().add(Number.NaN)).toThrow(/block 0/);
    expect(() => new EProcess({ nullEffect: 0, alternative: "less", rho: 0 })).toThrow(/ρ 0/);
    const none = { plannedSumOfSquares: 0, alpha: ALPHA, sides: 2 } as const;
    expect(() => mixtureScale(none)).toThrow(/above 0/);
  });

  it("agrees with the two-sided bound on how evidence grows with the sum", () => {
    const rho = mixtureScale({ plannedSumOfSquares: 100, alpha: ALPHA, sides: 2 });
    const bound = selfNormalisedBound(100, rho, ALPHA);
    expect(bound).toBeCloseTo(30.35209, 5);
  });
});
