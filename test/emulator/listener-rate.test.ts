import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecentRate } from "../../src/emulator/recent-rate.ts";

const WINDOW_NS = 1e9;

describe("the rate just before", () => {
  it("counts what came in the window, but for a twentieth of it at most", () => {
    const gapsMs = fc.array(fc.oneof(fc.nat(5), fc.nat(300), fc.nat(3_000)), { minLength: 1 });
    fc.assert(
      fc.property(gapsMs, (gaps) => {
        const rate = new RecentRate(WINDOW_NS);
        const cameNs: number[] = [];
        let nowNs = 0;
        for (const gapMs of gaps) {
          nowNs += gapMs * 1e6;
          const within = (shareOfIt: number): number =>
            cameNs.filter((atNs) => atNs > nowNs - shareOfIt * WINDOW_NS).length;
          expect(rate.before(nowNs)).toBeGreaterThanOrEqual(within(0.95));
          expect(rate.before(nowNs)).toBeLessThanOrEqual(within(1));
          rate.add(nowNs);
          cameNs.push(nowNs);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("is per second, however long the window", () => {
    const rate = new RecentRate(10 * WINDOW_NS);
    for (let i = 0; i < 50; i++) rate.add(i * 1e8);
    expect(rate.before(5e9)).toBe(5);
  });
});
