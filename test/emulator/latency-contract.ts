import { describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { createLatencyModel, latencySchema, type LatencySpec } from "../../src/emulator/index.ts";
import type { AnsweredCall } from "../../src/emulator/model.ts";
import { asked, WORLD } from "./asked.ts";

export { WORLD } from "./asked.ts";

export interface LatencyCase {
  /** As a person writes it in a scenario. */
  readonly written: unknown;
  /** The model's own quantile function, from its definition. */
  readonly quantileUs: (p: number) => number;
}

export const CALL: AnsweredCall = asked({ ratePerSec: 1, status: 200 });
const DRAWS = 20_000;

/** What every latency model keeps to. */
export function latencyContract(name: string, { written, quantileUs }: LatencyCase): void {
  describe(`latency model ${name}`, () => {
    const spec: LatencySpec = latencySchema.parse(written);
    const model = createLatencyModel(spec, WORLD);
    const samples = Array.from({ length: DRAWS }, (_, i) =>
      model.sampleUs(CALL, keyedDraw("latency-contract", i)),
    ).toSorted((a, b) => a - b);

    it("has the quantiles that its definition says", () => {
      for (const p of [0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999]) {
        // Of n draws, n·p ± 5 standard deviations lie at or below the quantile (below, where many
        // draws are equal): no shape of the distribution needs to be assumed.
        const slack = 5 * Math.sqrt(DRAWS * p * (1 - p));
        const quantile = quantileUs(p);
        const atOrBelow = samples.filter((us) => us <= quantile * (1 + 1e-12)).length;
        const below = samples.filter((us) => us < quantile * (1 - 1e-12)).length;
        expect(atOrBelow, `draws at or below p${100 * p}`).toBeGreaterThan(DRAWS * p - slack);
        expect(below, `draws below p${100 * p}`).toBeLessThan(DRAWS * p + slack);
      }
    });

    it("is at each draw the quantile of that draw", () => {
      for (const u of [1e-12, 0.001, 0.3, 0.5, 0.99, 1 - 1e-12]) {
        const us = model.sampleUs(CALL, { uniform: () => u });
        expect(us / quantileUs(u)).toBeCloseTo(1, 6);
      }
    });

    it("is finite and never negative", () => {
      expect(samples.every((us) => Number.isFinite(us) && us >= 0)).toBe(true);
    });

    it("gives the same draw the same sample, from any copy of the model", () => {
      const copy = createLatencyModel(structuredClone(spec), WORLD);
      for (let i = 0; i < 100; i++) {
        const draw = () => keyedDraw("again", i);
        expect(copy.sampleUs(CALL, draw())).toBe(model.sampleUs(CALL, draw()));
      }
    });
  });
}
