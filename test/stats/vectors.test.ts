import { describe, expect, it } from "vitest";
import {
  benjaminiHochberg,
  blocksNeeded,
  holm,
  normalCdf,
  poissonQuantile,
  sortedDistribution,
  tCdf,
  tQuantile,
  wilson,
} from "../../src/stats/index.ts";
import { deviation } from "./vectors/deviation.ts";
import { runVector, runners, vectors } from "./vectors/index.ts";
import { pending } from "./vectors/pending.ts";

const distance = (actual: number, expected: number): number => Math.abs(actual - expected);
const ids = vectors.map(({ id }) => id);

describe("the published vectors", () => {
  it.each(vectors.filter(({ id }) => id in runners))("$id ($topic)", (vector) => {
    expect(runVector(vector).difference).toBeNull();
  });

  it("are all run, but for those that are known to be missing", () => {
    expect(new Set(ids)).toHaveLength(135);
    expect(ids.filter((id) => !(id in runners)).toSorted()).toEqual(pending.toSorted());
    expect(Object.keys(runners).filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("a difference is told by its place, and nothing passes for want of a value", () => {
    expect(deviation({ ci: [1, 2.2] }, { ci: [1, 2] }, 0.1)).toBe("ci[1]: 2.2 is not 2");
    expect(deviation({ ci: [1, 2.05], more: 1 }, { ci: [1, 2] }, 0.1)).toBeNull();
    expect(deviation({}, { p: 0 }, 1)).not.toBeNull();
    expect(deviation({ p: Number.NaN }, { p: 1 }, 9)).not.toBeNull();
    expect(deviation({ p: Number.NaN }, { p: "NaN" }, 0)).toBeNull();
    expect(deviation([1], [1, 2], 9)).not.toBeNull();
    expect(deviation(null, 0, 0)).not.toBeNull();
  });
});

describe("intervals and sizes", () => {
  it("wilson: no trial tells nothing, and the ends are exact", () => {
    expect(wilson({ events: 0, trials: 0 }, 0.95)).toEqual({ low: 0, high: 1 });
    expect(wilson({ events: 0, trials: 7 }, 0.95).low).toBe(0);
    expect(wilson({ events: 7, trials: 7 }, 0.95).high).toBe(1);
  });

  it("no p-values, no adjusted ones", () => {
    expect([holm([]), benjaminiHochberg([])]).toEqual([[], []]);
  });

  it("blocksNeeded: 10 blocks at a margin of one SD, as in R; none are enough beyond it", () => {
    const sized = { blockSd: 0.02, margin: 0.05, assumed: 0.03, alpha: 0.025, power: 0.8 };
    expect(blocksNeeded(sized)).toBe(10);
    expect(blocksNeeded({ ...sized, blockSd: 0.04 })).toBe(34);
    expect(blocksNeeded({ ...sized, assumed: 0.05 })).toBe(Infinity);
  });
});

describe("distributions", () => {
  it("normal, t and Poisson are the standard ones", () => {
    expect(distance(normalCdf(1.959963984540054), 0.975)).toBeLessThanOrEqual(1e-12);
    expect(distance(tCdf(tQuantile(0.975, 3), 3), 0.975)).toBeLessThanOrEqual(1e-9);
    expect([poissonQuantile(0.5, 2), poissonQuantile(0.9, 4)]).toEqual([2, 7]);
  });

  it("sortedDistribution: the ⌈Np⌉-th value, free of the rounding of N × p", () => {
    const hundred = sortedDistribution(Array.from({ length: 100 }, (_, i) => 100 - i));
    const ranks = Array.from({ length: 100 }, (_, i) => hundred.quantile((i + 1) / 100));
    expect(ranks).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(hundred.quantile(0.901)).toBe(91);
    expect([0, 1, 50.5, 100].map((x) => hundred.countAtOrBelow(x))).toEqual([0, 1, 50, 100]);
    expect(sortedDistribution([]).quantile(0.5)).toBeNaN();
  });
});
