import { describe, expect, it } from "vitest";
import {
  countTold,
  cutIntoBlocks,
  metricSchema,
  toldLabel,
  untold,
} from "../../src/experiment/index.ts";
import type { Observation } from "../../src/measure/index.ts";
import { InsideSignals, type TelemetryLine } from "../../src/telemetry/index.ts";
import { PLAN } from "./plan-fixture.ts";

const S = 1e9;
const stage = {
  name: "full",
  ratePerSec: 10,
  fromPerSec: 10,
  startNs: 0,
  endNs: 4 * S,
  judgedFromNs: 0,
  blockNs: S,
};
const series = (id: number, type: "gauge" | "histogram" | "sum"): TelemetryLine => ({
  kind: "series",
  id,
  arm: 1,
  name: type,
  unit: "",
  type,
  monotonic: type === "sum",
  delta: false,
  attributes: { pool: "payments" },
  sender: "cart",
});
const buckets = (low: number, high: number) => ({
  count: low + high,
  sum: low + 3 * high,
  max: null,
  bounds: [2, 4],
  counts: [low, high, 0],
});
/** Every half second: a level of 5, 10 more calls, and from the third second on slow ones. */
const lines: TelemetryLine[] = [
  { kind: "begin", runId: "0123456789abcdef", arms: ["control", "variant"], dependencies: [] },
  series(0, "gauge"),
  series(1, "sum"),
  series(2, "histogram"),
  ...Array.from({ length: 9 }, (_, half): TelemetryLine[] => {
    const about = { kind: "point", atNs: (half * S) / 2 } as const;
    const slow = Math.max(half - 4, 0) * 10;
    return [
      { ...about, id: 0, value: 5 },
      { ...about, id: 1, value: half * 10 },
      { ...about, id: 2, value: buckets(Math.min(half, 4) * 10, slow) },
    ];
  }).flat(),
];
const inside = new InsideSignals(lines, 0);

function readings(spec: object): (number | null)[] {
  const meta = { arms: ["control", "variant"], routes: [] };
  const observations = { meta, *[Symbol.iterator](): Generator<Observation> {} };
  const stages = cutIntoBlocks({
    observations: observations as never,
    calls: null,
    dependencies: [],
    stages: [stage],
    capNs: S,
  });
  countTold(stages, [spec], inside);
  return stages[0]!.blocks[1]!.map(({ told: [told] }) =>
    told!.denominator === 0 ? null : told!.numerator / told!.denominator,
  );
}

describe("a block's reading of what an arm told", () => {
  it.each([
    ["gauge", "mean", [5, 5, 5, 5]],
    ["gauge", "max", [5, 5, 5, 5]],
    ["gauge", "p99", [null, null, null, null]],
    ["sum", "rate", [20, 20, 20, 20]],
    ["histogram", "rate", [20, 20, 20, 20]],
    ["histogram", "mean", [1, 1, 3, 3]],
    ["histogram", "p50", [1, 1, 3, 3]],
    ["histogram", "max", [2, 2, 4, 4]],
    ["nobody's", "mean", [null, null, null, null]],
  ] as const)("%s, %s: %j", (name, aggregation, wanted) => {
    expect(readings({ name, aggregation })).toEqual(wanted);
  });

  it("is of the series with the attributes that are asked for alone", () => {
    const spec = { name: "gauge", aggregation: "mean" } as const;
    expect(readings({ ...spec, attributes: { pool: "payments" } })).toEqual([5, 5, 5, 5]);
    expect(readings({ ...spec, attributes: { pool: "search" } })).toEqual([null, null, null, null]);
  });
});

it("a metric that nobody reports is told so, and who does not report it", () => {
  const spec = { metric: "otel", name: "gauge", aggregation: "mean", margin: 0.1 } as const;
  const plan = { ...PLAN, arms: ["control", "variant"], guardrails: [spec] };
  expect(untold(plan, inside)).toEqual([expect.stringContaining("not control")]);
  expect(untold(plan, null)).toEqual([expect.stringContaining("no arm")]);
  expect(toldLabel({ ...spec, attributes: { b: "2", a: "1" } })).toBe("gauge{a=1,b=2}:mean");
});

it("needs a name and what is made of it, which no other metric has", () => {
  const given = { metric: "otel", name: "x", aggregation: "rate", margin: "10%" };
  expect(metricSchema.safeParse(given).success).toBe(true);
  for (const wrong of [
    { ...given, name: undefined },
    { ...given, aggregation: undefined },
    { ...given, aggregation: "median" },
    { ...given, metric: "throughput" },
  ]) {
    expect(metricSchema.safeParse(wrong).success).toBe(false);
  }
});
