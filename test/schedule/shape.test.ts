import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NS_PER_S } from "../../src/core/index.ts";
import {
  linearRate,
  poissonOver,
  type RateShape,
  sinusoidRate,
  steadyRate,
  uniformOver,
} from "../../src/schedule/index.ts";
import { seededPrng } from "../../src/core/index.ts";
import { kolmogorovOfUnitExponential, ONE_IN_10_000 } from "./kolmogorov.ts";

const rates = fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 20_000, noNaN: true }));
const lengths = fc.double({ min: 0.05, max: 3_600, noNaN: true }).map((s) => s * NS_PER_S);
const ramps = fc
  .tuple(rates, fc.oneof(rates, fc.constant("near" as const)), lengths)
  .map(([from, to, lengthNs]) => {
    return linearRate(from, to === "near" ? from * (1 + 1e-13) : to, lengthNs);
  });
const sinusoids = fc
  .record({
    fromPerSec: rates,
    toPerSec: rates,
    amplitude: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })),
    periodNs: lengths,
    durationNs: lengths,
  })
  .map(sinusoidRate);
const steady = fc.tuple(rates, lengths).map(([rate, lengthNs]) => steadyRate(rate, lengthNs));
const shapes = fc.oneof(steady, ramps, sinusoids);
/** A start of the shape: which, and the shape. */
const startsOf = (some: fc.Arbitrary<RateShape>) =>
  fc.tuple(some, fc.double({ min: 0, max: 1, noNaN: true })).map(([shape, share]) => {
    const count = Math.floor(share * shape.startsBefore(shape.durationNs)) + 0.5;
    return { shape, count };
  });

/** Doubles hold a count of a million to 1e-10; a rate near 0 makes a stretch of time of that. */
const roundingOf = (count: number): number => 1e-14 * (count + 1);

describe("every shape", () => {
  it("start i solves Λ(t) = i + ½: no more before 1 ns earlier, no fewer 1 ns later", () => {
    fc.assert(
      fc.property(startsOf(shapes), ({ count, shape }) => {
        const startNs = shape.timeOfNs(count);
        if (!(startNs < shape.durationNs)) return;
        expect(shape.startsBefore(startNs - 1)).toBeLessThanOrEqual(count + roundingOf(count));
        expect(shape.startsBefore(startNs + 1)).toBeGreaterThanOrEqual(count - roundingOf(count));
      }),
      { numRuns: 2_000 },
    );
  });

  it("plans what it expects: uniform starts are Λ(end), rounded", () => {
    const small = shapes.filter((shape) => shape.startsBefore(shape.durationNs) < 5_000);
    fc.assert(
      fc.property(small, (shape) => {
        const planned = [...uniformOver(shape).intendedStartsNs(seededPrng("unused"), 0)];
        const expected = shape.startsBefore(shape.durationNs);
        expect(Math.abs(planned.length - expected)).toBeLessThanOrEqual(0.5 + 1e-6);
      }),
    );
  });

  it("Λ is the integral of its rate, which is never negative", () => {
    fc.assert(
      fc.property(shapes, fc.double({ min: 0, max: 1, noNaN: true }), (shape, share) => {
        // Over a short stretch, so that one parabola (Simpson) holds whatever the period.
        const lengthNs = Math.min(shape.durationNs, 0.05 * NS_PER_S) / 50;
        const fromNs = share * (shape.durationNs - lengthNs);
        const [a, b, c] = [0, 0.5, 1].map((part) => shape.ratePerSec(fromNs + part * lengthNs));
        expect(Math.min(a!, b!, c!)).toBeGreaterThanOrEqual(0);
        const wanted = ((a! + 4 * b! + c!) / 6) * (lengthNs / NS_PER_S);
        const got = shape.startsBefore(fromNs + lengthNs) - shape.startsBefore(fromNs);
        const rounding = 1e-14 * shape.startsBefore(shape.durationNs);
        expect(Math.abs(got - wanted)).toBeLessThanOrEqual(1e-5 * wanted + rounding + 1e-9);
      }),
    );
  });

  it("past its end there is nothing, and a rate of 0 plans none", () => {
    fc.assert(
      fc.property(shapes, fc.double({ min: 1e-6, max: 10, noNaN: true }), (shape, more) => {
        const total = shape.startsBefore(shape.durationNs);
        const beyondNs = shape.timeOfNs(total * (1 + 1e-9) + more);
        expect(beyondNs < shape.durationNs).toBe(false);
      }),
    );
    for (const nothing of [steadyRate(0, NS_PER_S), linearRate(0, 0, NS_PER_S)]) {
      expect([...uniformOver(nothing).intendedStartsNs(seededPrng("unused"), 0)]).toEqual([]);
      expect([...poissonOver(nothing).intendedStartsNs(seededPrng("unused"), 0)]).toEqual([]);
    }
  });
});

describe("a linear ramp", () => {
  it("from 0 to 2n/s: start i comes at √((i + ½) / n) s, and backwards from 2n/s to 0", () => {
    const up = linearRate(0, 20, 10 * NS_PER_S);
    const down = linearRate(20, 0, 10 * NS_PER_S);
    for (let i = 0; i < 100; i++) {
      expect(up.timeOfNs(i + 0.5)).toBeCloseTo(Math.sqrt(i + 0.5) * NS_PER_S, 3);
      expect(down.timeOfNs(i + 0.5)).toBeCloseTo((10 - Math.sqrt(99.5 - i)) * NS_PER_S, 3);
    }
  });
});

const SWING = sinusoidRate({
  fromPerSec: 500,
  toPerSec: 500,
  amplitude: 0.8,
  periodNs: 2 * NS_PER_S,
  durationNs: 200 * NS_PER_S,
});

describe("a Poisson process over a shape", () => {
  it.each([
    ["a ramp", linearRate(0, 2_000, 20 * NS_PER_S)],
    ["a sinusoid", SWING],
  ])("over %s: gaps in operational time are exponential (Kolmogorov–Smirnov)", (_, shape) => {
    const counts = [...poissonOver(shape).intendedStartsNs(seededPrng("shape"), 0)].map((startNs) =>
      shape.startsBefore(startNs),
    );
    const gaps = counts.map((count, i) => count - (counts[i - 1] ?? 0));
    expect(gaps.length).toBeGreaterThan(10_000);
    expect(kolmogorovOfUnitExponential(gaps)).toBeLessThan(ONE_IN_10_000);
  });

  it("over a sinusoid: each tenth of the period gets what the rate says (χ², one in 10,000)", () => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (const startNs of poissonOver(SWING).intendedStartsNs(seededPrng("phase"), 0)) {
      counts[Math.floor(((startNs / NS_PER_S) % 2) * 5)]!++;
    }
    const chiSquare = counts.reduce((sum, count, tenth) => {
      const [from, to] = [(tenth * Math.PI) / 5, ((tenth + 1) * Math.PI) / 5];
      const share = 0.1 + (0.8 * (Math.cos(from) - Math.cos(to))) / (2 * Math.PI);
      return sum + (count - 100_000 * share) ** 2 / (100_000 * share);
    }, 0);
    // 10 degrees of freedom, as the total is not given: the quantile at 0.9999 is 35.6.
    expect(chiSquare).toBeLessThan(35.6);
  });
});
