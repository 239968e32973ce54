import { describe, expect, it } from "vitest";
import { NS_PER_S, seededPrng } from "../../src/core/index.ts";
import { poissonSchedule } from "../../src/schedule/index.ts";
import { indexOfDispersion } from "../../src/stats/index.ts";
import { kolmogorovOfUnitExponential, ONE_IN_10_000 } from "./kolmogorov.ts";

const RATE_PER_SEC = 400;
const starts = [
  ...poissonSchedule(RATE_PER_SEC, 100 * NS_PER_S).intendedStartsNs(seededPrng("poisson"), 0),
];
const gapsS = starts.map((startNs, i) => (startNs - (starts[i - 1] ?? 0)) / NS_PER_S);
const n = gapsS.length;

describe("poisson", () => {
  it("mean gap is 1/rate", () => {
    const mean = gapsS.reduce((sum, gap) => sum + gap, 0) / n;
    // The standard deviation of a gap is its mean.
    expect(Math.abs(mean * RATE_PER_SEC - 1)).toBeLessThan(4 / Math.sqrt(n));
  });

  it("gaps are exponential (Kolmogorov–Smirnov, at one in 10,000)", () => {
    const unit = gapsS.map((gap) => gap * RATE_PER_SEC);
    expect(kolmogorovOfUnitExponential(unit)).toBeLessThan(ONE_IN_10_000);
  });

  it("a gap says nothing of the next", () => {
    const related = gapsS.slice(1).reduce((sum, gap, i) => {
      return sum + (gap * RATE_PER_SEC - 1) * (gapsS[i]! * RATE_PER_SEC - 1);
    }, 0);
    expect(Math.abs(related / n)).toBeLessThan(4 / Math.sqrt(n));
  });

  it("counts of seconds are as spread as they are large: variance / mean is 1", () => {
    const dispersion = indexOfDispersion(starts, NS_PER_S, 100 * NS_PER_S);
    // The index of dispersion of 100 counts has standard deviation √(2/99).
    expect(Math.abs(dispersion - 1)).toBeLessThan(4 * Math.sqrt(2 / 99));
  });

  it("another seed gives other starts", () => {
    const first = (seed: string): number | undefined => {
      const [startNs] = poissonSchedule(1, 1e3 * NS_PER_S).intendedStartsNs(seededPrng(seed), 0);
      return startNs;
    };
    expect(first("a")).not.toBe(first("b"));
  });
});
