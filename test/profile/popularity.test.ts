import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import { popularityOf, ReuseDistances, zipfOf } from "../../src/profile/index.ts";

/** Draws from a Zipf law over so many keys, by inversion. */
function zipfKeys(seed: string, exponent: number, keys: number, draws: number): string[] {
  const prng = seededPrng(seed);
  const cumulated = new Float64Array(keys);
  let sum = 0;
  for (let r = 0; r < keys; r++) cumulated[r] = sum += (r + 1) ** -exponent;
  return Array.from({ length: draws }, () => {
    const wanted = prng() * sum;
    let [low, high] = [0, keys - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulated[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return `k${low}`;
  });
}

describe("key popularity", () => {
  it.each([0.6, 0.9, 1.2])(
    "the exponent %s comes back within its interval in about 95 of 100 samples",
    (exponent) => {
      const SAMPLES = 60;
      let within = 0;
      let mean = 0;
      for (let i = 0; i < SAMPLES; i++) {
        const { zipf } = popularityOf(zipfKeys(`${exponent} ${i}`, exponent, 500, 20_000));
        mean += zipf!.exponent / SAMPLES;
        if (zipf!.low <= exponent && exponent <= zipf!.high) within++;
      }
      expect(Math.abs(mean - exponent)).toBeLessThan(0.01);
      // Of 60 with a coverage of 95 %, 51 or more but for once in 1,000.
      expect(within).toBeGreaterThanOrEqual(51);
    },
  );

  it("counts: distinct keys, those asked for once, the hottest; requests without a key are none", () => {
    const seen = popularityOf(["a", "b", "a", null, "c", "a"]);
    expect(seen).toEqual({
      requests: 5,
      distinct: 3,
      oneHitShare: 2 / 3,
      hottestShare: 3 / 5,
      zipf: null,
    });
    expect(popularityOf([])).toMatchObject({ requests: 0, distinct: 0, zipf: null });
  });

  it("is steep where keys are few, and flat where all are alike", () => {
    const flat = zipfOf(Float64Array.from({ length: 50 }, () => 100))!;
    expect(flat.low).toBe(0);
    expect(flat.high).toBeLessThan(0.2);
    expect(zipfOf(Float64Array.of(100, 50, 33))).toBeNull();
  });
});

describe("reuse distances", () => {
  it("tell what a real LRU cache of each size would have hit", () => {
    const sequences = fc.array(fc.option(fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h")), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(sequences, (keys) => {
        const distances = ReuseDistances.of(keys);
        for (const entries of [1, 2, 3, 5, 8]) {
          // A map in the order of use is such a cache.
          const cache = new Map<string, true>();
          let [hits, asked] = [0, 0];
          for (const key of keys) {
            if (key === null) continue;
            asked++;
            if (cache.delete(key)) hits++;
            cache.set(key, true);
            if (cache.size > entries) cache.delete(cache.keys().next().value!);
          }
          expect(distances.hitRatio(entries)).toBeCloseTo(asked === 0 ? 0 : hits / asked, 12);
        }
      }),
    );
  });

  it("half of the repeated uses lie at the median or below", () => {
    expect(ReuseDistances.of(["a", "a", "b", "a", "c", "d", "b"]).median).toBe(1);
    expect(ReuseDistances.of(["a", "b"]).median).toBeNull();
  });
});
