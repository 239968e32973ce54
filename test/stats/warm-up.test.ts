import { describe, expect, it } from "vitest";
import { warmUpLength } from "../../src/stats/index.ts";
import { autoregressive, gaussians } from "./simulate.ts";

const AT_MOST = 0.25;
const unrelated = (normal: () => number, count: number): number[] =>
  autoregressive(normal, count, 0);

describe("a warm-up found by a backward CUSUM", () => {
  it.each([24, 40, 60, 120])("is found in at most 1.5 of 100 steady series of %i", (count) => {
    const normal = gaussians(`steady ${count}`);
    const series = Array.from({ length: 2_000 }, () => unrelated(normal, count));
    const found = series.filter((values) => warmUpLength(values, AT_MOST) > 0);
    expect(found.length / series.length).toBeLessThan(0.015);
  });

  it.each([
    { values: 2, by: 8 },
    { values: 4, by: 6 },
    { values: 8, by: -5 },
  ])("finds $values of 60 values that lie $by standard deviations off", ({ by, values }) => {
    const normal = gaussians(`warming ${values}`);
    const lengths = Array.from({ length: 500 }, () => {
      const series = unrelated(normal, 60).map((x, i) => (i < values ? x + by : x));
      return warmUpLength(series, AT_MOST);
    });
    const right = lengths.filter((length) => length >= values && length <= values + 5);
    expect(right.length / lengths.length).toBeGreaterThan(0.8);
    // Never cut too short: what is cut at all holds the whole of it.
    expect(lengths.filter((length) => length > 0 && length < values)).toEqual([]);
  });

  it("is the same in every unit, and of a mirrored series", () => {
    const normal = gaussians("units");
    for (let i = 0; i < 50; i++) {
      const series = unrelated(normal, 40).map((x, at) => (at < 5 ? x + 6 : x));
      const length = warmUpLength(series, AT_MOST);
      expect(
        warmUpLength(
          series.map((x) => 1_024 * x),
          AT_MOST,
        ),
      ).toBe(length);
      expect(
        warmUpLength(
          series.map((x) => -x),
          AT_MOST,
        ),
      ).toBe(length);
    }
  });

  it("what is not at the beginning, or goes on for too long, is no warm-up", () => {
    const normal = gaussians("elsewhere");
    const bump = unrelated(normal, 60).map((x, at) => (at >= 15 && at < 20 ? x + 8 : x));
    const long = unrelated(normal, 60).map((x, at) => (at < 18 ? x + 8 : x));
    expect([warmUpLength(bump, AT_MOST), warmUpLength(long, AT_MOST)]).toEqual([0, 0]);
    const flat = Array.from({ length: 40 }, () => 3);
    expect([warmUpLength(flat, 0.45), warmUpLength(long.slice(0, 19), 0.45)]).toEqual([0, 0]);
  });
});
