import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { createLatencyModel, latencySchema } from "../../src/emulator/index.ts";
import type { LatencyModel } from "../../src/emulator/model.ts";
import {
  fitLatency,
  ksDistance,
  type LatencyFit,
  type LatencyLaw,
  lawCdf,
  lawQuantile,
  writtenKsDistance,
  writtenLatency,
} from "../../src/stats/index.ts";
import { CALL, WORLD } from "./latency-contract.ts";

const DRAWS = 5_000;
/** Exceeded by one sample in 1,000, or fewer, whatever the law. Source: Massart 1990. */
const KS_999 = Math.sqrt(-Math.log(0.001 / 2) / (2 * DRAWS));

/** Some fit, of which another law is advised. */
const fitOf = (samplesUs: readonly number[]): LatencyFit => fitLatency(samplesUs)!;
const SOME = fitOf([3, 1, 4, 1, 5, 9, 2, 6]);
const written = (advised: LatencyLaw) => writtenLatency({ ...SOME, advised });
const modelOf = (latency: unknown): LatencyModel =>
  createLatencyModel(latencySchema.parse(latency), WORLD);

const between = (min: number, max: number): fc.Arbitrary<number> =>
  fc
    .double({ min: Math.log(min), max: Math.log(max), noNaN: true })
    .map((log) => Math.min(Math.max(Math.exp(log), min), max));
/** From 50 µs to 10 s. */
const us = between(50, 1e7);
const shiftUs = fc.oneof(fc.constant(0), us);
const shape = between(0.3, 2_000);
const sigma = between(0.02, 3);

const LAWS: Readonly<Record<LatencyLaw["kind"], fc.Arbitrary<LatencyLaw>>> = {
  constant: us.map((valueUs) => ({ kind: "constant", valueUs })),
  uniform: fc
    .tuple(us, us)
    .map(([minUs, more]) => ({ kind: "uniform", minUs, maxUs: minUs + more })),
  exponential: fc.record({ kind: fc.constant("exponential" as const), meanUs: us, shiftUs }),
  lognormal: fc.record({ kind: fc.constant("lognormal" as const), medianUs: us, sigma, shiftUs }),
  gamma: fc.tuple(us, shape, shiftUs).map(([meanUs, k, shift]) => ({
    kind: "gamma",
    shape: k,
    scaleUs: meanUs / k,
    shiftUs: shift,
  })),
  weibull: fc.record({ kind: fc.constant("weibull" as const), shape, scaleUs: us, shiftUs }),
  pareto: fc.record({ kind: fc.constant("pareto" as const), shape, minUs: us }),
  "lognormal-mixture": fc
    .array(fc.tuple(between(0.05, 1), us, sigma), { minLength: 2, maxLength: 3 })
    .map((drawn) => {
      const total = drawn.reduce((sum, [weight]) => sum + weight, 0);
      const parts = drawn.map(([weight, medianUs, width]) => ({
        weight: weight / total,
        medianUs,
        sigma: width,
      }));
      return { kind: "lognormal-mixture", parts };
    }),
};

/** As the emulator calls it. */
const kindOf = (law: LatencyLaw): string =>
  law.kind === "lognormal-mixture" ? "mixture" : law.kind;

/** How far seeded draws are from the law; a constant's steps are compared by `inverseError`. */
function drawnDistance(model: LatencyModel, law: LatencyLaw, seed: string): number {
  if (law.kind === "constant") return 0;
  const drawn = Array.from({ length: DRAWS }, (_, i) =>
    model.sampleUs(CALL, keyedDraw("written", seed, i)),
  );
  return ksDistance(
    drawn.toSorted((a, b) => a - b),
    (value) => lawCdf(law, value),
  );
}

/**
 * All but mixtures are drawn by their inverse: the largest relative difference to the law's own,
 * which is what rounding to the nanosecond leaves.
 */
function inverseError(model: LatencyModel, law: LatencyLaw): number {
  if (law.kind === "lognormal-mixture") return 0;
  const errors = [0.001, 0.1, 0.5, 0.9, 0.999].map((u) =>
    Math.abs(model.sampleUs(CALL, { uniform: () => u }) / lawQuantile(law, u) - 1),
  );
  return Math.max(...errors);
}

describe("fits as they are written", () => {
  it.each(Object.entries(LAWS))("%s: what was fitted is what the emulator draws", (name, laws) => {
    fc.assert(
      fc.property(laws, (law) => {
        const latency = written(law);
        expect(latency.kind).toBe(kindOf(law));
        const model = modelOf(structuredClone(latency));
        expect(drawnDistance(model, law, name)).toBeLessThan(KS_999);
        expect(inverseError(model, law)).toBeLessThan(3e-5);
      }),
      { seed: 4, numRuns: 20 },
    );
  });

  it("whatever the data, each of its laws is written so that it is read and drawn", () => {
    const samples = fc.array(fc.oneof(fc.nat(3), fc.nat(5_000), fc.nat(2_000_000_000)), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(samples, (samplesUs) => {
        const fit = fitOf(samplesUs);
        for (const { law } of fit.laws) {
          const asWritten = writtenLatency({ ...fit, advised: law });
          const model = modelOf(asWritten);
          for (const u of [2 ** -53, 0.5, 1 - 2 ** -53]) {
            const value = model.sampleUs(CALL, { uniform: () => u });
            expect(Number.isFinite(value) && value >= 0).toBe(true);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each<[string, LatencyLaw]>([
    ["a shape that has no bound", { kind: "pareto", shape: 0.05, minUs: 10 }],
    ["a shape that is one value", { kind: "weibull", shape: 1e6, scaleUs: 10, shiftUs: 0 }],
    ["a gamma of a shape too small", { kind: "gamma", shape: 0.01, scaleUs: 10, shiftUs: 0 }],
    ["a sigma too large", { kind: "lognormal", medianUs: 10, sigma: 11, shiftUs: 0 }],
    ["a mean that rounds to nothing", { kind: "exponential", meanUs: 1e-4, shiftUs: 7 }],
    [
      "a part that rounds to nothing",
      {
        kind: "lognormal-mixture",
        parts: [
          { weight: 0.5, medianUs: 1e-4, sigma: 1 },
          { weight: 0.5, medianUs: 10, sigma: 1 },
        ],
      },
    ],
  ])("%s: the quantiles are written instead, with their own distance", (_what, advised) => {
    const fit = { ...SOME, advised };
    expect(writtenLatency(fit).kind).toBe("empirical");
    expect(writtenKsDistance(fit)).toBe(SOME.empirical.ksDistance);
    expect(modelOf(writtenLatency(fit)).sampleUs(CALL, { uniform: () => 1e-9 })).toBeCloseTo(1, 6);
  });
});
