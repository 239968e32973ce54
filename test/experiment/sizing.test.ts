import { describe, expect, it } from "vitest";
import { NS_PER_S } from "../../src/core/index.ts";
import {
  alphaShares,
  type MeasuredVariance,
  type Plan,
  requestsForQuantile,
  type SizedMetric,
  sizePlan,
} from "../../src/experiment/index.ts";
import { runsFor } from "../../src/experiment/sizing-needs.ts";
import { runsMde, runsPower } from "../../src/stats/index.ts";
import { PLAN } from "./plan-fixture.ts";

const VARIANCE: MeasuredVariance = { se: 0.02, requests: 1_010 };
const size = (plan: Plan, variance = VARIANCE) => sizePlan(plan, () => variance);
const primaryOf = (metrics: readonly SizedMetric[]): SizedMetric =>
  metrics.find(({ role }) => role === "primary")!;
const segment = { name: "checkout", route: "POST /checkout" };
const protectedPlan: Plan = { ...PLAN, segments: [{ ...segment, protected: true }] };
const [warmUp, everybody] = PLAN.stages;

describe("what a plan can show", () => {
  it("counts each binding metric in each judged stage, those of protected segments too", () => {
    const labels = (plan: Plan): string[] => size(plan).metrics.map(({ label }) => label);
    const own = ["response_time_p90", "error_ratio", "amplification:payments"];
    expect(labels(PLAN)).toEqual(own);
    // Calls are guarded for everybody alone.
    const guarded = ["response_time_p90@checkout", "error_ratio@checkout"];
    expect(labels(protectedPlan)).toEqual([...own, ...guarded]);
    const loose: Plan = { ...PLAN, segments: [{ ...segment, protected: false }] };
    expect(labels(loose)).toEqual(own);
    expect(size(PLAN).powerEach).toBeCloseTo(1 - 0.2 / 3, 12);
    expect(size(protectedPlan).powerEach).toBeCloseTo(1 - 0.2 / 5, 12);
  });

  it("asks for the variance of the segment, where harm alone is looked for", () => {
    const gain: Plan = {
      ...protectedPlan,
      primary: { metric: "response_time_p90", margin: 0.1, minimumEffect: 0.05 },
    };
    const asked: string[] = [];
    const { metrics } = sizePlan(gain, ({ metric, minimumEffect }, stage, name) => {
      asked.push(`${metric} ${minimumEffect ?? "harm"} ${stage.name} ${name ?? "all"}`);
      return "not known";
    });
    expect(asked).toContain("response_time_p90 0.05 everybody all");
    expect(asked).toContain("response_time_p90 harm everybody checkout");
    expect(metrics.every(({ power, unknown }) => power === null && unknown === "not known")).toBe(
      true,
    );
  });

  it("leaves room for false stops: looks where they can stop, gates where there are any", () => {
    const stops: Plan = { ...PLAN, stop: { harm: true, futility: false } };
    expect(alphaShares(PLAN)).toEqual({ verdict: 0.025, looks: 0, gates: 0 });
    expect(alphaShares(stops)).toEqual({ verdict: 0.025, looks: 0.0125, gates: 0 });
    const later = { ...everybody!, name: "later", startNs: everybody!.endNs };
    const stages = [
      warmUp!,
      everybody!,
      { ...later, endNs: 26 * NS_PER_S, judgedFromNs: 15 * NS_PER_S },
    ];
    const gated: Plan = { ...stops, stages };
    expect(alphaShares(gated)).toEqual({ verdict: 0.025, looks: 0.0125, gates: 0.0125 });
    expect(size(gated).powerEach).toBeCloseTo(1 - (0.2 - 0.025) / 6, 12);
  });

  it("scales the pilot's variance by requests, and tells the time that would do", () => {
    const { metrics, powerEach, stages } = size(PLAN);
    const row = primaryOf(metrics);
    const { blocks, requests } = stages[0]!;
    expect([blocks, requests]).toEqual([40, expect.closeTo(1_010, 6)]);
    const claim = { withinSe: 0.02, blocks, runs: 1, betweenRunSd: 0.01, alpha: 0.025 };
    expect(row.mde).toBeCloseTo(Math.expm1(runsMde(claim, powerEach)), 10);
    expect(row.power!).toBeGreaterThan(powerEach);
    // A pilot of four times the requests with half the SE says the same.
    const longer = size(PLAN, { se: 0.01, requests: 4 * 1_010 });
    expect(primaryOf(longer.metrics).power).toBeCloseTo(row.power!, 10);

    const noisy = { se: 0.06, requests: 1_010 };
    const needed = primaryOf(size(PLAN, noisy).metrics).needed!;
    expect(primaryOf(size(PLAN, noisy).metrics).power!).toBeLessThan(powerEach);
    const endNs = everybody!.judgedFromNs! + needed.judgedNs;
    const enough: Plan = { ...PLAN, stages: [warmUp!, { ...everybody!, endNs }] };
    const { power } = primaryOf(size(enough, noisy).metrics);
    expect(Math.abs(power! - powerEach)).toBeLessThan(0.01);
  });

  it("no length does where runs differ too much, and more runs do", () => {
    const differ: Plan = { ...PLAN, betweenRunSd: 0.05 };
    const row = primaryOf(size(differ).metrics);
    expect(row.needed!.judgedNs).toBe(Infinity);
    expect(row.floor).toBeGreaterThan(0.1);
    const runs = Array.from({ length: 8 }, () => PLAN.runs[0]!);
    expect(primaryOf(size({ ...differ, runs }).metrics).needed!.judgedNs).toBeLessThan(Infinity);
    // A share is judged without the SD between runs, which is on the log scale.
    const share = size(differ).metrics.find(({ label }) => label === "error_ratio")!;
    expect(share.floor).toBe(0);
  });

  it("tells the runs that would do: as many have the power wanted, and one fewer has not", () => {
    const run = { withinSe: 0.03, blocks: 40 };
    const wanted = { alpha: 0.025, power: 0.9, runs: 1 };
    for (const [betweenRunSd, conditions] of [
      [0.05, 1],
      [null, 1],
      [0.05, 4],
    ] as const) {
      const asked = { ...wanted, betweenRunSd, conditions };
      const enough = runsFor(run, 0.06, asked) / conditions;
      const power = (runs: number): number => runsPower({ ...asked, ...run, runs }, 0.06);
      expect(enough).toBeGreaterThan(1);
      expect(power(enough)).toBeGreaterThanOrEqual(0.9);
      expect(power(enough - 1)).toBeLessThan(0.9);
      // What is planned is enough where it is.
      expect(runsFor(run, 0.06, { ...asked, runs: enough })).toBe(enough * conditions);
    }
    expect(runsFor(run, 0.06, { ...wanted, betweenRunSd: 0.9 })).toBe(Infinity);
  });

  it("a quantile needs more requests than leave 100 slower ones on average", () => {
    const needed = requestsForQuantile(0.99);
    expect(needed).toBeGreaterThan(10_000);
    expect(needed).toBeLessThan(13_000);
  });
});

describe("requests of an arm", () => {
  const requestsWith = (change: Partial<typeof PLAN>): number =>
    sizePlan({ ...PLAN, ...change }, () => "none").stages[0]!.requests;

  it("are its share of a split, the least of all arms', and its own periods of a crossover", () => {
    const all = requestsWith({});
    const split = {
      kind: "split",
      by: { kind: "request" },
      weights: [0.5, 0.5],
      shares: [0, 0.05],
      holdout: 0,
      reserved: [],
    } as const;
    expect(requestsWith({ assignment: split })).toBeCloseTo(0.05 * all, 9);
    const crossover = { kind: "crossover", periodNs: 1e9, washoutNs: 0.2e9 } as const;
    expect(requestsWith({ assignment: crossover })).toBeCloseTo(0.4 * all, 9);
  });
});
