import * as fc from "fast-check";
import { expect, it } from "vitest";
import { binomialNearMode, binomialPmf } from "../../src/stats/binomial.ts";

it("near the mode are all binomial probabilities that add to anything, bit by bit", () => {
  const trials = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 40_000 }));
  const share = fc.double({ min: 1e-4, max: 1 - 1e-4, noNaN: true });
  fc.assert(
    fc.property(trials, share, (n, p) => {
      const { from, pmf } = binomialNearMode(n, p);
      const whole = binomialPmf(n, p);
      expect([...pmf]).toEqual([...whole.subarray(from, from + pmf.length)]);
      const left = whole.reduce((sum, mass) => sum + mass, 0);
      expect(pmf.reduce((sum, mass) => sum + mass, 0)).toBe(left);
    }),
    { numRuns: 40 },
  );
});
