import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import {
  dispersionCurve,
  keySeries,
  logLadder,
  type ProfileRecord,
  ReuseDistances,
  workingSetCurve,
} from "../../src/profile/index.ts";
import { Quantiles } from "../../src/profile/makeup/quantiles.ts";

const at = (offsetNs: number): ProfileRecord => ({
  offsetNs,
  method: "GET",
  path: "/",
  headers: [],
  route: "GET /",
});

describe("a logarithmic ladder", () => {
  it("rises from end to end by whole numbers, and is short", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 0, max: 1e9 }), (from, n) => {
        const rungs = logLadder(from, from + n, 10);
        expect([rungs[0], rungs.at(-1)]).toEqual([from, from + n]);
        expect(rungs.every(Number.isInteger)).toBe(true);
        expect(rungs).toEqual(rungs.toSorted((a, b) => a - b));
        expect(new Set(rungs).size).toBe(rungs.length);
        expect(rungs.length).toBeLessThanOrEqual(92);
      }),
    );
    expect(logLadder(5, 4, 10)).toEqual([]);
  });
});

describe("series of keys", () => {
  it("every request with a key is new, or comes back at one distance; the ends are what is known", () => {
    const keysOf = fc.array(fc.integer({ min: 0, max: 40 }).map(String), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(keysOf, (keys) => {
        const times = [...Map.groupBy(keys, (key) => key).values()].map(({ length }) => length);
        const series = keySeries(times, ReuseDistances.of(keys), workingSetCurve(keys));
        const again = series.reuse.reduce((sum, { share }) => sum + share, 0);
        const repeated = 1 - times.length / keys.length;
        expect(again).toBeCloseTo(repeated, 9);
        expect(series.cacheHits.at(-1)).toEqual({
          entries: times.length,
          hitRatio: expect.closeTo(repeated, 9) as number,
        });
        expect(series.workingSet.at(-1)).toEqual({
          requests: keys.length,
          distinct: times.length,
        });
        const counts = series.rankFrequency.map(({ count }) => count);
        expect([counts[0], counts.at(-1)]).toEqual([Math.max(...times), Math.min(...times)]);
        expect(counts).toEqual(counts.toSorted((a, b) => b - a));
      }),
    );
  });

  it("there are none without a key", () => {
    expect(keySeries([], ReuseDistances.of([]), workingSetCurve([null]))).toEqual({
      rankFrequency: [],
      cacheHits: [],
      workingSet: [],
      reuse: [],
    });
  });
});

describe("a curve of quantiles", () => {
  it("goes from the least to the greatest value, and never falls", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 1, maxLength: 900 }),
        (values) => {
          const quantiles = new Quantiles();
          for (const value of values) quantiles.record(value);
          const curve = quantiles.curve();
          const of = curve.map(([, value]) => value);
          expect(of.at(-1)).toBe(Math.max(...values));
          // Of one value, both ends are the same.
          expect(of[0]).toBe(Math.min(...values));
          expect(of).toEqual(of.toSorted((a, b) => a - b));
          const nines = curve.map(([x]) => x);
          expect(nines).toEqual(nines.toSorted((a, b) => a - b));
          expect(nines.at(-1)).toBeCloseTo(Math.log10(values.length), 12);
        },
      ),
    );
    expect(new Quantiles().curve()).toEqual([]);
  });
});

describe("the dispersion curve", () => {
  it("of Poisson traffic lies within its interval as often as that says; of bursts it does not", () => {
    const prng = seededPrng("dispersion-curve");
    let [inside, points] = [0, 0];
    for (let run = 0; run < 60; run++) {
      const records: ProfileRecord[] = [];
      for (let ns = 0; ns < 115e9; ns -= Math.log(1 - prng()) * 8e7) records.push(at(ns));
      for (const { index, poissonHigh, poissonLow } of dispersionCurve(records, 1)) {
        points++;
        if (index >= poissonLow && index <= poissonHigh) inside++;
      }
    }
    // Twelve a second over 115 s: windows of 100 ms to 10 s.
    expect(points).toBe(60 * 7);
    expect(inside / points).toBeGreaterThan(0.9);
    expect(inside / points).toBeLessThan(0.99);
    const bursts = Array.from({ length: 1_000 }, (_, i) => at(Math.floor(i / 50) * 5e9 + i));
    const last = dispersionCurve(bursts, 1).find(({ windowS }) => windowS === 1);
    expect(last!.index).toBeGreaterThan(2 * last!.poissonHigh);
  });

  it("has no windows shorter than the clock's step, and none of too few requests", () => {
    const records = Array.from({ length: 400 }, (_, i) => at(Math.floor(i / 4) * 1e9));
    expect(dispersionCurve(records, 1e9).map(({ windowS }) => windowS)).toEqual([1, 2, 5]);
    expect(dispersionCurve([at(0)], 1)).toEqual([]);
  });
});
