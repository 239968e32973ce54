import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Histogram } from "../../src/measure/index.ts";
import { type ArmBlocks, type BlockEffect, pairedBlockQuantile } from "../../src/stats/index.ts";
import { armBlocks, gaussians, simulateArms } from "./simulate.ts";

const DESIGN = { blocks: 24, perBlock: 50, sharedSd: 0.2, armSd: 0.05, requestSd: 0.5 };

const raw = (seed: number, design = DESIGN) => {
  const { control, variant } = simulateArms(design, gaussians(`arms ${seed}`));
  return { control, variant: variant.map((block) => block.map((x) => x * 1.1)) };
};

const compare = (
  arms: { control: ArmBlocks; variant: ArmBlocks },
  rest: { p?: number; betweenRunSd?: number } = {},
): BlockEffect => pairedBlockQuantile({ p: 0.9, confidence: 0.95, ...arms, ...rest });

const ofRaw = (blocks: ReturnType<typeof raw>) => ({
  control: armBlocks(blocks.control),
  variant: armBlocks(blocks.variant),
});

const codes = (effect: BlockEffect): string[] => effect.warnings.map(({ code }) => code);

const histograms = (blocks: Float64Array[]): ArmBlocks => {
  const pooled = new Histogram();
  const each = blocks.map((values) => {
    const histogram = new Histogram();
    for (const value of values) histogram.record(value);
    pooled.add(histogram);
    return histogram;
  });
  return { pooled, blocks: each };
};

const odd = (_: unknown, b: number) => b % 2 === 1;
const even = (_: unknown, b: number) => b % 2 === 0;

const seeds = fc.integer({ min: 0, max: 10_000 });
const RUNS = { numRuns: 25, seed: 7 };

describe("paired block quantile: what must not change the answer", () => {
  it("a unit: both arms in other units have the same effect", () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (seed, unit) => {
        const arms = raw(seed);
        const scale = (blocks: Float64Array[]) => blocks.map((b) => b.map((x) => x * unit));
        const scaled = { control: scale(arms.control), variant: scale(arms.variant) };
        const [before, after] = [compare(ofRaw(arms)), compare(ofRaw(scaled))];
        expect(after.estimate).toBeCloseTo(before.estimate, 9);
        expect(after.low).toBeCloseTo(before.low, 9);
        expect(after.high).toBeCloseTo(before.high, 9);
        expect(after.pHarm).toBeCloseTo(before.pHarm, 9);
      }),
      RUNS,
    );
  });

  it("a slower variant: e^θ on its values moves estimate and interval by θ", () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: -1, max: 1, noNaN: true }), (seed, theta) => {
        const arms = raw(seed);
        const variant = arms.variant.map((block) => block.map((x) => x * Math.exp(theta)));
        const [before, after] = [compare(ofRaw(arms)), compare(ofRaw({ ...arms, variant }))];
        expect(after.estimate).toBeCloseTo(before.estimate + theta, 9);
        expect(after.low).toBeCloseTo(before.low + theta, 9);
        expect(after.high).toBeCloseTo(before.high + theta, 9);
      }),
      RUNS,
    );
  });

  it("the arms' names: swapped, the effect and its interval are mirrored, and so is harm", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { control, variant } = ofRaw(raw(seed));
        const [before, after] = [
          compare({ control, variant }),
          compare({ control: variant, variant: control }),
        ];
        expect(after.estimate).toBeCloseTo(-before.estimate, 9);
        expect(after.low).toBeCloseTo(-before.high, 9);
        expect(after.high).toBeCloseTo(-before.low, 9);
        expect(after.pHarm).toBeCloseTo(1 - before.pHarm, 9);
      }),
      RUNS,
    );
  });

  it("the order of blocks, as long as neighbours do not resemble each other", () => {
    let compared = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const arms = raw(seed);
        const reversed = { control: arms.control.toReversed(), variant: arms.variant.toReversed() };
        const dealt = {
          control: [...arms.control.filter(even), ...arms.control.filter(odd)],
          variant: [...arms.variant.filter(even), ...arms.variant.filter(odd)],
        };
        const [before, ...others] = [arms, reversed, dealt].map((one) => compare(ofRaw(one)));
        for (const after of others) {
          expect(after.estimate).toBeCloseTo(before!.estimate, 12);
          if (before!.varianceFactor > 1 || after.varianceFactor > 1) continue;
          compared++;
          expect(after.low).toBeCloseTo(before!.low, 12);
          expect(after.high).toBeCloseTo(before!.high, 12);
        }
      }),
      RUNS,
    );
    expect(compared).toBeGreaterThan(20);
  });

  it("a histogram: quantiles agree with raw values within a bucket, intervals nearly", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const arms = raw(seed, { ...DESIGN, perBlock: 100 });
        const exact = compare(ofRaw(arms));
        const binned = compare({
          control: histograms(arms.control),
          variant: histograms(arms.variant),
        });
        expect(Math.abs(binned.control / exact.control - 1)).toBeLessThan(0.001);
        expect(Math.abs(binned.variant / exact.variant - 1)).toBeLessThan(0.001);
        expect(Math.abs(binned.estimate - exact.estimate)).toBeLessThan(0.001);
        expect(Math.abs(binned.se / exact.se - 1)).toBeLessThan(0.1);
      }),
      { ...RUNS, numRuns: 10 },
    );
  });

  it("blocks that are empty in both arms", () => {
    const arms = raw(1);
    const padded = {
      control: [new Float64Array(), ...arms.control, new Float64Array()],
      variant: [new Float64Array(), ...arms.variant, new Float64Array()],
    };
    expect(compare(ofRaw(padded))).toEqual(compare(ofRaw(arms)));
  });
});

describe("paired block quantile: what is not known", () => {
  it("a registered between-run SD is added to the standard error", () => {
    const arms = ofRaw(raw(2));
    const [alone, registered] = [compare(arms), compare(arms, { betweenRunSd: 0.05 })];
    expect(registered.se ** 2).toBeCloseTo(alone.se ** 2 + 0.05 ** 2, 12);
    expect(registered.mde).toBeGreaterThan(alone.mde);
  });

  it("too few slower values: says how many more requests would do", () => {
    const effect = compare(ofRaw(raw(3)), { p: 0.99 });
    expect(codes(effect)).toEqual(["few-exceedances", "few-exceedances"]);
    expect(effect.warnings[0]!.message).toBe(
      "control: need at least 100 slower than p99, have 12: about 8.3 × the requests would do",
    );
    expect(effect).toMatchObject({ judged: false, low: -Infinity, high: Infinity, pHarm: 1 });
    expect(effect.estimate).toBeCloseTo(Math.log(effect.variant / effect.control), 12);
  });

  it("far too few values: asks for more, whatever is wrong with their spread", () => {
    const tiny = compare(ofRaw(raw(3, { ...DESIGN, perBlock: 1 })), { p: 0.99 });
    expect(codes(tiny)).toEqual(["few-exceedances", "few-exceedances"]);
    expect(tiny.judged).toBe(false);
  });

  it("too few blocks: says how much more time would do", () => {
    const effect = compare(ofRaw(raw(4, { ...DESIGN, blocks: 12, perBlock: 100 })));
    expect(effect.judged).toBe(false);
    expect(effect.warnings.map(({ message }) => message)).toEqual([
      "need at least 20 blocks, have 12: about 1.7 × the time would do",
    ]);
  });

  it("timeouts: no judgement when the quantile, or its interval, lies among them", () => {
    const arms = ofRaw(raw(5));
    const timedOut = (censoredCount: number) =>
      compare({ ...arms, variant: { ...arms.variant, censoredCount } });
    expect(timedOut(20).judged).toBe(true);
    expect(codes(timedOut(118))).toEqual(["censored"]);
    expect(timedOut(118).warnings[0]!.message).toContain("interval");
    expect(codes(timedOut(200))).toEqual(["censored"]);
    expect(timedOut(200)).toMatchObject({ judged: false, pHarm: 1, high: Infinity });
  });

  it("an empty arm, a quantile of zero, values that are all the same", () => {
    const arms = raw(6);
    const filled = (value: number) => arms.variant.map((block) => block.map(() => value));
    const withVariant = (variant: Float64Array<ArrayBuffer>[]) =>
      compare(ofRaw({ ...arms, variant }));
    const empty = withVariant(arms.variant.map(() => new Float64Array()));
    expect([codes(empty), empty.estimate]).toEqual([["empty-arm"], Number.NaN]);
    expect(codes(withVariant(filled(0)))).toEqual(["zero-quantile"]);
    expect(codes(withVariant(filled(5_000)))).toEqual(["no-spread"]);
  });

  it("arms that are the same to the last value still have an interval with a width", () => {
    const { control } = ofRaw(raw(7));
    const effect = compare({ control, variant: control });
    expect(effect).toMatchObject({ judged: true, estimate: 0, pHarm: 0.5 });
    expect(effect.high).toBeGreaterThan(0.01);
    expect(effect.low).toBeCloseTo(-effect.high, 9);
  });

  it("blocks that do not add up to the pooled values are refused", () => {
    const { control, variant } = ofRaw(raw(8));
    const short = { ...variant, blocks: variant.blocks.slice(1) };
    expect(() => compare({ control, variant: short })).toThrow("blocks do not fit");
  });
});
