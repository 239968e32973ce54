import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import {
  fitUsl,
  normalQuantile,
  type UslFit,
  uslPeak,
  type UslParameters,
  uslThroughput,
} from "../../src/stats/index.ts";

const CONCURRENCIES = [0.2, 0.5, 1, 2, 4, 8, 16, 32, 64];

const pointsOf = (law: UslParameters, noise: () => number = () => 0, at = CONCURRENCIES) =>
  at.map((concurrency) => ({
    concurrency,
    throughputPerSec: uslThroughput(concurrency, law) + noise(),
  }));

function fitted(fit: UslFit): Extract<UslFit, { status: "fitted" }> {
  if (fit.status !== "fitted") throw new Error(`not fitted: ${fit.because}`);
  return fit;
}

const law = fc.record({
  lambda: fc.double({ min: 1, max: 1e5, noNaN: true }),
  sigma: fc.double({ min: 0.001, max: 0.9, noNaN: true }),
  kappa: fc.double({ min: 1e-5, max: 0.05, noNaN: true }),
});

describe("Universal Scalability Law", () => {
  it("exact points give back λ, σ and κ to six digits, whatever they are", () => {
    fc.assert(
      fc.property(law, (truth) => {
        const fit = fitted(fitUsl(pointsOf(truth)));
        for (const name of ["lambda", "sigma", "kappa"] as const) {
          expect(fit[name] / truth[name]).toBeCloseTo(1, 6);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("contention alone, and no limit at all, are found at their bounds", () => {
    const amdahl = fitted(fitUsl(pointsOf({ lambda: 100, sigma: 0.25, kappa: 0 })));
    expect(amdahl.sigma).toBeCloseTo(0.25, 6);
    expect(amdahl.kappa).toBeCloseTo(0, 9);
    const linear = fitted(fitUsl(pointsOf({ lambda: 100, sigma: 0, kappa: 0 })));
    expect(linear.lambda).toBeCloseTo(100, 4);
    expect(linear.sigma).toBeCloseTo(0, 6);
  });

  it("the peak is where the law is highest: a published example, and by search", () => {
    // Gunther's SPEC SDM91 data: σ = 0.02671, κ = 0.0007690 peak at 35 or 36 users.
    expect(uslPeak({ lambda: 1, sigma: 0.02671, kappa: 0.000769 })?.concurrency).toBeCloseTo(
      35.58,
      2,
    );
    expect(uslPeak({ lambda: 1, sigma: 0.1, kappa: 0 })).toBeNull();
    fc.assert(
      fc.property(law, fc.double({ min: 0.5, max: 2, noNaN: true }), (truth, factor) => {
        const peak = uslPeak(truth);
        if (peak === null) return;
        const elsewhere = uslThroughput(peak.concurrency * factor, truth);
        expect(elsewhere).toBeLessThanOrEqual(peak.throughputPerSec * (1 + 1e-9));
      }),
    );
  });

  it("noisy points: 95 % intervals hold the truth about as often as they say", () => {
    const truth = { lambda: 200, sigma: 0.05, kappa: 0.001 };
    const prng = seededPrng("usl noise");
    const noise = (): number => 10 * normalQuantile(prng());
    const held = { lambda: 0, sigma: 0, kappa: 0 };
    const runs = 300;
    for (let run = 0; run < runs; run++) {
      const fit = fitted(fitUsl(pointsOf(truth, noise)));
      expect(fit.lambda / truth.lambda).toBeGreaterThan(0.8);
      expect(fit.lambda / truth.lambda).toBeLessThan(1.2);
      for (const name of ["lambda", "sigma", "kappa"] as const) {
        const interval = fit.intervals[name];
        if (interval !== null && interval.low <= truth[name] && truth[name] <= interval.high) {
          held[name]++;
        }
      }
    }
    for (const count of Object.values(held)) expect(count / runs).toBeGreaterThan(0.91);
  });

  it("too few points give no interval, and what cannot be told is said to be unstable", () => {
    const truth = { lambda: 50, sigma: 0.1, kappa: 0.002 };
    const four = fitted(fitUsl(pointsOf(truth, undefined, [1, 4, 16, 64])));
    expect(four.intervals).toEqual({ lambda: null, sigma: null, kappa: null });
    expect(fitUsl(pointsOf(truth, undefined, [1, 1, 2]))).toMatchObject({ status: "unstable" });
    expect(fitUsl(pointsOf(truth, undefined, [10, 12, 14, 16]))).toMatchObject({
      status: "unstable",
    });
    expect(fitUsl(pointsOf(truth, undefined, [0.1, 0.2, 0.4, 0.8]))).toMatchObject({
      status: "unstable",
      because: "never 2 requests in flight on average",
    });
    const scattered = CONCURRENCIES.map((concurrency, i) => ({
      concurrency,
      throughputPerSec: i % 2 === 0 ? 10 : 1_000,
    }));
    expect(fitUsl(scattered)).toMatchObject({ status: "unstable", points: 9 });
    expect(fitUsl([])).toMatchObject({ status: "unstable" });
  });
});
