import * as fc from "fast-check";
import { expect, it } from "vitest";
import { NS_PER_S, seededPrng } from "../../src/core/index.ts";
import { uniformSchedule } from "../../src/schedule/index.ts";

const startsOf = (ratePerSec: number, durationNs: number): number[] => [
  ...uniformSchedule(ratePerSec, durationNs).intendedStartsNs(seededPrng("unused"), 0),
];

it("uniform: rate × duration starts, rounded, with equal gaps, half a gap from either end", () => {
  const rates = fc.double({ min: 0.01, max: 5_000, noNaN: true });
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 3_000 }), (ratePerSec, durationMs) => {
      const durationNs = durationMs * 1e6;
      const starts = startsOf(ratePerSec, durationNs);
      const exact = (ratePerSec * durationNs) / NS_PER_S;
      expect(Math.abs(starts.length - exact)).toBeLessThanOrEqual(0.5 + 1e-6);
      const gapNs = NS_PER_S / ratePerSec;
      for (const [i, startNs] of starts.entries()) {
        expect(Math.abs(startNs / gapNs - (i + 0.5))).toBeLessThan(1e-6);
      }
    }),
  );
});

it("uniform: no rounding error is carried along, not after a million starts", () => {
  const starts = startsOf(3, 333_334 * NS_PER_S);
  expect(starts).toHaveLength(1_000_002);
  expect(starts.at(-1)).toBeCloseTo((1_000_001.5 / 3) * NS_PER_S, 0);
});

it("uniform: less than half a start is none", () => {
  expect(startsOf(0.01, 49 * NS_PER_S)).toEqual([]);
  expect(startsOf(0.01, 51 * NS_PER_S)).toEqual([50 * NS_PER_S]);
});
