import { describe, expect, it } from "vitest";
import { NS_PER_MS, seededPrng } from "../../src/core/index.ts";
import {
  type Block,
  type BlockLists,
  compareMetrics,
  emptyBlock,
  familyNamed,
  METRIC_FAMILIES,
  type MetricEffect,
  metricEffect,
  metricSchema,
  type MetricName,
  statusOf,
  toldLabel,
} from "../../src/experiment/index.ts";
import { PLAN, STAGES } from "./plan-fixture.ts";

const TOLD = { metric: "otel", name: "pool.wait", aggregation: "mean" } as const;

const LISTS: BlockLists = {
  dependencies: ["payments", "reviews"],
  prices: [0.002, 0.0005],
  targets: [250 * NS_PER_MS],
  told: [toldLabel(TOLD)],
};

/** Each kind of metric as a scenario might write it. A new one is written here, once. */
const WRITTEN: readonly MetricName[] = [
  { metric: "response_time_p90" },
  { metric: "service_time_p50" },
  { metric: "response_time_mean" },
  { metric: "service_time_mean" },
  { metric: "error_ratio" },
  { metric: "slo_attainment", target: 250 * NS_PER_MS },
  { metric: "throughput" },
  { metric: "goodput", target: 250 * NS_PER_MS },
  { metric: "amplification", dependency: "payments" },
  { metric: "calls_per_request" },
  { metric: "calls_per_request", dependency: "reviews" },
  { metric: "cost" },
  { metric: "cost", dependency: "reviews" },
  { metric: "cpu_seconds" },
  { metric: "request_bytes" },
  TOLD,
  { metric: "response_equality" },
];

/** By how much an arm is worse: 1 is as ever, 1.5 is half as much again of all that is bad. */
function arm(seed: string, worse = 1, blocks = 40): Block[] {
  const uniform = seededPrng(seed);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return Array.from({ length: blocks }, () => {
    const block = emptyBlock(250 * NS_PER_MS, { dependencies: 2, targets: 1 });
    const add = (chance: number): number => (uniform() < chance ? 1 : 0);
    block.started = 100;
    block.told.push({ numerator: 0.1 * worse * (1 + 0.1 * normal()), denominator: 1 });
    block.cpuS = 0.1 * worse * (1 + 0.1 * normal());
    for (let i = 0; i < 100; i++) {
      const us = Math.exp(Math.log(20_000 * worse) + 0.4 * normal());
      block.responseTime.record(us);
      block.serviceTime.record(us);
      block.failed += add(0.2 * worse);
      block.good[0]! += add(0.9 / worse);
      block.answered += add(0.95 / worse);
      block.answeredGood[0]! += add(0.9 / worse);
      block.responses++;
      block.answersCompared++;
      block.answersDiffering += add(0.1 * worse);
      block.requestBytes += Math.round((300 + 50 * normal()) * worse);
      block.calls[0]! += 1 + add(1.3 * worse - 1);
      block.calls[1]! += add(0.5 * worse);
    }
    return block;
  });
}

const compared = (
  name: MetricName,
  control: readonly Block[],
  variant: readonly Block[],
): MetricEffect =>
  metricEffect(name, { control, variant, confidence: 0.95, betweenRunSd: 0.01 }, LISTS);

const shown = ({ metric, dependency }: MetricName): string => [metric, dependency].join(" ");

it("every kind of metric is held to what follows", () => {
  const kinds = new Set(WRITTEN.map(({ metric }) => familyNamed(metric)));
  // What a run has one value of is no matter of blocks: peak-rss.test.ts.
  const byBlocks = METRIC_FAMILIES.filter(({ onePerRun = false }) => !onePerRun);
  expect(kinds).toEqual(new Set(byBlocks));
});

describe.each(WRITTEN.map((name) => [shown(name), name] as const))("%s", (_shown, name) => {
  const family = familyNamed(name.metric)!;
  const [usual, worse] = [arm("c"), arm("v", 1.3)];

  it("is one family's alone, and is written with the parameters that it takes", () => {
    expect(METRIC_FAMILIES.filter((each) => each.named(name.metric))).toEqual([family]);
    const written = { ...name, target: name.target === undefined ? undefined : "250ms" };
    const given = { ...JSON.parse(JSON.stringify(written)), margin: "5%" } as object;
    expect(metricSchema.parse(given)).toEqual({ ...name, margin: 0.05 });
    for (const [parameter, value] of [
      ["dependency", "payments"],
      ["target", "250ms"],
    ] as const) {
      const { [parameter]: _left, ...without } = given as Record<string, unknown>;
      expect(metricSchema.safeParse(without).success).toBe(family[parameter] !== "needed");
      const withIt = metricSchema.safeParse({ ...given, [parameter]: value }).success;
      expect(withIt).toBe(family[parameter] !== "none");
    }
  });

  it("a variant that is worse is shown to be, and the other way round it is not", () => {
    const [there, back] = [compared(name, usual, worse), compared(name, worse, usual)];
    const sign = family.better === "higher" ? -1 : 1;
    expect(there.judged && back.judged).toBe(true);
    expect(sign * there.estimate).toBeGreaterThan(0.01);
    expect(there.pHarm).toBeLessThan(0.001);
    expect(back.pHarm).toBeGreaterThan(0.999);
  });

  it("swapping the arms turns the effect around", () => {
    const [there, back] = [compared(name, usual, worse), compared(name, worse, usual)];
    const turned = (value: number): number =>
      there.kind === "relative" ? 1 / (1 + value) - 1 : -value;
    expect([back.control, back.variant]).toEqual([there.variant, there.control]);
    expect(back.estimate).toBeCloseTo(turned(there.estimate), 9);
    expect(back.low).toBeCloseTo(turned(there.high), 9);
    expect(back.high).toBeCloseTo(turned(there.low), 9);
    expect(back.theta.estimate).toBeCloseTo(-there.theta.estimate, 9);
  });

  it("the order of the blocks does not matter to the estimate", () => {
    const [a, b] = [
      compared(name, usual, worse),
      compared(name, usual.toReversed(), worse.toReversed()),
    ];
    expect(b.estimate).toBeCloseTo(a.estimate, 9);
    expect(b.low).toBeCloseTo(a.low, 6);
  });

  it("too little is never within any margin: no blocks, few, or none that has a request", () => {
    const empty = Array.from({ length: 40 }, () =>
      emptyBlock(250 * NS_PER_MS, { dependencies: 2, targets: 1 }),
    );
    const few = [arm("c", 1, 8), arm("v", 1, 8)] as const;
    for (const [control, variant] of [[[], []], few, [empty, empty], [usual, empty]] as const) {
      const prices = { payments: 0.002, reviews: 0.0005 };
      const plan = {
        ...PLAN,
        prices,
        primary: { ...name, margin: 10 },
        secondary: [],
        guardrails: [],
      };
      const stage = { stage: STAGES[1]!, blocks: [control, variant] };
      const [row] = compareMetrics(plan, [stage], LISTS.dependencies);
      expect(row!.effect).toBeNull();
      expect(row!.warnings).not.toEqual([]);
      expect(statusOf(row!, PLAN.alpha)).toBe("inconclusive");
    }
  });
});

it("a change of unit changes no relative effect", () => {
  const scaled = (blocks: readonly Block[]): Block[] =>
    blocks.map((block) => ({
      ...block,
      lengthNs: block.lengthNs * 7,
      requestBytes: block.requestBytes * 7,
    }));
  for (const metric of ["throughput", "request_bytes"]) {
    const [as, by] = [
      compared({ metric }, arm("c"), arm("v", 1.1)),
      compared({ metric }, scaled(arm("c")), scaled(arm("v", 1.1))),
    ];
    expect(by.estimate).toBeCloseTo(as.estimate, 9);
    expect(by.high).toBeCloseTo(as.high, 9);
  }
});

it("costs are the same effect in every currency, and levels by the price", () => {
  const given = { control: arm("c"), variant: arm("v", 1.1), confidence: 0.95, betweenRunSd: 0.01 };
  const by = (rate: number): MetricEffect =>
    metricEffect({ metric: "cost" }, given, {
      ...LISTS,
      prices: LISTS.prices.map((each) => each * rate),
    });
  const [dear, usual] = [by(1_000), by(1)];
  expect([dear.estimate, dear.low, dear.high]).toEqual([
    expect.closeTo(usual.estimate, 9),
    expect.closeTo(usual.low, 9),
    expect.closeTo(usual.high, 9),
  ]);
  const sum = (place: number): number =>
    given.control.reduce((all, { calls }) => all + calls[place]!, 0);
  const started = given.control.reduce((all, block) => all + block.started, 0);
  const paid = sum(0) * 0.002 + sum(1) * 0.0005;
  expect(usual.control).toBeCloseTo((paid / started) * 1_000, 9);
});

it("calls that are all alike still have a cost that can be judged", () => {
  const constant = arm("c").map((block) => ({ ...block, calls: [200, 0] }));
  const found = compared({ metric: "cost" }, constant, constant);
  expect(found.judged).toBe(true);
  expect(found.high).toBeGreaterThan(0);
});

it("a mean without any spread is not judged: its size says nothing of chance", () => {
  const constant = Array.from({ length: 40 }, () => {
    const block = emptyBlock(250 * NS_PER_MS, { dependencies: 0, targets: 0 });
    block.responseTime.record(20_000, 100);
    return block;
  });
  const found = compared({ metric: "response_time_mean" }, constant, constant);
  expect(found.judged).toBe(false);
  expect(found.warnings[0]!.message).toMatch(/^every block is the same/);
});
