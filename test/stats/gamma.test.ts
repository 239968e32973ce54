import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LatencyLaw, lawCdf, lawQuantile } from "../../src/stats/index.ts";

const gamma = (shape: number): LatencyLaw => ({ kind: "gamma", shape, scaleUs: 1, shiftUs: 0 });

describe("gamma laws of large shape", () => {
  // scipy 1.17.1: stats.gamma.ppf(p, shape).
  const PS = [1e-6, 0.01, 0.5, 0.9, 0.9999];
  it.each([
    [
      499,
      [
        399.91846096505054, 448.5082722531406, 498.66670628097694, 527.8332714241435,
        586.3835754232479,
      ],
    ],
    [
      500,
      [
        400.81221880343287, 449.4562234648066, 499.6667062016905, 528.861950690807,
        587.4667482920802,
      ],
    ],
    [
      850,
      [
        718.540296371719, 783.6498763517849, 849.6666899155741, 887.5709054631012,
        962.7273315525841,
      ],
    ],
    [
      1000,
      [
        856.8146512793919, 927.9081597966425, 999.6666864269652, 1040.73430801369,
        1121.9041774983384,
      ],
    ],
    [
      3000,
      [
        2746.8042844294746, 2874.0531388040467, 2999.66667325183, 3070.404111302976,
        3207.9885674364964,
      ],
    ],
    [
      1e5,
      [
        98504.02706509772, 99265.81516346135, 99999.6666668642, 100405.47571024523,
        101180.33552637429,
      ],
    ],
  ])("shape %d: SciPy's quantiles, and their probabilities", (shape, quantiles) => {
    for (const [i, p] of PS.entries()) {
      expect(Math.abs(lawQuantile(gamma(shape), p) / quantiles[i]! - 1)).toBeLessThan(1e-10);
      expect(Math.abs(lawCdf(gamma(shape), quantiles[i]!) / p - 1)).toBeLessThan(1e-7);
    }
  });

  it("quantile and probability undo each other, and no probability leaves 0 to 1", () => {
    const shapes = fc.double({ min: Math.log(0.1), max: Math.log(1e5), noNaN: true }).map(Math.exp);
    const ps = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true });
    fc.assert(
      fc.property(shapes, ps, fc.double({ min: 0, max: 1e6, noNaN: true }), (shape, p, us) => {
        const law = gamma(shape);
        expect(lawCdf(law, lawQuantile(law, p))).toBeCloseTo(p, 10);
        const share = lawCdf(law, us);
        expect(share >= 0 && share <= 1).toBe(true);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
