import { describe, expect, it } from "vitest";
import {
  asymptoticPower,
  blocksNeeded,
  blocksPerRun,
  blocksPower,
  deffAutoregressive,
  logNormalQuantileVariance,
  mdeOf,
  meanTestMde,
  meanTestPower,
  meanTestSize,
  noncentralTCdf,
  normalCdf,
  powerEach,
  quantileSize,
  shareTestPower,
  shareTestSize,
  tCdf,
  tQuantile,
  zTestPower,
} from "../../src/stats/index.ts";
import { autoregressive, gaussians } from "./simulate.ts";

const REPS = 4_000;
const ONE = { design: "one-sample", sides: 1, alpha: 0.025 } as const;

describe("noncentral t", () => {
  it("is Student's without, and normal with many degrees of freedom", () => {
    for (const df of [1, 2.5, 9, 200]) {
      for (const t of [-3, 0, 1.7]) expect(noncentralTCdf(t, df, 0)).toBeCloseTo(tCdf(t, df), 9);
    }
    expect(noncentralTCdf(2, 1e7, 1.5)).toBeCloseTo(normalCdf(0.5), 6);
    // At 0 only the numerator matters.
    expect(noncentralTCdf(0, 4, 2)).toBeCloseTo(normalCdf(-2), 10);
  });
});

describe("planned power is achieved within 3 points, as simulated", () => {
  it.each([
    { blockSd: 0.02, margin: 0.02, assumed: 0.005, power: 0.8 },
    { blockSd: 0.05, margin: 0.03, assumed: 0, power: 0.8 },
    { blockSd: 0.05, margin: 0.02, assumed: 0, power: 0.9 },
  ])("blocks within a margin: %o", (claim) => {
    const blocks = blocksNeeded({ ...claim, alpha: 0.025 });
    const normal = gaussians(JSON.stringify(claim));
    const critical = tQuantile(0.975, blocks - 1);
    let shown = 0;
    for (let rep = 0; rep < REPS; rep++) {
      let [sum, squares] = [0, 0];
      for (let b = 0; b < blocks; b++) {
        const effect = claim.assumed + claim.blockSd * normal();
        sum += effect;
        squares += effect ** 2;
      }
      const se = Math.sqrt((squares - sum ** 2 / blocks) / (blocks - 1) / blocks);
      if (sum / blocks + critical * se < claim.margin) shown++;
    }
    expect(Math.abs(shown / REPS - claim.power)).toBeLessThanOrEqual(0.03);
    expect(blocksPower({ ...claim, alpha: 0.025, blocks })).toBeGreaterThanOrEqual(claim.power);
    const fewer = blocksPower({ ...claim, alpha: 0.025, blocks: blocks - 1 });
    expect(fewer).toBeLessThan(claim.power);
  });
});

describe("sizes and powers undo each other", () => {
  it("means, in both designs, and shares", () => {
    for (const design of ["one-sample", "two-sample"] as const) {
      for (const sides of [1, 2] as const) {
        const test = { design, sides, alpha: 0.05 };
        const n = meanTestSize({ ...test, effect: 0.4, power: 0.85 });
        expect(meanTestPower({ ...test, effect: 0.4, n })).toBeCloseTo(0.85, 8);
        expect(meanTestMde({ ...test, n, power: 0.85 })).toBeCloseTo(0.4, 6);
      }
    }
    const shares = { p1: 0.01, p2: 0.015, sides: 1, alpha: 0.05 } as const;
    const n = shareTestSize({ ...shares, power: 0.9 });
    expect(shareTestPower({ ...shares, n })).toBeCloseTo(0.9, 9);
    expect(shareTestPower({ p1: 0.5, p2: 0.75, n: 50, sides: 2, alpha: 0.05 })).toBeCloseTo(
      0.7401659,
      6,
    );
    expect(shareTestSize({ ...shares, power: 0.9, corrected: true })).toBeGreaterThan(n);
  });

  it("no effect is never shown, and a test of no effect rejects as often as alpha says", () => {
    expect(meanTestSize({ ...ONE, effect: 0, power: 0.8 })).toBe(Infinity);
    expect(meanTestSize({ ...ONE, effect: -1, power: 0.8 })).toBe(Infinity);
    expect(meanTestSize({ ...ONE, effect: 1e-9, power: 0.8 })).toBe(Infinity);
    expect(meanTestSize({ ...ONE, effect: 100, power: 0.3 })).toBe(2);
    expect(shareTestSize({ p1: 0.1, p2: 0.1, sides: 2, alpha: 0.05, power: 0.8 })).toBe(Infinity);
    expect(blocksNeeded({ blockSd: 1, margin: 0, assumed: 0, alpha: 0.05, power: 0.8 })).toBe(
      Infinity,
    );
    expect(meanTestPower({ ...ONE, n: 12, effect: 0 })).toBeCloseTo(0.025, 8);
    expect(zTestPower(0, 0.05, 2)).toBeCloseTo(0.05, 9);
  });

  it.each([
    { alpha: 5, power: 0.8 },
    { alpha: 0.05, power: 1 },
    { alpha: 0.05, power: 0.01 },
  ])("refuses %o", (wrong) => {
    expect(() => meanTestSize({ ...ONE, effect: 1, ...wrong })).toThrow(/0 < alpha < power < 1/);
    expect(() => meanTestMde({ ...ONE, n: 9, ...wrong })).toThrow(/0 < alpha < power < 1/);
  });
});

describe("design effects", () => {
  it("an autoregressive mean is as uncertain as its design effect says", () => {
    const normal = gaussians("deff");
    const length = 400;
    let squares = 0;
    for (let rep = 0; rep < 1_000; rep++) {
      const sum = autoregressive(normal, length, 0.6).reduce((total, x) => total + x, 0);
      squares += sum ** 2 / length;
    }
    expect(squares / 1_000 / deffAutoregressive(0.6)).toBeGreaterThan(0.88);
    expect(squares / 1_000 / deffAutoregressive(0.6)).toBeLessThan(1.12);
    expect([0, 0.6, 0.8].map(deffAutoregressive).map((x) => Math.round(x * 1e9) / 1e9)).toEqual([
      1, 4, 9,
    ]);
  });

  it("quantiles: published sizes, times the design effect", () => {
    const sizes = [0.5, 0.95, 0.99].map((p) =>
      quantileSize({
        variance: logNormalQuantileVariance(p, 0.5),
        relativeMde: 0.05,
        alpha: 0.05,
        power: 0.8,
      }),
    );
    expect(sizes.map(Math.ceil)).toEqual([2_590, 7_362, 22_977]);
    const input = { variance: 1, relativeMde: 0.05, alpha: 0.05, power: 0.8 };
    expect(quantileSize({ ...input, deff: 4 })).toBeCloseTo(4 * quantileSize(input), 6);
  });

  it("more blocks a run where runs are dear and alike", () => {
    const costs = { runCost: 40, blockCost: 10, blockSd: 0.03, betweenSd: 0.01 };
    expect(blocksPerRun(costs)).toBeCloseTo(6, 12);
    expect(blocksPerRun({ ...costs, betweenSd: 0 })).toBe(Infinity);
    expect(powerEach(0.8, 1)).toBeCloseTo(0.8, 12);
  });

  it("a watched band has the power of a half where the effect is as wide as it", () => {
    const band = { n: 60, sd: 1, plannedN: 60, alpha: 0.05 };
    const powers = [0.1, 0.392, 1].map((effect) => asymptoticPower({ ...band, effect }));
    expect(powers[1]).toBeCloseTo(0.5, 2);
    expect(powers[0]).toBeLessThan(0.1);
    expect(powers[2]).toBeGreaterThan(0.99);
  });

  it("mdeOf finds the effect that has the power, and ∞ where more effect brings no more power", () => {
    const drift = mdeOf((effect) => zTestPower(effect, 0.05, 1), 0.8, 1e-3);
    expect(drift).toBeCloseTo(1.6448536 + 0.8416212, 6);
    expect(mdeOf((effect) => 0.7 * (1 - Math.exp(-effect)), 0.8, 0.01)).toBe(Infinity);
  });
});
