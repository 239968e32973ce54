import { describe, expect, it } from "vitest";
import type { SaturationSearch } from "../../../src/report/index.ts";
import { compareKnees, kneeOf } from "../../../src/run/saturate/knees.ts";

const searches = (
  knees: readonly (number | null)[],
  more: Partial<SaturationSearch> = {},
): SaturationSearch[] =>
  knees.map((kneePerSec, i) => ({
    run: i + 1,
    kneePerSec,
    abovePerSec: kneePerSec === null ? 10 : kneePerSec * 1.05,
    lowerBound: false,
    end: "found",
    ...more,
  }));

describe("the knee of several runs", () => {
  it("is their geometric mean, with an interval that is never narrower than the search", () => {
    const knee = kneeOf(searches([100, 400]))!;
    expect(knee.ratePerSec).toBeCloseTo(200, 9);
    const same = kneeOf(searches([200, 200, 200]))!;
    expect(same.interval!.low).toBeLessThan(200 / 1.02);
    expect(same.interval!.high).toBeGreaterThan(200 * 1.02);
  });

  it("one run has no interval; a run without a knee leaves none", () => {
    expect(kneeOf(searches([300]))).toMatchObject({ interval: null, runs: 1 });
    expect(kneeOf(searches([300, null]))).toBeNull();
    expect(kneeOf([])).toBeNull();
  });
});

describe("two targets' knees", () => {
  const control = searches([1_240, 1_300, 1_200]);

  it("a knee that is clearly lower is shown to be, and the same one is shown not to be", () => {
    const lower = compareKnees(control, searches([810, 850, 780]), 0.1)!;
    expect(lower.change).toBeCloseTo(-0.349, 2);
    expect(lower).toMatchObject({ decision: "lower", because: null, runs: 3 });
    const same = compareKnees(control, searches([1_250, 1_310, 1_210]), 0.1)!;
    expect(same.decision).toBe("not-lower");
  });

  it("neither is shown at the margin, with one run, or without one", () => {
    const near = compareKnees(control, searches([1_116, 1_170, 1_080]), 0.1)!;
    expect(near).toMatchObject({ decision: "not-shown", because: "the interval holds the margin" });
    const once = compareKnees(searches([1_000]), searches([100]), 0.1)!;
    expect(once).toMatchObject({ decision: "not-shown", interval: null });
    expect(compareKnees(searches([null]), searches([100]), 0.1)).toBeNull();
  });

  it("a lower bound shows only what it bounds", () => {
    const low = [810, 850, 780];
    const bound = { lowerBound: true };
    expect(compareKnees(control, searches(low, bound), 0.1)?.decision).toBe("not-shown");
    const boundedControl = searches([1_240, 1_300, 1_200], bound);
    expect(compareKnees(boundedControl, searches(low), 0.1)?.decision).toBe("lower");
    const high = searches([1_640, 1_700, 1_600], bound);
    expect(compareKnees(control, high, 0.1)?.decision).toBe("not-lower");
    expect(compareKnees(boundedControl, high, 0.1)?.decision).toBe("not-shown");
  });
});
