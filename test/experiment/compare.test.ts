import { describe, expect, it } from "vitest";
import { NS_PER_MS, seededPrng } from "../../src/core/index.ts";
import {
  type Block,
  compareMetrics,
  emptyBlock,
  type MetricComparison,
  type Plan,
  type StageBlocks,
  statusOf,
} from "../../src/experiment/index.ts";
import { Histogram } from "../../src/measure/index.ts";
import { holm } from "../../src/stats/index.ts";
import { PLAN, STAGES } from "./plan-fixture.ts";

interface Shape {
  readonly medianUs: number;
  readonly failing: number;
  readonly callsPerRequest: number;
}
const USUAL: Shape = { medianUs: 20_000, failing: 0.01, callsPerRequest: 1.3 };

function gaussian(uniform: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

const NOTHING = (): Block => emptyBlock(250 * NS_PER_MS, { dependencies: 1, targets: 0 });

/** An arm: log-normal times around the median, some failures, some calls. */
function arm(shape: Shape, seed: string, blocks = 40): Block[] {
  const uniform = seededPrng(seed);
  return Array.from({ length: blocks }, () => {
    const block: Block = { ...NOTHING(), planned: 100, started: 100 };
    const centre = Math.log(shape.medianUs) + 0.02 * gaussian(uniform);
    for (let i = 0; i < 100; i++) {
      const us = Math.exp(centre + 0.4 * gaussian(uniform));
      block.responseTime.record(us);
      block.serviceTime.record(us);
      if (uniform() < shape.failing) block.failed++;
      if (uniform() < shape.callsPerRequest - 1) block.calls[0]!++;
      block.calls[0]!++;
    }
    return block;
  });
}

const stageOf = (
  control: readonly Block[],
  variant: readonly Block[],
  name = "everybody",
): StageBlocks => ({
  stage: { ...STAGES[1]!, name },
  blocks: [control, variant],
});

function compared(
  stages: readonly StageBlocks[],
  plan: Plan = PLAN,
): Map<string, MetricComparison> {
  const rows = compareMetrics(plan, stages, ["payments"]);
  return new Map(rows.map((row) => [row.label, row]));
}

const statuses = (rows: Map<string, MetricComparison>): Record<string, string> =>
  Object.fromEntries([...rows].map(([label, row]) => [label, statusOf(row, PLAN.alpha)]));

describe("comparing metrics", () => {
  it("the same build twice is within every margin", () => {
    const rows = compared([stageOf(arm(USUAL, "c"), arm(USUAL, "v"))]);
    expect([...rows.keys()]).toEqual([
      "response_time_p90",
      "response_time_p50",
      "error_ratio",
      "amplification:payments",
    ]);
    expect(new Set(Object.values(statuses(rows)))).toEqual(new Set(["within-margin"]));
  });

  it.each([
    ["response_time_p90", { medianUs: 30_000 }, 0.5],
    ["error_ratio", { failing: 0.09 }, 0.08],
    ["amplification:payments", { callsPerRequest: 1.95 }, 0.5],
  ])(
    "a variant that is worse by more than the margin is shown to be: %s",
    (label, change, size) => {
      const rows = compared([stageOf(arm(USUAL, "c"), arm({ ...USUAL, ...change }, "v"))]);
      expect(statuses(rows)[label]).toBe("harm");
      const { effect } = rows.get(label)!;
      expect(effect!.kind).toBe(label === "error_ratio" ? "difference" : "relative");
      expect(effect!.low).toBeLessThan(size);
      expect(effect!.high).toBeGreaterThan(size);
    },
  );

  it("swapping the arms turns every effect around", () => {
    const [control, variant] = [
      arm(USUAL, "c"),
      arm({ medianUs: 23_000, failing: 0.03, callsPerRequest: 1.4 }, "v"),
    ];
    const there = compared([stageOf(control, variant)]);
    const back = compared([stageOf(variant, control)]);
    for (const [label, row] of there) {
      const other = back.get(label)!;
      expect([other.control, other.variant]).toEqual([row.variant, row.control]);
      const turned = (value: number): number =>
        row.effect!.kind === "relative" ? 1 / (1 + value) - 1 : -value;
      expect(other.effect!.estimate).toBeCloseTo(turned(row.effect!.estimate), 9);
      expect(other.effect!.low).toBeCloseTo(turned(row.effect!.high), 9);
      expect(other.effect!.high).toBeCloseTo(turned(row.effect!.low), 9);
    }
  });

  it("harm tests are adjusted over primary and guardrails of all stages, secondaries apart", () => {
    const stages = ["pilot", "everybody"].map((name, i) =>
      stageOf(
        arm(USUAL, `c${i}`),
        arm({ medianUs: 20_600, failing: 0.014, callsPerRequest: 1.31 }, `v${i}`),
        name,
      ),
    );
    const rows = compareMetrics(PLAN, stages, ["payments"]);
    const alone = stages.flatMap((stage) =>
      [PLAN.primary, ...PLAN.secondary, ...PLAN.guardrails].flatMap((metric) =>
        compareMetrics(
          { ...PLAN, primary: metric, secondary: [], guardrails: [] },
          [stage],
          ["payments"],
        ),
      ),
    );
    const raw = alone.map((row) => row.adjustedPHarm!);
    for (const secondary of [true, false]) {
      const places = rows.flatMap((row, i) =>
        (row.role === "secondary") === secondary ? [i] : [],
      );
      expect(places).toHaveLength(secondary ? 2 : 6);
      expect(places.map((i) => rows[i]!.adjustedPHarm)).toEqual(holm(places.map((i) => raw[i]!)));
    }
    // A secondary more changes nothing for those that bind.
    const more = compareMetrics(
      { ...PLAN, secondary: [...PLAN.secondary, { metric: "service_time_p50", margin: 1 }] },
      stages,
      ["payments"],
    );
    const binding = (all: readonly MetricComparison[]) =>
      all.filter(({ role }) => role !== "secondary");
    expect(binding(more)).toEqual(binding(rows));
  });

  it("too few blocks are not judged, and say how many more it takes", () => {
    const rows = compared([stageOf(arm(USUAL, "c", 8), arm(USUAL, "v", 8))]);
    for (const row of rows.values()) {
      expect(row).toMatchObject({ effect: null, mde: null, adjustedPHarm: null });
      expect(row.warnings[0]).toMatch(/^need at least 20 blocks, have 8/);
    }
  });

  it("no blocks and empty blocks are not judged, and nothing is not a number", () => {
    const empty = Array.from({ length: 40 }, NOTHING);
    for (const stage of [stageOf([], []), stageOf(empty, empty), stageOf(arm(USUAL, "c"), empty)]) {
      for (const row of compared([stage]).values()) {
        expect(row.effect).toBeNull();
        const numbers = [row.control, row.variant, row.mde].filter((value) => value !== null);
        expect(numbers.filter((value) => !Number.isFinite(value))).toEqual([]);
        expect(statusOf(row, PLAN.alpha)).toBe("inconclusive");
      }
    }
    expect(compareMetrics(PLAN, [], ["payments"])).toEqual([]);
  });

  it("two modes so far apart that the interval passes all numbers are not judged", () => {
    // 9.6 % are an hour: p90 is a microsecond, and an hour is within its interval.
    const bimodal = (): Block[] =>
      arm(USUAL, "m").map((block, b) => {
        const responseTime = new Histogram();
        const slow = b % 5 < 3 ? 10 : 9;
        responseTime.record(1, 100 - slow);
        responseTime.record(3_600_000_000, slow);
        return { ...block, responseTime };
      });
    const row = compared([stageOf(bimodal(), bimodal())]).get("response_time_p90")!;
    expect(row.effect).toBeNull();
    expect(row.warnings).toEqual(["the interval is too wide to be of any use"]);
  });
});
