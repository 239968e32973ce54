import { describe, expect, it } from "vitest";
import {
  compareRuns,
  type MetricComparison,
  planOfRun,
  planRuns,
} from "../../src/experiment/index.ts";
import { PLAN } from "./plan-fixture.ts";

const ARMS = ["control", "variant"];

describe("the runs of an experiment", () => {
  it("one alone has the plan's seed", () => {
    expect(planRuns("7", 1, ARMS).map(({ seed }) => seed)).toEqual(["7"]);
  });

  it("slots go A B B A, so that both orders come equally often and neither gets later", () => {
    for (const seed of ["1", "2", "3", "x"]) {
      const runs = planRuns(seed, 8, ARMS);
      const first = runs.map(({ slots }) => (slots[0] === runs[0]!.slots[0] ? 1 : -1));
      expect(first).toEqual([1, -1, -1, 1, 1, -1, -1, 1]);
      // A steady drift from run to run falls on both orders alike.
      expect(first.reduce((sum, sign, run) => sum + sign * run, 0)).toBe(0);
      expect(new Set(runs.map((run) => run.seed)).size).toBe(8);
    }
  });

  it.each([1, 2])("the seed says who is first of %s, and not always the same", (runs) => {
    const first = Array.from(
      { length: 200 },
      (_, seed) => planRuns(`${seed}`, runs, ARMS)[0]!.slots[0],
    );
    const controls = first.filter((arm) => arm === "control").length;
    expect(controls).toBeGreaterThan(70);
    expect(controls).toBeLessThan(130);
  });

  it("a run's own plan is the experiment's, with its seed, its slots and how many there are", () => {
    const plan = { ...PLAN, runs: planRuns("1", 2, ARMS) };
    const second = planOfRun(plan, 1);
    expect(second).toEqual({
      ...plan,
      seed: "1/2",
      betweenRunSd: null,
      runsInAll: 2,
      runs: [plan.runs[1]],
    });
  });
});

function row(estimate: number, changes: Partial<MetricComparison> = {}): MetricComparison {
  return {
    label: "response_time_p90",
    arm: "variant",
    stage: "everybody",
    role: "primary",
    unit: "us",
    better: "lower",
    control: 100,
    variant: 100,
    confidence: 0.95,
    effect: { kind: "relative", estimate: 0, low: -0.001, high: 0.001 },
    margin: 0.1,
    mde: 0.001,
    theta: { estimate, se: 0.001, df: 39 },
    adjustedPHarm: 0.5,
    warnings: [],
    ...changes,
  };
}

const plan = { ...PLAN, betweenRunSd: null };
const runsOf = (...rows: readonly MetricComparison[]) =>
  rows.map((comparison, index) => ({ run: index + 1, comparisons: [comparison] }));

describe("comparing runs", () => {
  it("knows how much runs differ, where the blocks of one run do not", () => {
    const estimates = [0.02, -0.03, 0.04, -0.01];
    const [found] = compareRuns(plan, runsOf(...estimates.map((each) => row(each))), [row(0)]);
    // Each run by itself is sure to a tenth of a per cent, and they differ by several.
    expect(found!.effect!.high - found!.effect!.low).toBeGreaterThan(0.08);
    expect(found!.effect!.estimate).toBeCloseTo(Math.expm1(0.005), 12);
    expect(found!.adjustedPHarm).toBeGreaterThan(0.2);
  });

  it("shows harm that every run has, and turns it round where higher is better", () => {
    const worse = [0.2, 0.21, 0.19, 0.2];
    const slower = compareRuns(plan, runsOf(...worse.map((each) => row(each))), [row(0)])[0]!;
    expect(slower.adjustedPHarm).toBeLessThan(0.001);
    const better = { better: "higher" } as const;
    const rows = worse.map((each) => row(-each, better));
    const fewer = compareRuns(plan, runsOf(...rows), [row(0, better)])[0]!;
    expect(fewer.adjustedPHarm).toBeCloseTo(slower.adjustedPHarm!, 12);
    expect(fewer.effect!.high).toBeLessThan(0);
    expect(fewer.effect!.low).toBeLessThan(fewer.effect!.estimate);
  });

  it("a metric that one run cannot judge is not judged, and says in which run", () => {
    const none = row(0, { effect: null, theta: null, adjustedPHarm: null, warnings: ["too few"] });
    const [found] = compareRuns(plan, runsOf(row(0), none), [row(0)]);
    expect(found).toMatchObject({
      effect: null,
      adjustedPHarm: null,
      warnings: ["run 2: too few"],
    });
  });

  it("one whole run is no replication, however sure it is of itself", () => {
    const [found] = compareRuns(plan, runsOf(row(0)), [row(0)]);
    expect(found!.effect).toBeNull();
    expect(found!.warnings[0]).toMatch(/no replication/);
  });
});

describe("the slots of more than two arms", () => {
  it.each([3, 4, 5])(
    "%i arms: each in each slot, and right after each other, as often",
    (count) => {
      const arms = Array.from({ length: count }, (_, index) => `arm-${index}`);
      const runs = planRuns("7", count % 2 === 1 ? 2 * count : count, arms);
      const times = new Map<string, number>();
      const counted = (key: string): unknown => times.set(key, (times.get(key) ?? 0) + 1);
      for (const { slots } of runs) {
        expect(slots.toSorted()).toEqual(arms);
        for (const [slot, arm] of slots.entries()) {
          counted(`${arm} in ${slot}`);
          if (slot > 0) counted(`${slots[slot - 1]} then ${arm}`);
        }
      }
      // n² places and n(n − 1) successions, all of them, equally often.
      expect(times.size).toBe(count ** 2 + count * (count - 1));
      expect(new Set(times.values()).size).toBe(1);
    },
  );

  it("the order of a run alone is drawn, too", () => {
    const first = Array.from(
      { length: 60 },
      (_, s) => planRuns(`${s}`, 1, ["a", "b", "c"])[0]!.slots,
    );
    expect(new Set(first.map((slots) => slots.join(""))).size).toBe(6);
  });
});
