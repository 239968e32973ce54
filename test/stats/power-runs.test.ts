import { describe, expect, it } from "vitest";
import { noncentralTCdf, runsMde, runsPower, tQuantile } from "../../src/stats/index.ts";
import { gaussians } from "./simulate.ts";
import { isShown, planned } from "./simulate-power.ts";

/** The longer version is test/bench/plan-power.bench.ts. */
const EXPERIMENTS = 1_500;
const SIGMAS = 3 * Math.sqrt(0.25 / EXPERIMENTS);

describe("the power of a plan", () => {
  it.each([
    { runs: 1, blocks: 20, blockSd: 0.05, betweenRunSd: 0.01, power: 0.8 },
    { runs: 1, blocks: 40, blockSd: 0.05, betweenRunSd: null, power: 0.9 },
    { runs: 2, blocks: 24, blockSd: 0.05, betweenRunSd: 0.02, power: 0.8 },
    { runs: 4, blocks: 24, blockSd: 0.05, betweenRunSd: 0.01, power: 0.8 },
  ])("is how often the judge shows it, simulated: %o", ({ power, ...design }) => {
    const margin = Math.expm1(runsMde(planned({ ...design, margin: 0 }), power));
    const claim = { ...design, margin };
    const normal = gaussians(JSON.stringify(claim));
    let shown = 0;
    for (let i = 0; i < EXPERIMENTS; i++) if (isShown(claim, normal)) shown++;
    expect(runsPower(planned(claim), Math.log1p(margin))).toBeCloseTo(power, 6);
    expect(Math.abs(shown / EXPERIMENTS - power)).toBeLessThan(SIGMAS);
  });

  it("is the noncentral t's where many blocks, or many runs, are unrelated", () => {
    const one = { withinSe: 0.01, blocks: 400, runs: 1, betweenRunSd: null, alpha: 0.025 };
    const oneT = noncentralTCdf(-tQuantile(0.975, 399), 399, -3);
    expect(runsPower(one, 0.03)).toBeCloseTo(oneT, 2);
    // Here what differs within a run is too little to hold up their own SD.
    const ten = { ...one, withinSe: 1e-6, runs: 10, betweenRunSd: 0.01 };
    const tenT = noncentralTCdf(-tQuantile(0.975, 9), 9, -3);
    expect(Math.abs(runsPower(ten, (3 * 0.01) / Math.sqrt(10)) - tenT)).toBeLessThan(0.02);
  });

  it("of two runs at each of four conditions is the noncentral t's with all their df", () => {
    const claim = { withinSe: 1e-6, blocks: 400, betweenRunSd: null, alpha: 0.025 };
    const four = { ...claim, withinSe: 0.01, runs: 2, conditions: 4 };
    // The spread is pooled: 4 df, where two runs by themselves have 1. The floor of the blocks' own
    // error, which is all that varies here, makes it shown less often.
    const most = noncentralTCdf(-tQuantile(0.975, 4), 4, -5);
    const power = runsPower(four, (5 * 0.01) / Math.SQRT2);
    expect(power).toBeLessThan(most + 0.01);
    expect(power).toBeGreaterThan(most - 0.1);
    expect(runsPower({ ...four, conditions: 1 }, (5 * 0.01) / Math.SQRT2)).toBeLessThan(power / 2);
  });

  it("is alpha where there is no room, and certain where nothing varies", () => {
    const claim = { withinSe: 0.01, blocks: 400, runs: 1, betweenRunSd: null, alpha: 0.025 };
    expect(runsPower(claim, 0)).toBeCloseTo(0.025, 3);
    expect(runsPower({ ...claim, withinSe: 0 }, 0.001)).toBe(1);
    expect(runsPower({ ...claim, withinSe: 0 }, 0)).toBe(0);
    expect(runsMde({ ...claim, withinSe: 0 }, 0.8)).toBe(0);
  });
});
