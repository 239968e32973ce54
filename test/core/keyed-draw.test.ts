import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashText, hashText53, keyedDraw, seededPrng } from "../../src/core/index.ts";

const DRAWS = 100_000;
const BINS = 100;

/** The value that chi-square with 99 degrees of freedom exceeds once in 10,000 (and in 10,000th). */
const CHI_SQUARE_99 = { low: 53.5, high: 158 };

function chiSquare(numbers: readonly number[]): number {
  const counts = Array.from({ length: BINS }, () => 0);
  for (const number of numbers) counts[Math.floor(number * BINS)]!++;
  const expected = numbers.length / BINS;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function correlation(a: readonly number[], b: readonly number[]): number {
  // Uniform numbers have mean 1/2 and variance 1/12.
  return (12 * a.reduce((sum, x, i) => sum + (x - 0.5) * (b[i]! - 0.5), 0)) / a.length;
}

const numbers = (draw: (i: number) => number): number[] =>
  Array.from({ length: DRAWS }, (_, i) => draw(i));

const SERIES = {
  "consecutive requests": (i: number) => keyedDraw("seed", "stock", i, 1).uniform("latency"),
  "requests far above 2^32": (i: number) =>
    keyedDraw("seed", "stock", 2 ** 40 + i * 2 ** 33, 1).uniform("latency"),
  "attempts of one request": (i: number) => keyedDraw("seed", "stock", 7, i).uniform("latency"),
  "fields of one request": (i: number) => keyedDraw("seed", "stock", 7, 1).uniform(`field ${i}`),
  "dependencies of one request": (i: number) =>
    keyedDraw("seed", `service-${i}`, 7, 1).uniform("latency"),
  "seeds of runs": (i: number) => keyedDraw(`${i}`, "stock", 7, 1).uniform("latency"),
};

describe("keyed draws", () => {
  it.each(Object.entries(SERIES))("are uniform and unrelated over %s", (_, draw) => {
    const series = numbers(draw);
    expect(chiSquare(series)).toBeGreaterThan(CHI_SQUARE_99.low);
    expect(chiSquare(series)).toBeLessThan(CHI_SQUARE_99.high);
    for (const lag of [1, 2, 64]) {
      const shifted = series.slice(lag);
      const related = correlation(series.slice(0, -lag), shifted);
      expect(Math.abs(related), `lag ${lag}`).toBeLessThan(4 / Math.sqrt(shifted.length));
    }
  });

  it.each([
    ["two fields", (i: number) => keyedDraw("seed", "stock", i, 1).uniform("fault")],
    ["two attempts", (i: number) => keyedDraw("seed", "stock", i, 2).uniform("latency")],
    ["two dependencies", (i: number) => keyedDraw("seed", "reviews", i, 1).uniform("latency")],
    ["two seeds", (i: number) => keyedDraw("seed2", "stock", i, 1).uniform("latency")],
  ])("are unrelated between %s of the same request", (_, other) => {
    const related = correlation(numbers(SERIES["consecutive requests"]), numbers(other));
    expect(Math.abs(related)).toBeLessThan(4 / Math.sqrt(DRAWS));
  });

  it("are uniform in their low digits, too", () => {
    expect(
      chiSquare(numbers((i) => (keyedDraw("seed", i).uniform("u") * 2 ** 40) % 1)),
    ).toBeLessThan(CHI_SQUARE_99.high);
  });

  it("never give two requests the same luck", () => {
    const seen = new Set(
      numbers((i) => keyedDraw("seed", i * 40_009 + 2 ** 31 - 17).uniform("latency")),
    );
    expect(seen.size).toBe(DRAWS);
  });

  it("depend on the key alone, and lie in the open interval", () => {
    const part = fc.oneof(fc.string(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), fc.string(), (parts, field) => {
        const draw = keyedDraw(...parts);
        const first = draw.uniform(field);
        draw.uniform("another field");
        expect(draw.uniform(field)).toBe(first);
        expect(keyedDraw(...parts).uniform(field)).toBe(first);
        expect(first).toBeGreaterThan(0);
        expect(first).toBeLessThan(1);
      }),
    );
  });

  it("tell apart where one part ends and the next begins", () => {
    const keys = [
      ["ab", "c"],
      ["a", "bc"],
      ["abc"],
      ["a", "b", "c"],
      ["abc", ""],
      [1, 2],
      [2, 1],
      [12],
    ];
    const drawn = keys.map((parts) => keyedDraw(...parts).uniform("u"));
    expect(new Set(drawn).size).toBe(keys.length);
  });
});

describe("hashes of texts", () => {
  it("differ for 100,000 paths, in 53 bits", () => {
    const hashes = numbers((i) => hashText53(`GET /products/${i}?page=${i % 7}`));
    expect(new Set(hashes).size).toBe(DRAWS);
    expect(hashes.every((hash) => Number.isSafeInteger(hash) && hash >= 0)).toBe(true);
  });

  it("are the same everywhere: one vector", () => {
    expect(hashText("shakedown")).toBe(875738029);
    expect(hashText("shakedown", 1)).not.toBe(875738029);
  });
});

describe("a seeded stream", () => {
  const take = (seed: string): number[] => {
    const prng = seededPrng(seed);
    return Array.from({ length: 1_000 }, () => prng());
  };

  it("is reproducible, and another for another seed", () => {
    expect(take("a")).toEqual(take("a"));
    expect(take("a")).not.toEqual(take("b"));
    expect(take("a").every((u) => u >= 0 && u < 1)).toBe(true);
  });
});
