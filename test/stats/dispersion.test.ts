import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { indexOfDispersion } from "../../src/stats/index.ts";
import { azureCodeOffsetsNs } from "../schedule/azure-code.ts";

describe("index of dispersion", () => {
  it("is the unbiased variance of the counts over their mean", () => {
    // Counts 3, 1, 0: mean 4/3, variance 7/3. The last start is past the last whole window.
    expect(indexOfDispersion([0, 1, 9.9, 10, 31], 10, 35)).toBeCloseTo(7 / 4, 12);
  });

  it("even starts have none; all in one window have as many as there are", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 50 }), fc.integer({ min: 1, max: 9 }), (windows, n) => {
        const even = Array.from({ length: windows * n }, (_, i) => (i + 0.5) / n);
        expect(indexOfDispersion(even, 1, windows)).toBeCloseTo(0, 9);
        const once = Array.from({ length: n }, () => windows - 0.5);
        expect(indexOfDispersion(once, 1, windows)).toBeCloseTo(n, 9);
      }),
    );
  });

  it("is not a number with fewer than two windows, or nothing in them", () => {
    expect(indexOfDispersion([1, 2, 3], 10, 19)).toBeNaN();
    expect(indexOfDispersion([], 1, 10)).toBeNaN();
    expect(indexOfDispersion([10], 1, 10)).toBeNaN();
  });

  it("of real, bursty traffic: 13.2 at 1 s, and more over longer windows", () => {
    const offsetsNs = azureCodeOffsetsNs();
    const lengthNs = offsetsNs.at(-1)!;
    expect(indexOfDispersion(offsetsNs, 1e9, lengthNs)).toBeCloseTo(13.2, 1);
    expect(indexOfDispersion(offsetsNs, 10e9, lengthNs)).toBeCloseTo(71.9, 1);
  });
});
