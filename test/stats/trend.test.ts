import { describe, expect, it } from "vitest";
import { fitLine, settling, tCdf, trend, TREND_SLICES } from "../../src/stats/index.ts";
import { autoregressive, gaussians, upperBound99 } from "./simulate.ts";

const ALPHA = 0.025;
const REPS = 2_000;

/** The means of as many equally long slices. */
function slicesOf(values: readonly number[], count = TREND_SLICES): number[] {
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [i, i + 1].map((end) => Math.floor((end * values.length) / count));
    return values.slice(from, to).reduce((sum, x) => sum + x, 0) / (to! - from!);
  });
}

/** Whether the least-squares interval of all values, blind to their order, shows a rise. */
function naiveRise(values: readonly number[]): boolean {
  const xs = [...values.keys()];
  const { intercept, slope } = fitLine(xs, values);
  const squares = values.reduce((sum, y, i) => sum + (y - intercept - slope * i) ** 2, 0);
  const n = values.length;
  const se = Math.sqrt(squares / (n - 2) / ((n * (n ** 2 - 1)) / 12));
  return tCdf(-slope / se, n - 2) <= ALPHA;
}

const rateOf = (reps: number, hit: () => boolean): number => {
  let hits = 0;
  for (let rep = 0; rep < reps; rep++) if (hit()) hits++;
  return hits / reps;
};

describe("a trend of slices of time", () => {
  it.each([
    { blocks: 40, phi: 0, measured: 0.025, naive: 0.015 },
    { blocks: 120, phi: 0.6, measured: 0.029, naive: 0.12 },
    { blocks: 120, phi: 0.8, measured: 0.033, naive: 0.2 },
    { blocks: 360, phi: 0.8, measured: 0.031, naive: 0.2 },
    { blocks: 360, phi: 0.95, measured: 0.029, naive: 0.3 },
    { blocks: 40, phi: 0.8, measured: 0.038, naive: 0.2 },
  ])("alarms no more often than told where there is none: %o", ({ blocks, phi, ...rates }) => {
    const normal = gaussians(`trend ${blocks} ${phi}`);
    let naive = 0;
    const rate = rateOf(REPS, () => {
      const values = autoregressive(normal, blocks, phi);
      if (naiveRise(values)) naive++;
      return trend(slicesOf(values), 0.95)!.pRise <= ALPHA;
    });
    expect(rate).toBeLessThanOrEqual(upperBound99(rates.measured, REPS));
    expect(naive / REPS).toBeGreaterThan(rates.naive);
  });

  it("has an interval that covers the change, and finds one of four standard errors", () => {
    const normal = gaussians("trend, power");
    // A line's end is √12 times as uncertain as a mean.
    const se = Math.sqrt(12 / 120);
    let covered = 0;
    const found = rateOf(REPS, () => {
      const values = autoregressive(normal, 120, 0).map((x, b) => x + 4 * se * ((b + 0.5) / 120));
      const { high, low, pRise } = trend(slicesOf(values), 0.95)!;
      if (low <= 4 * se && 4 * se <= high) covered++;
      return pRise <= ALPHA;
    });
    expect(covered / REPS).toBeGreaterThan(0.93);
    expect(found).toBeGreaterThan(0.88);
  });

  it("goes by the scale of the values, the other way with them, and is exact for a line", () => {
    const normal = gaussians("trend, metamorphic");
    const values = autoregressive(normal, TREND_SLICES, 0.5);
    const first = trend(values, 0.95)!;
    const turned = trend(
      values.map((x) => -1000 * x),
      0.95,
    )!;
    expect(turned.change).toBeCloseTo(-1000 * first.change, 6);
    expect(turned.low).toBeCloseTo(-1000 * first.high, 6);
    expect(turned.pRise).toBeCloseTo(1 - first.pRise, 9);
    const line = Array.from({ length: TREND_SLICES }, (_, i) => 3 + i / TREND_SLICES);
    expect(trend(line, 0.95)!.change).toBeCloseTo(1, 9);
    expect(
      trend(
        Array.from({ length: TREND_SLICES }, () => 7),
        0.95,
      ),
    ).toMatchObject({
      change: 0,
      low: 0,
      high: 0,
    });
  });

  it("is none of a few slices, nor where one is not known", () => {
    expect(trend([1, 2, 3], 0.95)).toBeNull();
    expect(trend([...Array.from({ length: TREND_SLICES }, (_, i) => i), NaN], 0.95)).toBeNull();
  });
});

describe("a series that settles", () => {
  it.each([
    { blocks: 40, phi: 0 },
    { blocks: 40, phi: 0.8 },
    { blocks: 120, phi: 0.6 },
    { blocks: 360, phi: 0.95 },
  ])("is not found in more than 1 of 100 that are steady: %o", ({ blocks, phi }) => {
    const normal = gaussians(`settling ${blocks} ${phi}`);
    const rate = rateOf(
      REPS,
      () => settling(slicesOf(autoregressive(normal, blocks, phi))) !== null,
    );
    expect(rate).toBeLessThanOrEqual(upperBound99(0.01, REPS));
  });

  it("is not taken from a straight line, however steep", () => {
    for (const rise of [1, 2, 4, 8]) {
      const normal = gaussians(`settling line ${rise}`);
      const rate = rateOf(500, () => {
        const values = autoregressive(normal, 120, 0).map((x, b) => x + (rise * b) / 120);
        return settling(slicesOf(values)) !== null;
      });
      expect(rate).toBeLessThanOrEqual(upperBound99(0.03, 500));
    }
  });

  it("is found, with the level that it comes to, where it decays within a fifth of the time", () => {
    const normal = gaussians("settling, decay");
    const late: number[] = [];
    const found = rateOf(500, () => {
      const values = autoregressive(normal, 120, 0).map(
        (x, b) => 1 + x + 4 * Math.exp(-(b + 0.5) / 24),
      );
      const settled = settling(slicesOf(values));
      if (settled !== null) late.push(settled.late);
      return settled !== null;
    });
    expect(found).toBeGreaterThan(0.65);
    const mean = late.reduce((sum, x) => sum + x, 0) / late.length;
    // Of the way of 4 that it goes, a tenth at most is left at first, and less on average.
    expect(mean).toBeGreaterThan(0.95);
    expect(mean).toBeLessThan(1.25);
  });
});
