import { describe, expect, it } from "vitest";
import {
  asymptoticHalfWidth,
  asymptoticPValue,
  betaBinomialMixture,
  doubleStitchingBound,
  ecdfBandRadius,
  ecdfBandRadiusClosed,
  lift,
  mixtureCriticalZ,
  mixtureLogRatio,
  polynomialStitchingBound,
  quantileAbPValue,
  quantileRadius,
  quantileSequence,
  sampleRatioLogE,
  sequentialMcNemarLogE,
  shareSequence,
  welch,
} from "../../../src/stats/index.ts";
import { seededPrng } from "../../../src/core/index.ts";
import { gaussians, upperBound99 } from "../simulate.ts";

const ALPHA = 0.05;
const REPS = 400;
const LOOKS = [10, 20, 40, 70, 100, 200, 300, 500, 700, 1_000];
const TUNING = { tOpt: 300, alphaOpt: ALPHA };

const RANKS = LOOKS.map((n) => quantileSequence({ n, p: 0.95, alpha: ALPHA, ...TUNING }));

/** How often `wrong` is said at any look, over seeded repetitions. */
function everWrong(seed: string, wrong: (uniform: () => number) => boolean): number {
  const uniform = seededPrng(seed);
  let count = 0;
  for (let rep = 0; rep < REPS; rep++) if (wrong(uniform)) count++;
  return count / REPS;
}

describe("looked at ten times while it grows, each holds the truth as promised", () => {
  const cases: Record<string, (uniform: () => number) => boolean> = {
    "the sequence of a p95": (uniform) => {
      const values = Array.from({ length: 1_000 }, uniform);
      return LOOKS.some((n, i) => {
        const seen = values.slice(0, n).toSorted((a, b) => a - b);
        const { highRank, lowRank } = RANKS[i]!;
        return (seen[lowRank - 1] ?? 0) > 0.95 || (seen[highRank - 1] ?? 1) < 0.95;
      });
    },
    "the sequence of a share of 2 %": (uniform) => {
      let [events, trials] = [0, 0];
      return LOOKS.some((n) => {
        for (; trials < n; trials++) if (uniform() < 0.02) events++;
        const { high, low } = shareSequence({ events, trials, alpha: ALPHA, ...TUNING });
        return low > 0.02 || high < 0.02;
      });
    },
    "McNemar's evidence": (uniform) => {
      let [worse, better] = [0, 0];
      return LOOKS.some((n) => {
        while (worse + better < n)
          if (uniform() < 0.5) worse++;
          else better++;
        return sequentialMcNemarLogE({ worse, better }, 1) >= Math.log(1 / ALPHA);
      });
    },
    "the evidence for a sample-ratio mismatch": (uniform) => {
      const counts = [0, 0, 0];
      let sum = 0;
      return LOOKS.some((n) => {
        for (; sum < n; sum++) counts[Math.floor(3 * uniform())]!++;
        return sampleRatioLogE(counts, [1 / 3, 1 / 3, 1 / 3]) >= Math.log(1 / ALPHA);
      });
    },
  };

  it.each(Object.keys(cases))("%s", (name) => {
    expect(everWrong(name, cases[name]!)).toBeLessThanOrEqual(upperBound99(ALPHA, REPS));
  });

  it("the band of a mean", () => {
    const normal = gaussians("band");
    const rate = everWrong("band", () => {
      let [sum, n] = [0, 0];
      return LOOKS.slice(1).some((look) => {
        for (; n < look; n++) sum += normal();
        return Math.abs(sum / n) > asymptoticHalfWidth({ n, sd: 1, plannedN: 300, alpha: ALPHA });
      });
    });
    expect(rate).toBeLessThanOrEqual(upperBound99(ALPHA, REPS));
    expect(rate).toBeGreaterThan(0);
  });
});

describe("what is there is found", () => {
  it("a share of 3 in 10, a mismatch of 53 to 47 %, a median moved by a tenth", () => {
    expect(
      shareSequence({ events: 300, trials: 1_000, alpha: ALPHA, ...TUNING }).low,
    ).toBeGreaterThan(0.2);
    expect(sampleRatioLogE([5_300, 4_700], [0.5, 0.5])).toBeGreaterThan(Math.log(1_000));
    const uniform = seededPrng("moved");
    const control = Array.from({ length: 3_000 }, uniform);
    const variant = control.map(() => 0.1 + uniform());
    const arms = { p: 0.5, ...TUNING };
    expect(quantileAbPValue({ control, variant, ...arms })).toBeLessThan(0.001);
    expect(quantileAbPValue({ control, variant: control, ...arms })).toBe(1);
    expect(quantileAbPValue({ control, variant: [], ...arms })).toBe(1);
  });

  it("the arms may be swapped", () => {
    const control = Array.from({ length: 60 }, (_, i) => (i * 37) % 60);
    const variant = Array.from({ length: 50 }, (_, i) => 25.5 + ((i * 31) % 50));
    const arms = { p: 0.5, tOpt: 60, alphaOpt: ALPHA };
    const there = quantileAbPValue({ control, variant, ...arms });
    expect(there).toBeLessThan(1);
    const back = quantileAbPValue({ control: variant, variant: control, ...arms });
    expect(back).toBeCloseTo(there, 9);
  });
});

describe("bounds", () => {
  it("are where their evidence reaches 1/alpha", () => {
    const mixture = betaBinomialMixture({ g: 0.2, h: 0.8, vOpt: 100, alphaOpt: ALPHA, sides: 1 });
    expect(mixture.logE(mixture.bound(100, ALPHA), 100)).toBeCloseTo(Math.log(20), 9);
    // So little variance that not even the largest sum is evidence.
    expect(mixture.bound(0.1, ALPHA)).toBeCloseTo(0.5, 12);

    const band = { n: 50, sd: 2, plannedN: 60, alpha: ALPHA };
    const edge = asymptoticHalfWidth(band);
    expect(asymptoticPValue({ ...band, mean: edge })).toBeCloseTo(ALPHA, 9);
    expect(asymptoticHalfWidth({ ...band, n: 0 })).toBe(Infinity);

    const z = mixtureCriticalZ({ squaredSe: 0.01, mixingVariance: 0.1, alpha: ALPHA });
    const ratio = { n: 100, variance: 1, mixingVariance: 0.1 };
    expect(mixtureLogRatio({ ...ratio, mean: z * 0.1 })).toBeCloseTo(Math.log(20), 9);
  });

  it("the closed forms are wider than what they bound, and mirrored quantiles have equal radii", () => {
    for (const t of [100, 1_000, 100_000]) {
      const tuned = ecdfBandRadius({ t, alpha: ALPHA, tMin: 1 });
      expect(ecdfBandRadiusClosed(t, ALPHA)).toBeGreaterThan(tuned);
      expect(quantileRadius(t, 0.9, ALPHA)).toBeCloseTo(quantileRadius(t, 0.1, ALPHA), 12);
    }
    expect(ecdfBandRadius({ t: 99, alpha: ALPHA, tMin: 100 })).toBe(Infinity);
  });

  it("stitched ones rise with time, and are as published", () => {
    const at = (t: number, p: number) => doubleStitchingBound({ p, t, alpha: ALPHA, tOpt: 100 });
    expect(at(1_000, 0.5)).toBeCloseTo(68.62803, 4);
    expect(at(1_000, 0.9)).toBeCloseTo(43.72119, 4);
    expect(at(2_000, 0.5)).toBeGreaterThan(at(1_000, 0.5));
    const light = { v: 100, alpha: ALPHA, vMin: 10 };
    expect(polynomialStitchingBound({ ...light, c: -1 })).toBeCloseTo(28.99389, 4);
    expect(polynomialStitchingBound(light)).toBeGreaterThan(28.99389);
  });

  it("few values bound a quantile on no side", () => {
    expect(quantileSequence({ n: 5, p: 0.5, alpha: ALPHA, ...TUNING })).toEqual({
      lowRank: 0,
      highRank: 6,
    });
    expect(shareSequence({ events: 0, trials: 0, alpha: ALPHA, ...TUNING })).toEqual({
      low: 0,
      high: 1,
    });
    expect(shareSequence({ events: 9, trials: 9, alpha: ALPHA, ...TUNING }).high).toBe(1);
  });
});

it("a lift from sums is Welch's difference of the values, and does not know units", () => {
  const [control, variant] = [
    [1, 2, 4, 8],
    [3, 5, 9, 9, 14],
  ];
  const summary = (values: readonly number[]) => ({
    n: values.length,
    sum: values.reduce((sum, x) => sum + x, 0),
    sumOfSquares: values.reduce((sum, x) => sum + x ** 2, 0),
  });
  const found = lift(summary(control), summary(variant), "absolute");
  const expected = welch(variant, control);
  expect(found.estimate).toBeCloseTo(expected.estimate, 12);
  expect(found.df).toBeCloseTo(expected.df, 10);
  expect(found.estimate / found.se).toBeCloseTo(expected.t, 10);
  const relative = lift(summary(control), summary(variant), "relative");
  const scaled = lift(
    summary(control.map((x) => 1_000 * x)),
    summary(variant.map((x) => 1_000 * x)),
    "relative",
  );
  expect(scaled.se).toBeCloseTo(relative.se, 10);
});
