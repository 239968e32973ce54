import { describe, expect, it } from "vitest";
import {
  benjaminiHochberg,
  blocksNeeded,
  holm,
  moverRatio,
  newcombe,
  normalCdf,
  poissonQuantile,
  quantileOrderInterval,
  requestsNeeded,
  sortedDistribution,
  tCdf,
  tQuantile,
  wilson,
} from "../../src/stats/index.ts";
import vectors from "./vectors.json" with { type: "json" };

const distance = (actual: number, expected: number): number => Math.abs(actual - expected);

describe("published proportion intervals", () => {
  it.each([vectors["wilson-15-148"], vectors["wilson-1-29"]])(
    "$id",
    ({ input, expected, tolerance }) => {
      const { low, high } = wilson({ events: input.x, trials: input.n }, 0.95);
      expect(distance(low, expected.ci[0]!)).toBeLessThanOrEqual(tolerance);
      expect(distance(high, expected.ci[1]!)).toBeLessThanOrEqual(tolerance);
    },
  );

  it.each([
    vectors["newcombe-10-10-0-20"],
    vectors["newcombe-6-7-2-7"],
    vectors["newcombe-56-70-48-80"],
    vectors["newcombe-9-10-3-10"],
  ])("$id", ({ input, expected, tolerance }) => {
    const first = { events: input.x1, trials: input.n1 };
    const { low, high } = newcombe(first, { events: input.x2, trials: input.n2 }, 0.95);
    expect(distance(low, expected.ci[0]!)).toBeLessThanOrEqual(tolerance);
    expect(distance(high, expected.ci[1]!)).toBeLessThanOrEqual(tolerance);
  });

  it("wilson: no trial tells nothing, and the ends are exact", () => {
    expect(wilson({ events: 0, trials: 0 }, 0.95)).toEqual({ low: 0, high: 1 });
    expect(wilson({ events: 0, trials: 7 }, 0.95).low).toBe(0);
    expect(wilson({ events: 7, trials: 7 }, 0.95).high).toBe(1);
  });
});

describe("order-statistic intervals of a quantile", () => {
  it.each([
    vectors["quantile-ranks-n1000-p0.95"],
    vectors["quantile-ranks-n100-p0.9"],
    vectors["quantile-ranks-n1000-p0.99"],
  ])("$id", ({ input, expected, tolerance }) => {
    const { lowRank, highRank, coverage } = quantileOrderInterval(input.n, input.p, input.conf);
    expect([lowRank, highRank]).toEqual([expected.l, expected.u]);
    expect(distance(coverage, expected.coverage)).toBeLessThanOrEqual(tolerance);
  });

  it("median-ci-table", () => {
    const { input, expected, tolerance } = vectors["median-ci-table"];
    for (const [i, n] of input.n.entries()) {
      const { lowRank, highRank, coverage } = quantileOrderInterval(n, input.p, 0.95);
      expect([lowRank, highRank]).toEqual(expected.ranks[i]);
      expect(distance(coverage, expected.coverage[i]!)).toBeLessThanOrEqual(tolerance);
    }
  });

  it("benchstat-median-minn: below 6 values (8 for 99 per cent) there is no finite interval", () => {
    const { input, expected } = vectors["benchstat-median-minn"];
    for (const [i, confidence] of input.conf.entries()) {
      const least = expected.min_n_for_finite_median_ci[i]!;
      const finite = (n: number): boolean => {
        const { lowRank, highRank } = quantileOrderInterval(n, 0.5, confidence);
        return lowRank >= 1 && highRank <= n;
      };
      expect([finite(least - 1), finite(least)]).toEqual([false, true]);
    }
  });

  it("benchstat-median-ci", () => {
    const { input, expected, tolerance } = vectors["benchstat-median-ci"];
    const sorted = input.values.toSorted((a, b) => a - b);
    const ranks = quantileOrderInterval(sorted.length, 0.5, input.conf);
    expect(sorted[ranks.lowRank - 1]).toBe(expected.lo);
    expect(sorted[ranks.highRank - 1]).toBe(expected.hi);
    expect(distance(ranks.coverage, expected.achieved_conf)).toBeLessThanOrEqual(tolerance);
  });
});

describe("multiplicity", () => {
  it("multi-6: Holm and BH as R's multtest", () => {
    const { input, expected, tolerance } = vectors["multi-6"];
    for (const [i, p] of holm(input.p).entries())
      expect(distance(p, expected.holm[i]!)).toBeLessThanOrEqual(tolerance);
    for (const [i, p] of benjaminiHochberg(input.p).entries()) {
      expect(distance(p, expected.bh[i]!)).toBeLessThanOrEqual(tolerance);
    }
  });

  it("multi-bh1995: four of fifteen are rejected at 0.05", () => {
    const { input, expected } = vectors["multi-bh1995"];
    const rejected = benjaminiHochberg(input.p).filter((p) => p <= input.q);
    expect(rejected).toHaveLength(expected.bh_rejections);
  });

  it("multi-gb-bh: adjusted values come in the order the p-values were given", () => {
    const { input, expected, tolerance } = vectors["multi-gb-bh"];
    const adjusted = benjaminiHochberg(input.p);
    for (const [i, index] of expected.index_order.entries()) {
      expect(distance(adjusted[index]!, expected.bh_desc[i]!)).toBeLessThanOrEqual(tolerance);
    }
  });

  it("no p-values, no adjusted ones", () => {
    expect([holm([]), benjaminiHochberg([])]).toEqual([[], []]);
  });
});

describe("ratios, sizes and distributions", () => {
  it("mover-ratio", () => {
    const { input, expected, tolerance } = vectors["mover-ratio"];
    const arms = {
      control: { estimate: input.Qc, low: input.ci_c[0]!, high: input.ci_c[1]! },
      variant: { estimate: input.Qv, low: input.ci_v[0]!, high: input.ci_v[1]! },
    };
    const apart = moverRatio({ ...arms, correlation: 0 });
    const together = moverRatio({ ...arms, correlation: 0.6 });
    expect(distance(apart.estimate, expected.ratio)).toBeLessThanOrEqual(tolerance);
    expect(distance(apart.low, expected.ci_rho0[0]!)).toBeLessThanOrEqual(tolerance);
    expect(distance(apart.high, expected.ci_rho0[1]!)).toBeLessThanOrEqual(tolerance);
    expect(distance(together.low, expected["ci_rho.6"][0]!)).toBeLessThanOrEqual(tolerance);
    expect(distance(together.high, expected["ci_rho.6"][1]!)).toBeLessThanOrEqual(tolerance);
  });

  it.each([vectors["quantile-n-p0.95"], vectors["quantile-n-p0.99"]])(
    "$id",
    ({ input, expected }) => {
      const { p, alpha, power, deff } = input;
      const shape = { logSd: input.sigma_log, relativeMde: input.relative_mde };
      const needed = requestsNeeded({ p, alpha, power, deff, ...shape });
      expect(needed).toBe(Math.ceil(expected.n_per_arm));
    },
  );

  it("blocksNeeded: (z + z)² blocks at a margin of one SD, none are enough beyond the margin", () => {
    const sized = { blockSd: 0.02, margin: 0.05, assumed: 0.03, alpha: 0.025, power: 0.8 };
    expect(blocksNeeded(sized)).toBe(Math.ceil((1.959964 + 0.841621) ** 2));
    expect(blocksNeeded({ ...sized, blockSd: 0.04 })).toBe(32);
    expect(blocksNeeded({ ...sized, assumed: 0.05 })).toBe(Infinity);
  });

  it("run-level-t: the t quantile at 3 degrees of freedom", () => {
    const { expected, tolerance } = vectors["run-level-t"];
    expect(distance(tQuantile(0.975, 3), expected.t_crit_df3)).toBeLessThanOrEqual(tolerance);
    expect(distance(tCdf(expected.t_crit_df3, 3), 0.975)).toBeLessThanOrEqual(tolerance);
  });

  it("normal and Poisson are the standard ones", () => {
    expect(distance(normalCdf(1.959963984540054), 0.975)).toBeLessThanOrEqual(1e-12);
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
