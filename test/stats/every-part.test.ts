import { expect, it } from "vitest";
import { blockVariance, everyPart, PARTS, tCdf } from "../../src/stats/index.ts";
import { autoregressive, gaussians, upperBound99 } from "./simulate.ts";

const REPS = 6_000;

function partsOf(series: readonly number[]): number[] {
  const at = (edge: number): number => Math.round((edge * series.length) / PARTS);
  return Array.from({ length: PARTS }, (_, part) => {
    const own = series.slice(at(part), at(part + 1));
    return own.reduce((sum, x) => sum + x, 0) / own.length;
  });
}

/** How often something is shown of 25 blocks with this mean, an AR(1) process under noise: by parts, or by either. */
function shownIn(design: { phi: number; noise: number; mean?: number }) {
  const normal = gaussians(JSON.stringify(design));
  let [parts, either] = [0, 0];
  for (let rep = 0; rep < REPS; rep++) {
    const series = autoregressive(normal, 25, design.phi).map(
      (x) => x + Math.sqrt(design.noise) * normal() + (design.mean ?? 0),
    );
    const always = everyPart(partsOf(series)) !== null;
    const { df, variance } = blockVariance(series);
    const sum = series.reduce((all, x) => all + x, 0);
    if (always) parts++;
    if (always || tCdf(-sum / Math.sqrt(variance), df) <= 0.005) either++;
  }
  return { parts: parts / REPS, either: either / REPS };
}

it("is the range of ten parts, of which none is little", () => {
  const parts = [0.33, 0.2, 0.57, 0.36, 0.39, 0.64, 0.6, 0.37, 0.22, 0.28];
  expect(everyPart(parts)).toMatchObject({ low: 0.2, high: 0.64, p: 1 / 1_024 });
  expect(everyPart(parts)?.estimate).toBeCloseTo(0.396, 9);
  expect(everyPart(parts.with(0, 0.1))).toBeNull();
  expect(everyPart(parts.with(0, -0.1))).toBeNull();
  expect(everyPart(parts.with(0, Number.NaN))).toBeNull();
  expect(everyPart(parts.slice(1))).toBeNull();
});

it.each([
  { phi: 0, noise: 0, parts: 0.0002, either: 0.0034 },
  { phi: 0.5, noise: 0, parts: 0.001, either: 0.0127 },
  { phi: 0.8, noise: 0, parts: 0.012, either: 0.0235 },
  { phi: 0.8, noise: 2, parts: 0.003, either: 0.0395 },
])("no effect is shown no more often than is claimed: %o", ({ either, parts, ...design }) => {
  const shown = shownIn(design);
  expect(shown.parts).toBeLessThanOrEqual(upperBound99(parts, REPS));
  expect(shown.either).toBeLessThanOrEqual(upperBound99(either, REPS));
});

it("what is there all the time is shown, however it moves", () => {
  expect(shownIn({ phi: 0.8, noise: 0, mean: 4 }).parts).toBeGreaterThan(0.8);
});
