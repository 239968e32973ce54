import { describe, expect, it } from "vitest";
import {
  conditionalPower,
  groupDesign,
  normalCdf,
  repeatedInterval,
  type Schedule,
  type Spending,
  spendingBoundaries,
  spentAlpha,
  tBound,
  wangTsiatisBoundaries,
} from "../../../src/stats/index.ts";
import { gaussians, upperBound99 } from "../simulate.ts";

const UNEVEN: Schedule = { fractions: [0.3, 0.55, 0.8, 1], alpha: 0.05, sides: 2 };
const SPENDINGS: readonly Spending[] = [
  { kind: "obrien-fleming" },
  { kind: "pocock" },
  { kind: "power", rho: 2 },
  { kind: "hwang-shih-decani", gamma: -4 },
];
const REPS = 20_000;

/** How often a series of z at the looks is beyond the bounds at any of them. */
function everBeyond(bounds: readonly number[], seed: string): number {
  const normal = gaussians(seed);
  let beyond = 0;
  for (let rep = 0; rep < REPS; rep++) {
    let [sum, before, crossed] = [0, 0, false];
    for (const [i, t] of UNEVEN.fractions.entries()) {
      sum += Math.sqrt(t - before) * normal();
      before = t;
      crossed ||= Math.abs(sum) / Math.sqrt(t) >= bounds[i]!;
    }
    if (crossed) beyond++;
  }
  return beyond / REPS;
}

describe("bounds for four uneven looks", () => {
  it.each(SPENDINGS)(
    "reject a true null as often as alpha says, no more and no less: %o",
    (spending) => {
      const bounds = spendingBoundaries({ ...UNEVEN, spending });
      const rate = everBeyond(bounds, spending.kind);
      expect(rate).toBeLessThanOrEqual(upperBound99(0.05, REPS));
      expect(rate).toBeGreaterThan(0.05 - 3 * Math.sqrt((0.05 * 0.95) / REPS));
      // 1.96 at every look, as if there were only one, is what they are for.
      expect(everBeyond([1.96, 1.96, 1.96, 1.96], spending.kind)).toBeGreaterThan(0.1);
    },
  );

  it("are the published ones", () => {
    const [obf, pocock] = [SPENDINGS[0]!, SPENDINGS[1]!].map((spending) =>
      spendingBoundaries({ ...UNEVEN, spending }),
    );
    for (const [i, z] of [3.9286, 2.8079, 2.2761, 2.0292].entries())
      expect(obf![i]).toBeCloseTo(z, 3);
    for (const [i, z] of [2.3118, 2.3573, 2.3526, 2.3731].entries()) {
      expect(pocock![i]).toBeCloseTo(z, 3);
    }
  });

  it("depend on the looks so far only, so that looks may be added as they come", () => {
    const spending: Spending = { kind: "pocock" };
    const all = spendingBoundaries({ ...UNEVEN, spending });
    const first = spendingBoundaries({ ...UNEVEN, fractions: [0.3, 0.55], spending });
    expect(first).toEqual(all.slice(0, 2));
  });

  it("are infinite where hardly anything may be spent", () => {
    const spending: Spending = { kind: "obrien-fleming" };
    const bounds = spendingBoundaries({ ...UNEVEN, fractions: [0.001, 1], spending });
    expect(bounds[0]).toBe(Infinity);
    expect(bounds[1]).toBeCloseTo(1.959964, 5);
  });

  it("spend all of alpha at the end, rising", () => {
    for (const spending of [...SPENDINGS, { kind: "hwang-shih-decani", gamma: 0 } as const]) {
      const spent = [0, 0.2, 0.5, 1, 1.2].map((t) => spentAlpha(spending, 0.025, t));
      expect(spent).toEqual(spent.toSorted((a, b) => a - b));
      expect(spent[0]).toBe(0);
      expect(spent.slice(3)).toEqual([0.025, 0.025]);
    }
  });

  it.each([
    { fractions: [] },
    { fractions: [0.5, 0.5, 1] },
    { fractions: [0, 1] },
    { fractions: [0.5, 1.5] },
    { alpha: 5 },
    { alpha: 0 },
  ])("refuse looks that do not rise and an impossible alpha: %o", (wrong) => {
    const input = { ...UNEVEN, ...wrong, spending: { kind: "pocock" }, delta: 0.5 } as const;
    expect(() => spendingBoundaries(input)).toThrow(/looks|alpha/);
    expect(() => wangTsiatisBoundaries(input)).toThrow(/looks|alpha/);
  });
});

describe("a design with several looks", () => {
  const upper = spendingBoundaries({ ...UNEVEN, spending: { kind: "obrien-fleming" } });
  const design = groupDesign({ ...UNEVEN, upper, power: 0.8 });

  it("has the power asked for, and costs less than a single look when there is an effect", () => {
    expect(design.powerAt(1)).toBeCloseTo(0.8, 8);
    expect(design.powerAt(0)).toBeCloseTo(0.025, 4);
    expect(design.inflation).toBeGreaterThan(1);
    expect(design.inflation).toBeLessThan(1.05);
    expect(design.expectedAt(1)).toBeLessThan(0.9);
  });

  it("is refused where no sample is large enough", () => {
    const never = { ...UNEVEN, upper: upper.map(() => Infinity), power: 0.8 };
    expect(() => groupDesign(never)).toThrow(/no sample has power 0.8/);
    expect(() => groupDesign({ ...UNEVEN, upper, power: 1 })).toThrow(/no sample has power 1/);
  });

  it("one look costs nothing", () => {
    const single: Schedule = { fractions: [1], alpha: 0.05, sides: 2 };
    const one = groupDesign({ ...single, upper: [1.959963984540054], power: 0.8 });
    expect(one.inflation).toBeCloseTo(1, 5);
    expect(one.expectedAt(0.3)).toBeCloseTo(1, 5);
  });

  it("conditional power is Φ of what is missing, and its mean over the first look the power", () => {
    const ahead = [{ fraction: 1, upper: 2 }];
    const seen = { z: 1.2, information: 0.4, looks: ahead, drift: 2.5 };
    const missing = (2 - 1.2 * Math.sqrt(0.4) - 2.5 * 0.6) / Math.sqrt(0.6);
    expect(conditionalPower(seen)).toBeCloseTo(normalCdf(-missing), 10);

    const later = UNEVEN.fractions.slice(1);
    const looks = later.map((fraction, i) => ({ fraction, upper: upper[i + 1]! }));
    const { drift } = design;
    let power = 0;
    const step = 0.05;
    for (let x = -6; x < 6; x += step) {
      const z = x + drift * Math.sqrt(0.3);
      const density = Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI);
      const won = z >= upper[0]! ? 1 : conditionalPower({ z, information: 0.3, looks, drift });
      power += step * density * won;
    }
    expect(power).toBeCloseTo(0.8, 2);
  });

  it("few degrees of freedom widen a bound, many do not", () => {
    expect(tBound(1.959963984540054, 19)).toBeCloseTo(2.093024, 5);
    expect(tBound(4.33, 1e6)).toBeCloseTo(4.33, 3);
    expect(tBound(Infinity, 10)).toBe(Infinity);
    const interval = repeatedInterval({ estimate: 1, se: 0.5, z: 2, df: 30 });
    expect(interval.high - 1).toBeCloseTo(0.5 * tBound(2, 30), 12);
    expect(1 - interval.low).toBeCloseTo(interval.high - 1, 12);
    const nothingYet = repeatedInterval({ estimate: 1, se: 0.5, z: Infinity });
    expect(nothingYet).toEqual({ low: -Infinity, high: Infinity });
  });
});
