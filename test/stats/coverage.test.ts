import { beforeAll, describe, expect, it } from "vitest";
import {
  type ArmBlocks,
  type BlockEffect,
  blocksNeeded,
  normalQuantile,
  pairedBlockQuantile,
} from "../../src/stats/index.ts";
import { armBlocks, gaussians, simulateArms } from "./simulate.ts";

const QUANTILES = [0.5, 0.95, 0.99];
/** Of sim-paired-coverage among the vectors, at those quantiles. */
const PUBLISHED_HALF_WIDTH = [0.0254, 0.0371, 0.0617];
const REPS = 1_000;
const DESIGN = { blocks: 60, perBlock: 200, sharedSd: 0.2, armSd: 0.05, requestSd: 0.5 };
const BINOMIAL_ERROR = 2.576 * Math.sqrt((0.95 * 0.05) / REPS);

/** The textbook variance of ln Q: every request taken for an independent one. */
function independentVariance(arm: ArmBlocks, p: number): number {
  const z = normalQuantile(0.975);
  const h = z * Math.sqrt((p * (1 - p)) / arm.pooled.count);
  const width = arm.pooled.quantile(p + h) - arm.pooled.quantile(p - h);
  return (width / 2 / z / arm.pooled.quantile(p)) ** 2;
}

const share = <T>(all: readonly T[], holds: (one: T) => boolean): number =>
  all.filter(holds).length / all.length;
const mean = (all: readonly number[]): number => all.reduce((sum, x) => sum + x, 0) / all.length;

describe("sim-paired-coverage: 60 blocks × 200 requests, shared block SD 0.20, arm block SD 0.05", () => {
  const effects = new Map<number, { effect: BlockEffect; independentSe: number }[]>();

  beforeAll(() => {
    const normal = gaussians("coverage");
    for (const p of QUANTILES) effects.set(p, []);
    for (let rep = 0; rep < REPS; rep++) {
      const { control, variant } = simulateArms(DESIGN, normal);
      const arms = { control: armBlocks(control), variant: armBlocks(variant) };
      for (const p of QUANTILES) {
        const effect = pairedBlockQuantile({ p, confidence: 0.95, ...arms });
        const variance =
          independentVariance(arms.control, p) + independentVariance(arms.variant, p);
        effects.get(p)!.push({ effect, independentSe: Math.sqrt(variance) });
      }
    }
  });

  it.each(QUANTILES)("covers the true effect in 93 to 97 of 100 A/A runs at p = %d", (p) => {
    const covered = share(effects.get(p)!, ({ effect }) => effect.low <= 0 && effect.high >= 0);
    expect(covered).toBeGreaterThan(0.93 - BINOMIAL_ERROR);
    expect(covered).toBeLessThan(0.97 + BINOMIAL_ERROR);
  });

  it.each(QUANTILES.entries().toArray())(
    "has the published half-width (%d: p = %d)",
    (index, p) => {
      const half = mean(effects.get(p)!.map(({ effect }) => (effect.high - effect.low) / 2));
      const published = PUBLISHED_HALF_WIDTH[index]!;
      expect(half / published).toBeGreaterThan(0.93);
      expect(half / published).toBeLessThan(1.07);
    },
  );

  it("negative control: the i.i.d. formula misses far more often at p50 and p95", () => {
    const covered = [0.5, 0.95].map((p) =>
      share(
        effects.get(p)!,
        ({ effect, independentSe }) => Math.abs(effect.estimate) <= 1.96 * independentSe,
      ),
    );
    expect(covered[0]).toBeLessThan(0.88);
    expect(covered[1]).toBeLessThan(0.92);
  });

  it.each(QUANTILES)("claims harm in an A/A run no oftener than α at p = %d", (p) => {
    const rate = share(effects.get(p)!, ({ effect }) => effect.pHarm <= 0.025);
    expect(rate).toBeLessThanOrEqual(0.025 + 2.326 * Math.sqrt((0.025 * 0.975) / REPS));
  });

  // Multiplying the variant by e^θ moves its estimate and interval by θ exactly (see the unit
  // property), so the A/A runs are runs under any effect.
  it.each(QUANTILES)(
    "finds an effect as large as the MDE with the power it names at p = %d",
    (p) => {
      const runs = effects.get(p)!;
      const planned = mean(runs.map(({ effect }) => effect.mde));
      const found = share(runs, ({ effect }) => effect.low + planned > 0);
      expect(found).toBeGreaterThan(0.74);
      expect(found).toBeLessThan(0.86);
    },
  );

  it("needs about as many blocks for non-inferiority as blocksNeeded says", () => {
    const runs = effects.get(0.5)!;
    const blockSd = mean(runs.map(({ effect }) => effect.se)) * Math.sqrt(DESIGN.blocks);
    const room = (2.8016 * blockSd) / Math.sqrt(DESIGN.blocks);
    const sized = { blockSd, margin: room, assumed: 0, alpha: 0.025, power: 0.8 };
    // Two more than z alone would say: the interval is t's.
    expect(blocksNeeded(sized)).toBe(DESIGN.blocks + 2);
    const shown = share(runs, ({ effect }) => effect.high < room);
    expect(shown).toBeGreaterThan(0.73);
    expect(shown).toBeLessThan(0.86);
  });
});
