import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type RatioBlock,
  newcombe,
  pairedBlockDifference,
  pairedBlockLogRatio,
} from "../../src/stats/index.ts";
import { gaussians } from "./simulate.ts";

const same = (blocks: number, numerator: number, denominator = 100): RatioBlock[] =>
  Array.from({ length: blocks }, () => ({ numerator, denominator }));

const varied = (seed: string, mean: number): RatioBlock[] => {
  const normal = gaussians(seed);
  return Array.from({ length: 30 }, () => ({
    numerator: Math.max(0, Math.round(mean + Math.sqrt(mean) * normal())),
    denominator: 100,
  }));
};

const bursts = (every: number, offset: number): RatioBlock[] =>
  same(40, 0).map((block, b) => ((b + offset) % every === 0 ? { ...block, numerator: 40 } : block));

const scale = (blocks: RatioBlock[]) =>
  blocks.map((block) => ({ ...block, numerator: block.numerator * 1_000 }));

const difference = (control: RatioBlock[], variant: RatioBlock[]) =>
  pairedBlockDifference({ confidence: 0.95, control, variant });
const logRatio = (control: RatioBlock[], variant: RatioBlock[]) =>
  pairedBlockLogRatio({ confidence: 0.95, control, variant });

describe.each([
  { name: "difference", compare: difference },
  { name: "log ratio", compare: logRatio },
])("paired block $name", ({ compare }) => {
  it("mirrors the effect and its interval when the arms swap names", () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.integer({ min: 1, max: 40 }), (seed, mean) => {
        const arms = [varied(`a${seed}`, mean), varied(`b${seed}`, mean + 3)] as const;
        const [before, after] = [compare(arms[0], arms[1]), compare(arms[1], arms[0])];
        expect(after.estimate).toBeCloseTo(-before.estimate, 10);
        expect(after.low).toBeCloseTo(-before.high, 10);
        expect(after.high).toBeCloseTo(-before.low, 10);
      }),
      { numRuns: 30, seed: 3 },
    );
  });

  it("is judged from 20 blocks on", () => {
    const [few, enough] = [19, 20].map((blocks) => compare(same(blocks, 30), same(blocks, 31)));
    expect(few).toMatchObject({ judged: false, pHarm: 1, high: Infinity, mde: Infinity });
    expect(few!.warnings.map(({ code }) => code)).toEqual(["few-blocks"]);
    expect(enough!.judged).toBe(true);
  });

  it("does not judge an arm without requests", () => {
    const effect = compare(same(30, 20), same(30, 0, 0));
    expect(effect.warnings.map(({ code }) => code)).toEqual(["empty-arm"]);
    expect([effect.judged, effect.estimate]).toEqual([false, Number.NaN]);
  });

  it("refuses arms that were cut at different boundaries", () => {
    expect(() => compare(same(30, 20), same(29, 20))).toThrow("blocks do not fit");
  });
});

describe("paired block difference", () => {
  it("no events in either arm: about ±3.8/N, not nothing", () => {
    const effect = difference(same(30, 0), same(30, 0));
    expect(effect).toMatchObject({ judged: true, estimate: 0, pHarm: 0.5 });
    expect(effect.high).toBeCloseTo(1.96 ** 2 / (3_000 + 1.96 ** 2), 5);
    expect(effect.low).toBeCloseTo(-effect.high, 12);
    expect(effect.mde).toBeGreaterThan(effect.high);
    expect(effect.warnings.map(({ code }) => code)).toEqual(["rare-events"]);
  });

  it("events in each block alike: the score interval, since the blocks show no spread", () => {
    const effect = difference(same(30, 7), same(30, 9));
    const score = newcombe({ events: 270, trials: 3_000 }, { events: 210, trials: 3_000 }, 0.95);
    expect(effect.low).toBeCloseTo(score.low, 9);
    expect(effect.high).toBeCloseTo(score.high, 9);
    expect(effect.pHarm).toBeLessThan(0.025);
  });

  it("events in bursts: the interval is wider than the score interval", () => {
    const effect = difference(bursts(10, 3), bursts(8, 0));
    const score = newcombe({ events: 200, trials: 4_000 }, { events: 160, trials: 4_000 }, 0.95);
    expect(effect.high - effect.low).toBeGreaterThan(2 * (score.high - score.low));
  });

  it("shared trouble is paired away: errors that hit both arms alike do not widen the interval", () => {
    const trouble = varied("shared", 10).map((block, b) => ({
      ...block,
      numerator: block.numerator + (b % 5 === 0 ? 50 : 0),
    }));
    const worse = trouble.map((block, b) => ({ ...block, numerator: block.numerator + (b % 2) }));
    const effect = difference(trouble, worse);
    expect(effect.low).toBeGreaterThan(0);
    expect(effect.estimate).toBeCloseTo(0.005, 9);
  });

  it("refuses more events than trials", () => {
    expect(() => difference(same(30, 101), same(30, 10))).toThrow("not a share");
  });

  it("a registered between-run SD widens also the score interval", () => {
    const arms = { confidence: 0.95, control: same(30, 0), variant: same(30, 0) };
    const [alone, registered] = [
      pairedBlockDifference(arms),
      pairedBlockDifference({ ...arms, betweenRunSd: 0.01 }),
    ];
    expect(alone.high).toBeLessThan(0.0015);
    expect(registered.high).toBeGreaterThan(1.96 * 0.01);
  });
});

describe("paired block log ratio", () => {
  it("is the log of the ratio of the pooled ratios, whatever the unit of the numerator", () => {
    const [control, variant] = [varied("c", 150), varied("v", 190)];
    const [calls, bytes] = [logRatio(control, variant), logRatio(scale(control), scale(variant))];
    expect(calls.estimate).toBeCloseTo(Math.log(calls.variant / calls.control), 12);
    expect(bytes.estimate).toBeCloseTo(calls.estimate, 12);
    expect(bytes.low).toBeCloseTo(calls.low, 12);
    expect(calls.low).toBeGreaterThan(0.15);
    expect(calls.high).toBeLessThan(0.32);
  });

  it("exactly two calls a request in both arms: a narrow interval, not an empty one", () => {
    const effect = logRatio(same(30, 200), same(30, 200));
    expect(effect).toMatchObject({ judged: true, estimate: 0, pHarm: 0.5 });
    expect(effect.high).toBeGreaterThan(3.84 / 6_000);
    expect(effect.high).toBeLessThan(0.002);
  });

  it("an arm that never calls has no ratio", () => {
    const effect = logRatio(same(30, 0), same(30, 5));
    expect(effect.warnings.map(({ code }) => code)).toEqual(["zero-ratio"]);
    expect(effect).toMatchObject({ judged: false, estimate: Number.NaN });
  });
});
