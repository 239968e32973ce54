import { describe, expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import { normalQuantile, type Step, steps } from "../../src/stats/index.ts";

/** Normal values of SD 1, of which those from `at` on are higher by `by`. */
function seriesOf(seed: string, length: number, at = length, by = 0): number[] {
  const prng = seededPrng(seed);
  return Array.from(
    { length },
    (_, index) => normalQuantile(Math.max(prng(), 1e-9)) + (index < at ? 0 : by),
  );
}

const share = (of: readonly boolean[]): number => of.filter(Boolean).length / of.length;
const times = <T>(count: number, one: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => one(index));

describe("steps of a series", () => {
  it("are shown in no more than 5 % of series without one, short or long", () => {
    for (const [length, count] of [
      [40, 400],
      [500, 60],
    ] as const) {
      const shown = times(count, (index) => {
        const seed = `none/${length}/${index}`;
        return steps(seriesOf(seed, length), { significance: 0.05, seed }).length > 0;
      });
      // 0.05, and three of its standard errors.
      expect(share(shown)).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / count));
    }
  });

  it("are found with their levels, in a set of places that holds the true one 95 times of 100", () => {
    for (const [length, at, count] of [
      [40, 28, 200],
      [700, 431, 40],
    ] as const) {
      const found = times(count, (index): Step | undefined => {
        const seed = `one/${length}/${index}`;
        const all = steps(seriesOf(seed, length, at, 2), { significance: 0.01, seed });
        return all.find(({ earliest, latest }) => earliest <= at && at <= latest) ?? all[0];
      });
      const seen = found.filter((one) => one !== undefined);
      expect(seen.length / count).toBeGreaterThan(0.9);
      const held = share(seen.map(({ earliest, latest }) => earliest <= at && at <= latest));
      expect(held).toBeGreaterThan(0.9);
      for (const { earliest, index, latest } of seen) {
        expect(earliest <= index && index <= latest).toBe(true);
      }
      expect(
        share(seen.map(({ after, before, level }) => level && after > before)),
      ).toBeGreaterThan(0.98);
      const width = seen.map(({ earliest, latest }) => latest - earliest).toSorted((a, b) => a - b);
      expect(width[seen.length >> 1]).toBeLessThanOrEqual(6);
    }
  });

  it("tell a change of the spread alone from one of the level", () => {
    const values = seriesOf("spread", 120).map((value, index) => (index < 60 ? value : 8 * value));
    const [one, ...others] = steps(values, { significance: 0.01, seed: "spread" });
    expect(others).toEqual([]);
    expect(one).toMatchObject({ level: false });
    expect(Math.abs(one!.index - 60)).toBeLessThan(6);
  });

  it("are exact where nothing varies, and none where nothing changes or too little is known", () => {
    const flat = [...times(10, () => 3), ...times(10, () => 4)];
    expect(steps(flat, { significance: 0.01, seed: "flat" })).toEqual([
      {
        index: 10,
        earliest: 10,
        latest: 10,
        before: 3,
        after: 4,
        level: true,
        pValue: expect.any(Number) as number,
      },
    ]);
    for (const series of [[], [1], [1, 1, 1, 1, 9, 9, 9], times(1_000, () => 7)]) {
      expect(steps(series, { significance: 0.05, seed: "none" })).toEqual([]);
    }
  });

  it("scale with the unit, and keep their order", () => {
    const values = times(90, (index) => [1, 5, 2][Math.floor(index / 30)]! + 0.1 * (index % 3));
    const all = steps(values, { significance: 0.01, seed: "three" });
    expect(all.map(({ index }) => index)).toEqual([30, 60]);
    const scaled = steps(
      values.map((value) => 1000 * value),
      { significance: 0.01, seed: "three" },
    );
    expect(scaled.map(({ index }) => index)).toEqual([30, 60]);
  });
});
