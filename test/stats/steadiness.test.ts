import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kolmogorovTail, steadiness } from "../../src/stats/index.ts";
import { gaussians } from "./simulate.ts";

/** Normal values, seeded by `replication`. */
function noise(replication: number, length: number): number[] {
  return Array.from({ length }, gaussians(`steadiness ${replication}`));
}

const shareBelow = (level: number, of: (replication: number) => number[]): number => {
  const count = 400;
  const alarms = Array.from({ length: count }, (_, i) => steadiness(of(i))!.pValue < level);
  return alarms.filter(Boolean).length / count;
};

describe("whether a series keeps its level", () => {
  it("Kolmogorov's distribution has its published quantiles", () => {
    for (const [x, p] of [
      [1.2238, 0.1],
      [1.3581, 0.05],
      [1.6276, 0.01],
      [0.8276, 0.5],
    ] as const) {
      expect(kolmogorovTail(x)).toBeCloseTo(p, 4);
    }
    expect(kolmogorovTail(0)).toBe(1);
    expect(kolmogorovTail(10)).toBeLessThan(1e-80);
  });

  it("steady noise alarms no more often than it may, and a step or a slope is seen", () => {
    expect(shareBelow(0.05, (i) => noise(i, 40))).toBeLessThanOrEqual(0.06);
    expect(shareBelow(0.01, (i) => noise(i, 40))).toBeLessThanOrEqual(0.02);
    expect(
      shareBelow(0.01, (i) => noise(i, 40).map((z, b) => z + (b < 20 ? 0 : 2.5))),
    ).toBeGreaterThan(0.95);
    expect(shareBelow(0.01, (i) => noise(i, 40).map((z, b) => z + b / 8))).toBeGreaterThan(0.95);
  });

  it("the place of a step is found", () => {
    const found = steadiness(noise(7, 40).map((z, b) => z + (b < 12 ? 0 : 6)))!;
    expect(found.changeAt).toBe(12);
  });

  it("neither the unit nor the direction matters, and a flat series is steady", () => {
    const series = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), {
      minLength: 8,
      maxLength: 60,
    });
    fc.assert(
      fc.property(series, fc.constantFrom(-4, 0.5, 8), (values, factor) => {
        const scaled = steadiness(values.map((value) => value * factor))!;
        expect(scaled.pValue).toBeCloseTo(steadiness(values)!.pValue, 6);
      }),
    );
    expect(steadiness(Array.from({ length: 9 }, () => 0.1))).toMatchObject({ pValue: 1 });
    expect(steadiness([1, 2, 3])).toBeNull();
  });
});
