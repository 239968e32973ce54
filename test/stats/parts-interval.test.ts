import { expect, it } from "vitest";
import { partsInterval } from "../../src/stats/index.ts";
import { autoregressive, gaussians, upperBound99 } from "./simulate.ts";

const PARTS = 8;
const REPS = 4_000;

function partsOf(series: readonly number[]): number[] {
  const at = (edge: number): number => Math.round((edge * series.length) / PARTS);
  return Array.from({ length: PARTS }, (_, part) => {
    const own = series.slice(at(part), at(part + 1));
    return own.reduce((sum, x) => sum + x, 0) / own.length;
  });
}

/** How often p ≤ 0.005, of series with this mean. */
function shownIn(design: { blocks: number; phi: number; mean?: number }): number {
  const normal = gaussians(JSON.stringify(design));
  let shown = 0;
  for (let rep = 0; rep < REPS; rep++) {
    const series = autoregressive(normal, design.blocks, design.phi);
    const parts = partsOf(series).map((x) => x + (design.mean ?? 0));
    if (partsInterval(parts, 0.99).low > 0) shown++;
  }
  return shown / REPS;
}

it("t(7) of the parts' mean, with twice its standard error", () => {
  // scipy.stats.t.ppf(0.995, 7) = 3.499483; the parts' mean 4.5, their variance 6.
  const { estimate, high, low, pHarm } = partsInterval([1, 2, 3, 4, 5, 6, 7, 8], 0.99);
  const half = 3.499483 * 2 * Math.sqrt(6 / 8);
  expect(estimate).toBe(4.5);
  expect(low).toBeCloseTo(4.5 - half, 5);
  expect(high).toBeCloseTo(4.5 + half, 5);
  // 1 − pt(4.5 / (2 √(6 / 8)), 7)
  expect(pHarm).toBeCloseTo(0.01776, 4);
  expect(partsInterval([2, 2, 2], 0.99)).toMatchObject({ low: 2, high: 2, pHarm: 0 });
});

it.each([
  { blocks: 25, phi: 0, measured: 0.0003 },
  { blocks: 25, phi: 0.5, measured: 0.0006 },
  { blocks: 40, phi: 0.8, measured: 0.0031 },
  { blocks: 25, phi: 0.8, measured: 0.0082 },
  { blocks: 40, phi: 0.9, measured: 0.0132 },
  { blocks: 25, phi: 0.9, measured: 0.0378 },
])("no effect is shown no more often than is claimed: %o", ({ measured, ...design }) => {
  expect(shownIn(design)).toBeLessThanOrEqual(upperBound99(measured, REPS));
});

it("what is in every part is shown, however they move", () => {
  expect(shownIn({ blocks: 25, phi: 0.8, mean: 4 })).toBeGreaterThan(0.9);
});
