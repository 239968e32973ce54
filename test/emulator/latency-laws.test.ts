import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { createLatencyModel, latencySchema, type LatencySpec } from "../../src/emulator/index.ts";
import { resolveFitted } from "../../src/emulator/latency/index.ts";
import type { AnsweredCall } from "../../src/emulator/model.ts";
import { Histogram } from "../../src/measure/index.ts";
import { type LatencyLaw, lawQuantile, normalCdf, normalQuantile } from "../../src/stats/index.ts";
import { CALL, WORLD } from "./latency-contract.ts";

const DRAWS = 20_000;
/** 99.9 % of a normal lies within so many deviations. */
const Z_999 = 3.2905;
const PLACES = [0.25, 0.5, 0.95] as const;

interface Theory {
  readonly written: unknown;
  /** What the i-th call is like, where the latency depends on that. */
  readonly call?: (i: number) => Partial<AnsweredCall>;
  readonly meanUs: number;
  /** Standard deviation of one draw. */
  readonly sdUs: number;
  /** At one of the places. */
  readonly quantileUs: (p: number) => number;
}

/** Between two ends, every value as likely: mean, and mean of squares. */
const evenly = (low: number, high: number): [mean: number, square: number] => [
  (low + high) / 2,
  (low * low + low * high + high * high) / 3,
];

/** Mean and deviation of evenly spread values, each span taken with its weight; weights add to 1. */
function ofSpans(
  spans: readonly (readonly [weight: number, low: number, high: number])[],
): Pick<Theory, "meanUs" | "sdUs" | "quantileUs"> {
  let [meanUs, square] = [0, 0];
  for (const [weight, low, high] of spans) {
    const [mean, squares] = evenly(low, high);
    meanUs += weight * mean;
    square += weight * squares;
  }
  const quantileUs = (p: number): number => {
    let before = 0;
    for (const [weight, low, high] of spans) {
      if (p <= before + weight) return low + ((p - before) / weight) * (high - low);
      before += weight;
    }
    throw new Error("weights add up to 1");
  };
  return { meanUs, sdUs: Math.sqrt(square - meanUs * meanUs), quantileUs };
}

const uniform = (min: string, max: string) => ({ kind: "uniform", min, max });
const FAST = uniform("1ms", "2ms");
const MIDDLE = uniform("3ms", "4ms");
const SLOW = uniform("10ms", "20ms");
const MS = 1_000;
/** Spread evenly over [0, 1), one after the other: multiples of the golden section. */
const evenShare = (i: number): number => (i * 0.6180339887498949) % 1;

const measured = new Histogram();
for (let us = 1; us <= 1_000; us++) measured.record(us);

/** χ² of 5 degrees of freedom (scipy 1.17.1: stats.chi2.ppf): a gamma of shape 2.5 and scale 2. */
const CHI_SQUARE_5: ReadonlyMap<number, number> = new Map([
  [0.25, 2.6746028094321637],
  [0.5, 4.351460191095526],
  [0.95, 11.070497693516351],
]);

const lognormalMean = 8 * MS * Math.exp(0.8 ** 2 / 2);
/** A normal of mean and deviation 1 ms, cut at 0: what is left, and its density at the cut over it. */
const left = 1 - normalCdf(-1);
const hazard = Math.exp(-0.5) / Math.sqrt(2 * Math.PI) / left;

/**
 * Means, deviations and quantiles from the laws' definitions; where they are not plain from those,
 * Johnson, Kotz & Balakrishnan 1994 has them: normal §13.10, lognormal §14.3, gamma §17.3,
 * exponential §19.4, pareto §20.3, weibull §21.3. "uniform" and what is made of it: §26.2. The
 * sinusoid of an even phase has the arcsine law: §25.3.
 */
const THEORIES: Readonly<Record<LatencySpec["kind"], Theory>> = {
  constant: {
    written: { kind: "constant", value: "80ms" },
    meanUs: 80 * MS,
    sdUs: 0,
    quantileUs: () => 80 * MS,
  },
  uniform: { written: FAST, ...ofSpans([[1, MS, 2 * MS]]) },
  normal: {
    written: { kind: "normal", mean: "1ms", sd: "1ms" },
    meanUs: MS * (1 + hazard),
    sdUs: MS * Math.sqrt(1 - hazard - hazard ** 2),
    quantileUs: (p) => MS * (1 + normalQuantile(1 - left + p * left)),
  },
  lognormal: {
    written: { kind: "lognormal", shift: "2ms", median: "8ms", sigma: 0.8 },
    meanUs: 2 * MS + lognormalMean,
    sdUs: lognormalMean * Math.sqrt(Math.expm1(0.8 ** 2)),
    quantileUs: (p) => 2 * MS + 8 * MS * Math.exp(0.8 * normalQuantile(p)),
  },
  exponential: {
    written: { kind: "exponential", shift: "2ms", mean: "5ms" },
    meanUs: 7 * MS,
    sdUs: 5 * MS,
    quantileUs: (p) => 2 * MS - 5 * MS * Math.log1p(-p),
  },
  gamma: {
    written: { kind: "gamma", shift: "3ms", shape: 2.5, scale: "2ms" },
    meanUs: 8 * MS,
    sdUs: 2 * MS * Math.sqrt(2.5),
    quantileUs: (p) => 3 * MS + MS * CHI_SQUARE_5.get(p)!,
  },
  weibull: {
    written: { kind: "weibull", shift: "1ms", shape: 2, scale: "4ms" },
    meanUs: MS + 4 * MS * (Math.sqrt(Math.PI) / 2),
    sdUs: 4 * MS * Math.sqrt(1 - Math.PI / 4),
    quantileUs: (p) => MS + 4 * MS * Math.sqrt(-Math.log1p(-p)),
  },
  pareto: {
    written: { kind: "pareto", min: "4ms", shape: 5 },
    meanUs: 5 * MS,
    sdUs: 4 * MS * Math.sqrt(5 / (4 ** 2 * 3)),
    quantileUs: (p) => 4 * MS * (1 - p) ** -0.2,
  },
  empirical: {
    written: {
      kind: "empirical",
      quantiles: [
        [0, "1ms"],
        [0.9, "2ms"],
        [1, "20ms"],
      ],
    },
    ...ofSpans([
      [0.9, MS, 2 * MS],
      [0.1, 2 * MS, 20 * MS],
    ]),
  },
  histogram: {
    written: { kind: "histogram", histogram: measured.encode() },
    ...ofSpans([[1, 0.5, 1_000.5]]),
  },
  fitted: {
    written: { kind: "fitted", from: "profile" },
    ...ofSpans([[1, 3 * MS, 4 * MS]]),
  },
  mixture: {
    written: {
      kind: "mixture",
      of: [
        { weight: 9, latency: FAST },
        { weight: 1, latency: SLOW },
      ],
    },
    ...ofSpans([
      [0.9, MS, 2 * MS],
      [0.1, 10 * MS, 20 * MS],
    ]),
  },
  by: {
    written: { kind: "by", by: "status", cases: [{ when: "5xx", latency: SLOW }], otherwise: FAST },
    call: (i) => ({ status: i % 4 === 0 ? 503 : 200 }),
    ...ofSpans([
      [0.75, MS, 2 * MS],
      [0.25, 10 * MS, 20 * MS],
    ]),
  },
  regimes: {
    // The chain is in its states 8 : 12 : 20 of the time; the calls are so far apart that each
    // finds it anew.
    written: {
      kind: "regimes",
      timeline: {
        kind: "markov",
        dwell: ["2s", "4s", "10s"],
        next: [
          [0, 3, 1],
          [2, 0, 1],
          [1, 0, 0],
        ],
      },
      states: [FAST, MIDDLE, SLOW],
    },
    call: (i) => ({ nowNs: i * 100e9 }),
    ...ofSpans([
      [0.2, MS, 2 * MS],
      [0.3, 3 * MS, 4 * MS],
      [0.5, 10 * MS, 20 * MS],
    ]),
  },
  schedule: {
    written: {
      kind: "schedule",
      latency: { kind: "constant", value: "1ms" },
      factor: { kind: "sinusoid", amplitude: 0.5, period: "10s" },
    },
    call: (i) => ({ nowNs: evenShare(i) * 10e9 }),
    meanUs: MS,
    sdUs: (0.5 * MS) / Math.SQRT2,
    quantileUs: (p) => MS * (1 + 0.5 * Math.sin(Math.PI * (p - 0.5))),
  },
  load: {
    written: {
      kind: "load",
      latency: { kind: "constant", value: "1ms" },
      by: "rate",
      curve: [
        ["100/s", 1],
        ["200/s", 3],
      ],
    },
    call: (i) => ({ ratePerSec: 100 + 100 * evenShare(i) }),
    ...ofSpans([[1, MS, 3 * MS]]),
  },
  linear: {
    written: { kind: "linear", base: { kind: "exponential", mean: "1ms" }, perInFlight: "2ms" },
    call: () => ({ inFlight: 3 }),
    meanUs: 5 * MS,
    sdUs: MS,
    quantileUs: (p) => 4 * MS - MS * Math.log1p(-p),
  },
};

const read = (written: unknown): LatencySpec =>
  resolveFitted(latencySchema.parse(written), () => latencySchema.parse(MIDDLE));

function drawsOf(spec: LatencySpec, call: Theory["call"], count: number): Float64Array {
  const model = createLatencyModel(spec, WORLD);
  return Float64Array.from({ length: count }, (_, i) =>
    model.sampleUs({ ...CALL, ...call?.(i) }, keyedDraw("laws", i)),
  );
}

describe.each(Object.entries(THEORIES))("latencies of kind %s", (_kind, theory) => {
  const spec = read(theory.written);
  const drawn = drawsOf(spec, theory.call, DRAWS);

  it("have the mean and the quantiles of the theory, within 99.9 %", () => {
    const meanUs = drawn.reduce((sum, us) => sum + us, 0) / DRAWS;
    const slackUs = (Z_999 * theory.sdUs) / Math.sqrt(DRAWS) + 1e-9 * theory.meanUs;
    expect(Math.abs(meanUs - theory.meanUs)).toBeLessThanOrEqual(slackUs);
    for (const p of PLACES) {
      // As many draws lie below the quantile as a binomial of chance p has successes; where many
      // draws are equal to it, no more lie below and no fewer at or below.
      const slack = Z_999 * Math.sqrt(DRAWS * p * (1 - p));
      const us = theory.quantileUs(p);
      const below = drawn.filter((each) => each < us * (1 - 1e-9)).length;
      const upTo = drawn.filter((each) => each <= us * (1 + 1e-9)).length;
      expect(below, `below p${100 * p}`).toBeLessThanOrEqual(DRAWS * p + slack);
      expect(upTo, `up to p${100 * p}`).toBeGreaterThanOrEqual(DRAWS * p - slack);
    }
  });

  it("are the same in another thread: the spec is plain data", () => {
    const copy = structuredClone(spec);
    expect(copy).toEqual(spec);
    expect(drawsOf(copy, theory.call, 500)).toEqual(drawn.slice(0, 500));
  });
});

describe("gamma latencies from a table", () => {
  /** The largest relative error that is claimed. */
  const errorMax = (shape: number): number => 2e-9 / Math.min(shape, 1);

  function errorAt(shape: number, us: readonly number[]): number {
    // A scale of 1 s, so that the spec rounds nothing.
    const spec = latencySchema.parse({ kind: "gamma", shape, scale: "1s" });
    const model = createLatencyModel(spec, WORLD);
    const law: LatencyLaw = { kind: "gamma", shape, scaleUs: 1e6, shiftUs: 0 };
    const errors = us.map((u) => {
      const [ours, exact] = [model.sampleUs(CALL, { uniform: () => u }), lawQuantile(law, u)];
      // The least draws of the least shapes are 0 to a double.
      return ours === exact ? 0 : Math.abs(ours / exact - 1);
    });
    return Math.max(...errors);
  }

  it("are the quantile function to 2 parts in 10⁹, halfway between knots, where it errs most", () => {
    const halfway: number[] = [];
    for (let z = -5.5 + 1 / 64; z < 5.5; z += 1 / 32) halfway.push(normalCdf(z));
    for (const shape of [0.1, 0.3, 0.9, 1, 1.1, 3, 20, 499, 500, 1e4, 1e5]) {
      expect(errorAt(shape, halfway), `shape ${shape}`).toBeLessThan(errorMax(shape));
    }
  });

  it("whatever the shape and the draw, the farthest too", () => {
    const shapes = fc
      .double({ min: Math.log(0.1), max: Math.log(1e5), noNaN: true })
      .map((log) => Math.min(Math.max(Math.exp(log), 0.1), 1e5));
    const draws = fc.oneof(
      fc.double({ min: 2 ** -53, max: 1 - 2 ** -53, noNaN: true }),
      fc.double({ min: 0, max: 36, noNaN: true }).map((nats) => Math.exp(-nats) / 2),
      fc.double({ min: 0, max: 36, noNaN: true }).map((nats) => 1 - Math.exp(-nats) / 2),
    );
    fc.assert(
      fc.property(shapes, fc.array(draws, { minLength: 20, maxLength: 20 }), (shape, us) => {
        expect(errorAt(shape, us)).toBeLessThan(errorMax(shape));
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
