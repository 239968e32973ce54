import { array, assert, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import { mannKendall } from "../../src/stats/index.ts";

describe("mannKendall", () => {
  it("is Kendall's table, and Sen's slope, of a series done by hand", () => {
    // 3 of the 15 pairs fall, one is tied: S = 11 − 3 = 8; variance (6·5·17 − 2·1·9) / 18.
    const found = mannKendall([1, 3, 2, 4, 4, 3.5]);
    expect(found.s).toBe(8);
    expect(found.pValue).toBeCloseTo(0.180_6, 3);
    expect(mannKendall([0, 2, 4, 6]).slope).toBe(2);
  });

  it("a series turned round has the rise's p-value for its fall; a constant shows nothing", () => {
    assert(
      property(array(integer({ min: -9, max: 9 }), { minLength: 2, maxLength: 30 }), (values) => {
        const [there, back] = [
          mannKendall(values, "greater"),
          mannKendall(values.toReversed(), "less"),
        ];
        expect(back.s).toBe(-there.s + 0);
        expect(back.pValue).toBeCloseTo(there.pValue, 12);
      }),
    );
    expect(mannKendall([5, 5, 5, 5]).pValue).toBe(1);
    expect(mannKendall([]).slope).toBeNaN();
  });

  it("calls a rise in 1 % of 4,000 series without one, at that level", () => {
    const uniform = seededPrng("mann-kendall");
    const runs = Array.from({ length: 4_000 }, () =>
      mannKendall(Array.from({ length: 20 }, uniform), "greater"),
    );
    const alarms = runs.filter(({ pValue }) => pValue < 0.01).length;
    expect(alarms).toBeGreaterThan(20);
    expect(alarms).toBeLessThan(62);
  });
});
