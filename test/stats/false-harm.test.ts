import { describe, expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import { type ArmBlocks, pairedBlockQuantile, tCdf } from "../../src/stats/index.ts";
import { blockVariance, neighbourVariance } from "../../src/stats/block-variance.ts";
import {
  armBlocks,
  autoregressive,
  gaussians,
  naiveHarm,
  simulateArms,
  upperBound99,
} from "./simulate.ts";

const ALPHA = 0.025;
const REPS = 4_000;

/** How often no effect is called harm: by `blockVariance`, and by a t interval blind to order. */
function falseHarm(design: { blocks: number; phi: number; noise: number }) {
  const normal = gaussians(JSON.stringify(design));
  let [treated, untreated, neighbours] = [0, 0, 0];
  for (let rep = 0; rep < REPS; rep++) {
    const series = autoregressive(normal, design.blocks, design.phi).map(
      (effect) => effect + Math.sqrt(design.noise) * normal(),
    );
    const estimate = series.reduce((sum, x) => sum + x, 0);
    const { variance, df } = blockVariance(series);
    if (tCdf(-estimate / Math.sqrt(variance), df) <= ALPHA) treated++;
    if (naiveHarm(series)) untreated++;
    const near = neighbourVariance(series);
    if (tCdf(-estimate / Math.sqrt(near.variance), near.df) <= ALPHA) neighbours++;
  }
  const rateOf = (hits: number): number => hits / REPS;
  return {
    treated: rateOf(treated),
    untreated: rateOf(untreated),
    neighbours: rateOf(neighbours),
  };
}

describe("false harm under A/A when neighbouring blocks' effects resemble each other", () => {
  it.each([
    { blocks: 24, phi: 0, untreated: 0.02 },
    { blocks: 60, phi: 0, untreated: 0.02 },
    { blocks: 60, phi: 0.2, untreated: 0.045 },
    { blocks: 60, phi: 0.4, untreated: 0.08 },
    { blocks: 60, phi: 0.6, untreated: 0.14 },
    { blocks: 60, phi: 0.8, untreated: 0.22 },
    { blocks: 120, phi: 0.8, untreated: 0.22 },
  ])("stays within the binomial bound of α: %o", ({ untreated, ...design }) => {
    const rate = falseHarm({ ...design, noise: 0 });
    expect(rate.treated).toBeLessThanOrEqual(upperBound99(ALPHA, REPS));
    expect(rate.untreated).toBeGreaterThan(untreated);
  });

  // Where α is not reached, the measured figure is what is claimed (see blockVariance).
  it.each([
    { blocks: 24, phi: 0.4, noise: 0, measured: 0.031 },
    { blocks: 24, phi: 0.8, noise: 0, measured: 0.044 },
    { blocks: 40, phi: 0.8, noise: 0, measured: 0.029 },
    { blocks: 60, phi: 0.4, noise: 0.8, measured: 0.03 },
    { blocks: 60, phi: 0.8, noise: 0.8, measured: 0.042 },
    { blocks: 120, phi: 0.8, noise: 0.8, measured: 0.028 },
    { blocks: 40, phi: 0.8, noise: 0.8, measured: 0.063 },
    { blocks: 24, phi: 0.8, noise: 0.8, measured: 0.085 },
  ])("is as measured, and far below the untreated rate: %o", ({ measured, ...design }) => {
    const rate = falseHarm(design);
    expect(rate.treated).toBeLessThanOrEqual(upperBound99(measured, REPS));
    expect(rate.untreated).toBeGreaterThan(1.8 * rate.treated);
  });

  it.each([
    { blocks: 60, measured: 0.061 },
    { blocks: 120, measured: 0.042 },
    { blocks: 240, measured: 0.033 },
  ])("sees what drifts beneath three times as much noise: %o", ({ blocks, measured }) => {
    const rate = falseHarm({ blocks, phi: 0.8, noise: 3 });
    expect(rate.treated).toBeLessThanOrEqual(upperBound99(measured, REPS));
    expect(rate.neighbours).toBeGreaterThan(1.2 * rate.treated);
  });

  // Shared block effects, AR(1) arm-block effects of lag-1 0.8 and the requests' own noise. The less
  // the blocks' effects stand out from that noise, the less of their slowness can be seen.
  it.each([
    { perBlock: 100, armSd: 0.15, requestSd: 0.3, measured: { p50: 0.022, p95: 0.051 } },
    { perBlock: 200, armSd: 0.05, requestSd: 0.5, measured: { p50: 0.054, p95: 0.079 } },
  ])("is as measured for whole quantile comparisons: %o", ({ measured, ...rest }) => {
    const reps = 400;
    const normal = gaussians(JSON.stringify(rest));
    const uniform = seededPrng("order");
    const design = { ...rest, blocks: 60, sharedSd: 0.2, phi: 0.8 };
    const treated = { p50: 0, p95: 0 };
    const shuffled = { p50: 0, p95: 0 };
    for (let rep = 0; rep < reps; rep++) {
      const { control, variant } = simulateArms(design, normal);
      const inTime = { control: armBlocks(control), variant: armBlocks(variant) };
      const keys = control.map(() => uniform());
      const order = keys.map((_, b) => b).toSorted((a, b) => keys[a]! - keys[b]!);
      const shuffle = (arm: ArmBlocks) => ({ ...arm, blocks: order.map((b) => arm.blocks[b]!) });
      // Shuffled, the same blocks hide their dependence: the untreated interval.
      const blind = { control: shuffle(inTime.control), variant: shuffle(inTime.variant) };
      for (const [name, p] of [
        ["p50", 0.5],
        ["p95", 0.95],
      ] as const) {
        const asked = { p, confidence: 0.95 };
        if (pairedBlockQuantile({ ...asked, ...inTime }).pHarm <= ALPHA) treated[name] += 1 / reps;
        if (pairedBlockQuantile({ ...asked, ...blind }).pHarm <= ALPHA) shuffled[name] += 1 / reps;
      }
    }
    expect(treated.p50).toBeLessThanOrEqual(upperBound99(measured.p50, reps));
    expect(treated.p95).toBeLessThanOrEqual(upperBound99(measured.p95, reps));
    expect(shuffled.p50).toBeGreaterThan(4 * ALPHA);
    expect(shuffled.p95).toBeGreaterThan(4 * ALPHA);
    expect(shuffled.p50).toBeGreaterThan(2 * treated.p50);
  });

  it("warns when what is left of the dependence is strong, and says so in the result", () => {
    const { warnings, factor, blocks, lag1 } = blockVariance(
      Array.from({ length: 60 }, (_, b) => Math.sin(b / 8)),
    );
    expect(warnings.map(({ code }) => code)).toEqual(["autocorrelated"]);
    expect({ blocks, merged: lag1 > 0.3, widened: factor > 3 }).toEqual({
      blocks: 30,
      merged: true,
      widened: true,
    });
  });

  it("merging keeps every contribution, also of an odd number of blocks", () => {
    const values = Array.from({ length: 41 }, (_, b) => (b < 20 ? -1 : 1));
    expect(blockVariance(values).blocks).toBe(20);
  });
});
