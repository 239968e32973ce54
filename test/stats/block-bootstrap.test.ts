import { describe, expect, it } from "vitest";
import { blockBootstrap, pairedBlockQuantile, widthsAgree } from "../../src/stats/index.ts";
import { armBlocks, autoregressive, gaussians, simulateArms } from "./simulate.ts";

const mean = (values: readonly number[]): number =>
  values.reduce((sum, x) => sum + x, 0) / values.length;

describe("blockBootstrap", () => {
  it("agrees with the linearised interval of a paired median", () => {
    const design = { blocks: 60, perBlock: 40, sharedSd: 0.2, armSd: 0.05, requestSd: 0.5 };
    const normal = gaussians("bootstrap");
    for (let rep = 0; rep < 1; rep++) {
      const arms = simulateArms(design, normal);
      const [control, variant] = [armBlocks(arms.control), armBlocks(arms.variant)];
      const linear = pairedBlockQuantile({ p: 0.5, confidence: 0.95, control, variant });
      const median = (blocks: readonly Float64Array[], drawn: readonly number[]): number =>
        armBlocks(drawn.map((b) => blocks[b]!)).pooled.quantile(0.5);
      const resampled = blockBootstrap(
        design.blocks,
        (drawn) => Math.log(median(arms.variant, drawn) / median(arms.control, drawn)),
        { confidence: 0.95, seed: `rep ${rep}`, resamples: 300, length: 1 },
      );
      expect(widthsAgree(linear, resampled)).toBe(true);
      expect(widthsAgree(linear, { low: 2 * linear.low, high: 2 * linear.high })).toBe(false);
    }
  });

  it.each(["moving", "stationary"] as const)("%s: sees the dependence of neighbours", (scheme) => {
    const series = autoregressive(gaussians("ar"), 400, 0.6);
    const of = (drawn: readonly number[]): number => mean(drawn.map((b) => series[b]!));
    const options = { confidence: 0.95, seed: "a", scheme, resamples: 500 } as const;
    const apart = blockBootstrap(series.length, of, { ...options, length: 1 });
    const together = blockBootstrap(series.length, of, { ...options, length: 20 });
    // The long-run standard deviation is twice the plain one: √((1 + 0.6)/(1 − 0.6)).
    expect(together.se / apart.se).toBeGreaterThan(1.5);
    expect(together.se / apart.se).toBeLessThan(2.4);
    expect(blockBootstrap(series.length, of, { ...options, length: 20 })).toEqual(together);
  });

  it("draws as many blocks as there are, all of them real; none, or no number, says nothing", () => {
    const options = { confidence: 0.95, seed: "b", resamples: 50 };
    blockBootstrap(
      7,
      (drawn) => {
        expect(drawn).toHaveLength(7);
        expect(drawn.every((b) => Number.isInteger(b) && b >= 0 && b < 7)).toBe(true);
        return 1;
      },
      options,
    );
    const nothing = { low: -Infinity, high: Infinity, se: Infinity, resamples: 0 };
    expect(blockBootstrap(0, () => 1, options)).toEqual(nothing);
    expect(blockBootstrap(5, () => Number.NaN, options)).toEqual(nothing);
  });
});
