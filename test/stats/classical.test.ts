import { array, assert, double, integer, property, tuple } from "fast-check";
import { describe, expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import {
  binomialTest,
  cochranQ,
  cohensD,
  cusum,
  cusumArl,
  eDivisive,
  farringtonManningSizes,
  halvesDiffer,
  hodgesLehmann,
  kolmogorovSmirnov,
  mannWhitney,
  mantelHaenszel,
  mcNemar,
  miettinenNurminen,
  nonInferiorityP,
  outliers,
  pageHinkley,
  pairedAgresti,
  pairedNewcombe,
  pseudomedian,
  rateRatio,
  sampleRatio,
  scoreZ,
  signTest,
  signedRank,
  twoStageBenjaminiHochberg,
  welch,
  woolf,
} from "../../src/stats/index.ts";
import { gaussians } from "./simulate.ts";

/** Whole numbers, with ties: halves and quarters of them are exact. */
const sample = array(integer({ min: -20, max: 20 }), { minLength: 3, maxLength: 12 });
const POWER_OF_TWO = integer({ min: -8, max: 8 }).map((exponent) => 2 ** exponent);
const near = (actual: number, expected: number): void => expect(actual).toBeCloseTo(expected, 9);

describe("two samples by rank", () => {
  it("unit, order and swapped samples change nothing but what they should", () => {
    assert(
      property(sample, sample, POWER_OF_TWO, (a, b, unit) => {
        const scaled = [a, b].map((values) => values.map((x) => x * unit).toReversed());
        for (const method of ["exact", "normal"] as const) {
          const plain = mannWhitney(a, b, { method });
          const there = mannWhitney(scaled[0]!, scaled[1]!, { method });
          expect([there.u, there.cles]).toEqual([plain.u, plain.cles]);
          near(there.pValue, plain.pValue);
          const swapped = mannWhitney(b, a, { method });
          near(swapped.pValue, plain.pValue);
          near(swapped.cliffsDelta, -plain.cliffsDelta);
          const shift = hodgesLehmann(a, b, { confidence: 0.9, method });
          const other = hodgesLehmann(scaled[0]!, scaled[1]!, { confidence: 0.9, method });
          expect([other.estimate, other.low, other.high]).toEqual(
            [shift.estimate, shift.low, shift.high].map((x) => x * unit),
          );
          const back = hodgesLehmann(b, a, { confidence: 0.9, method });
          expect([0 - back.high, 0 - back.estimate, 0 - back.low]).toEqual([
            shift.low + 0,
            shift.estimate + 0,
            shift.high + 0,
          ]);
        }
        near(cohensD(a, b) || 0, -cohensD(b, a) || 0);
        near(welch(a, b).pValue, welch(b, a).pValue);
        near(kolmogorovSmirnov(a, b).distance, kolmogorovSmirnov(b, a).distance);
      }),
      { numRuns: 60 },
    );
  });

  it("the interval is that of the test: shifts inside are not rejected, those outside are", () => {
    const normal = gaussians("inversion");
    for (let rep = 0; rep < 50; rep++) {
      const a = Array.from({ length: 9 }, () => normal());
      const b = Array.from({ length: 7 }, () => normal());
      const { high, low } = hodgesLehmann(a, b, { confidence: 0.95 });
      const pAt = (shift: number): number =>
        mannWhitney(
          a.map((x) => x - shift),
          b,
        ).pValue;
      for (const [end, outward] of [
        [low, -1],
        [high, 1],
      ] as const) {
        expect(pAt(end + outward * 1e-9)).toBeLessThanOrEqual(0.05);
        expect(pAt(end - outward * 1e-9)).toBeGreaterThan(0.05);
      }
      const paired = pseudomedian(a, { confidence: 0.95 });
      const signedAt = (shift: number): number => signedRank(a.map((x) => x - shift)).pValue;
      for (const [end, outward] of [
        [paired.low, -1],
        [paired.high, 1],
      ] as const) {
        expect(signedAt(end + outward * 1e-9)).toBeLessThanOrEqual(0.05);
        expect(signedAt(end - outward * 1e-9)).toBeGreaterThan(0.05);
      }
    }
  });

  it("exact and normal agree where both are good, ties and all", () => {
    const prng = seededPrng("agree");
    const draw = (n: number) => Array.from({ length: n }, () => Math.floor(prng() * 12));
    for (let rep = 0; rep < 8; rep++) {
      const [a, b] = [draw(40), draw(45)];
      const exact = mannWhitney(a, b, { method: "exact" }).pValue;
      expect(Math.abs(exact - mannWhitney(a, b, { method: "normal" }).pValue)).toBeLessThan(0.01);
      const differences = a.map((x, i) => x - b[i]!);
      const signed = signedRank(differences, { method: "exact" }).pValue;
      const rough = signedRank(differences, { method: "normal" }).pValue;
      expect(Math.abs(signed - rough)).toBeLessThan(0.01);
    }
  });

  it("nothing, or nothing that differs, shows nothing", () => {
    for (const method of ["exact", "normal"] as const) {
      expect(mannWhitney([], [1, 2], { method }).pValue).toBe(1);
      expect(mannWhitney([3, 3], [3, 3, 3], { method })).toMatchObject({ cles: 0.5, pValue: 1 });
      expect(signedRank([0, 0], { method })).toMatchObject({ n: 0, pValue: 1 });
      expect(hodgesLehmann([], [1], { confidence: 0.95, method }).low).toBe(-Infinity);
      expect(pseudomedian([], { confidence: 0.95, method }).high).toBe(Infinity);
    }
    expect([signTest(0, 0), kolmogorovSmirnov([], [1]).pValue]).toEqual([1, 1]);
    expect(hodgesLehmann([5], [3], { confidence: 0.95 })).toMatchObject({ low: 2, high: 2 });
    expect([welch([1], [2, 3]).pValue, welch([2, 2], [2, 2]).pValue]).toEqual([1, 1]);
    expect([cohensD([2, 2], [2, 2]), cohensD([3, 3], [2, 2])]).toEqual([0, Infinity]);
    expect(outliers([1, 1, 1, 1])).toEqual([false, false, false, false]);
  });
});

const proportion = integer({ min: 1, max: 60 }).chain((trials) =>
  integer({ min: 0, max: trials }).map((events) => ({ events, trials })),
);

describe("shares", () => {
  it("swapping the samples mirrors every interval and test; the score interval is its test's", () => {
    assert(
      property(proportion, proportion, (a, b) => {
        const { high, low } = miettinenNurminen(a, b, 0.95);
        const back = miettinenNurminen(b, a, 0.95);
        near(low, -back.high);
        near(high, -back.low);
        const seen = a.events / a.trials - b.events / b.trials;
        expect(low).toBeLessThanOrEqual(seen);
        expect(high).toBeGreaterThanOrEqual(seen);
        near(scoreZ(a, b, 0.1), -scoreZ(b, a, -0.1));
        for (const [end, z] of [
          [low, 1.959964],
          [high, -1.959964],
        ] as const) {
          const inside = Math.abs(end) < 0.999;
          expect(inside ? scoreZ(a, b, end, { nMinusOne: true }) : z).toBeCloseTo(z, 4);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("no trial, no event, all events: nothing breaks, and nothing is shown that is not", () => {
    const [none, empty, all] = [
      { events: 0, trials: 50 },
      { events: 0, trials: 0 },
      { events: 50, trials: 50 },
    ];
    expect(miettinenNurminen(empty, none, 0.95)).toEqual({ low: -1, high: 1 });
    expect(miettinenNurminen(none, none, 0.95).high).toBeCloseTo(0.072, 4);
    expect(miettinenNurminen(all, none, 0.95)).toMatchObject({ high: 1 });
    expect([nonInferiorityP(empty, none, 0.1), nonInferiorityP(none, none, 0)]).toEqual([1, 0.5]);
    expect(nonInferiorityP(none, none, 0.1)).toBeLessThan(0.02);
    expect(mcNemar({ firstOnly: 0, secondOnly: 0 })).toMatchObject({ pValue: 1, exactP: 1 });
    const nothing = { bothYes: 0, firstOnly: 0, secondOnly: 0, neither: 0 };
    expect(pairedNewcombe(nothing, 0.95)).toEqual({ low: -1, high: 1 });
    expect(
      mantelHaenszel([
        [
          [0, 0],
          [0, 0],
        ],
      ]),
    ).toMatchObject({ chiSquare: 0, pValue: 1 });
    expect(
      woolf([
        [
          [0, 5],
          [3, 0],
        ],
      ]),
    ).toMatchObject({ df: 0, pValue: 1 });
    expect(cochranQ([])).toMatchObject({ q: 0, pValue: 1 });
    expect(sampleRatio([5, 0], [0, 1]).pValue).toBe(0);
    const quiet = rateRatio({ events: 0, exposure: 9 }, { events: 0, exposure: 5 }, 0.95);
    expect([quiet.low, quiet.high, quiet.pValue]).toEqual([0, Infinity, 1]);
    const sized = { p1: 0.1, p2: 0.1, difference: 0, alpha: 0.05, power: 0.9 };
    expect(farringtonManningSizes(sized).first).toBe(Infinity);
  });

  it("method 10 as published (36, 12, 2, 0), and both paired intervals mirror", () => {
    const counts = { bothYes: 36, firstOnly: 12, secondOnly: 2, neither: 0 };
    const { high, low } = pairedNewcombe(counts, 0.95);
    expect([low.toFixed(4), high.toFixed(4)]).toEqual(["0.0569", "0.3404"]);
    const mirrored = { ...counts, firstOnly: 2, secondOnly: 12 };
    for (const interval of [pairedNewcombe, pairedAgresti]) {
      near(interval(counts, 0.95).low, -interval(mirrored, 0.95).high);
    }
  });

  it("exact binomial p-values and the two-stage procedure at their edges", () => {
    expect(binomialTest(5, 10, 0.5)).toBe(1);
    near(binomialTest(0, 10, 0.5), 2 / 1024);
    expect(twoStageBenjaminiHochberg([], 0.1)).toEqual([]);
    expect(twoStageBenjaminiHochberg([0.9, 0.8], 0.1)).toEqual([false, false]);
    expect(twoStageBenjaminiHochberg([0.001, 0.002], 0.1)).toEqual([true, true]);
  });

  it("Q is the same in any unit and order; τ² scales with its square", () => {
    const effect = tuple(double({ min: -5, max: 5, noNaN: true }), integer({ min: 1, max: 9 })).map(
      ([estimate, variance]) => ({ estimate, variance }),
    );
    assert(
      property(array(effect, { minLength: 2, maxLength: 8 }), POWER_OF_TWO, (effects, unit) => {
        const plain = cochranQ(effects);
        const scaled = cochranQ(
          effects
            .map((e) => ({ estimate: e.estimate * unit, variance: e.variance * unit ** 2 }))
            .toReversed(),
        );
        near(scaled.q, plain.q);
        near(scaled.tau2 / unit ** 2, plain.tau2);
        near(scaled.random.estimate / unit, plain.random.estimate);
      }),
      { numRuns: 50 },
    );
  });
});

describe("changes", () => {
  const noise = (seed: string, length: number, level: (i: number) => number): number[] => {
    const normal = gaussians(seed);
    return Array.from({ length }, (_, i) => level(i) + normal());
  };

  it("a CUSUM's run lengths are those that cusumArl says, two-sided too", () => {
    near(cusumArl({ k: 0.5, h: 4, shift: 0 }), cusumArl({ k: 0.5, h: 4, shift: 0, sides: 1 }) / 2);
    const series = noise("cusum", 40_000, () => 1);
    let [runs, from] = [0, 0];
    for (;;) {
      const { alarmAt } = cusum(series.slice(from, from + 400), { mean: 0, sd: 1, h: 4 });
      if (alarmAt === null) break;
      runs++;
      from += alarmAt + 1;
    }
    expect(from / runs).toBeGreaterThan(8.38 * 0.96);
    expect(from / runs).toBeLessThan(8.38 * 1.04);
  });

  it("CUSUM and Page–Hinkley find a rise near where it is, and nothing in what is flat", () => {
    const series = noise("rise", 200, (i) => (i < 100 ? 0 : 3));
    const found = cusum(series, { mean: 0, sd: 1 });
    expect(found.side).toBe("high");
    expect(Math.abs(found.changeAt! - 100)).toBeLessThanOrEqual(3);
    const { changeAt } = pageHinkley(series, { threshold: 10, tolerance: 0.5 });
    expect(Math.abs(changeAt! - 100)).toBeLessThanOrEqual(3);
    const flat = Array.from({ length: 50 }, () => 7);
    expect(cusum(flat, { mean: 7, sd: 1 }).alarmAt).toBeNull();
    expect(pageHinkley(flat, { threshold: 1, tolerance: 0 }).alarmAt).toBeNull();
    const fall = cusum(
      series.map((x) => -x),
      { mean: 0, sd: 1 },
    );
    expect(fall).toMatchObject({ side: "low", alarmAt: found.alarmAt, changeAt: found.changeAt });
  });

  it("E-divisive finds two changes in any unit, and a seed repeats itself", () => {
    const series = noise("steps", 60, (i) => (i < 20 || i >= 40 ? 0 : 6));
    const options = { significance: 0.01, seed: "a" };
    const found = eDivisive(series, options);
    expect(found.map(({ index }) => index)).toEqual([20, 40]);
    expect(
      eDivisive(
        series.map((x) => x * 1024),
        options,
      ).map(({ pValue }) => pValue),
    ).toEqual(found.map(({ pValue }) => pValue));
    expect(eDivisive([1, 1, 1, 1, 1, 1], options)).toEqual([]);
    expect(eDivisive([1], options)).toEqual([]);
  });

  it("E-divisive and the halves' test cry wolf no oftener than they say", () => {
    const reps = 200;
    let [changes, halves] = [0, 0];
    for (let rep = 0; rep < reps; rep++) {
      const series = noise(`flat ${rep}`, 24, () => 0);
      const seed = `permutations ${rep}`;
      if (eDivisive(series, { significance: 0.05, permutations: 99, seed }).length > 0) changes++;
      if (halvesDiffer(series).pValue <= 0.05) halves++;
    }
    const most = 0.05 + 2.576 * Math.sqrt((0.05 * 0.95) / reps);
    expect(changes / reps).toBeLessThanOrEqual(most);
    expect(halves / reps).toBeLessThanOrEqual(most);
    expect(halvesDiffer(noise("halves", 60, (i) => (i < 30 ? 0 : 2))).pValue).toBeLessThan(0.01);
  });
});
