import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lightRatePerSec, searchOptions } from "../../../src/run/saturate/rates.ts";

const BOUNDS = { maxPerSec: 100_000, precision: 0.05, stepNs: 5e9, settleNs: 1e9 };

describe("where a search begins", () => {
  it("at half the ceiling, and with a light step at a tenth of it that has 100 requests", () => {
    expect(searchOptions(2_000, BOUNDS)).toMatchObject({ startPerSec: 1_000, minPerSec: 5 });
    expect(lightRatePerSec(2_000, BOUNDS)).toBe(200);
    expect(lightRatePerSec(200, BOUNDS)).toBe(25);
    expect(lightRatePerSec(40, BOUNDS)).toBe(10);
  });

  it("neither is ever above the highest rate allowed, nor nothing", () => {
    const rate = fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1e6, noNaN: true }));
    const most = fc.double({ min: 0.01, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(rate, most, (ceilingPerSec, maxPerSec) => {
        const bounds = { ...BOUNDS, maxPerSec };
        const { minPerSec, startPerSec } = searchOptions(ceilingPerSec, bounds);
        expect(startPerSec).toBeGreaterThan(0);
        expect(minPerSec).toBeLessThanOrEqual(maxPerSec);
        const light = lightRatePerSec(ceilingPerSec, bounds);
        expect(light).toBeGreaterThan(0);
        expect(light).toBeLessThanOrEqual(maxPerSec * 1.001);
      }),
    );
  });
});
