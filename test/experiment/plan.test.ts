import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NS_PER_MS, NS_PER_S } from "../../src/core/index.ts";
import {
  defaultBlockNs,
  metricLabel,
  metricSchema,
  type Plan,
  primarySchema,
  registerPlan,
} from "../../src/experiment/index.ts";
import { PLAN } from "./plan-fixture.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const reversed = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toReversed();
  return Object.fromEntries(entries.map(([key, inner]) => [key, reversed(inner)]));
};

/** Every way of changing one leaf of a plan, taking one key out, or one element. */
function* changes(value: Json): Generator<Json> {
  if (typeof value !== "object" || value === null) {
    yield typeof value === "number" ? value + 1 : `${String(value)}!`;
    return;
  }
  if (Array.isArray(value)) {
    for (const [i, inner] of value.entries()) {
      yield value.toSpliced(i, 1);
      for (const changed of changes(inner)) yield value.with(i, changed);
    }
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    const { [key]: _gone, ...rest } = value as Record<string, Json>;
    yield rest;
    for (const changed of changes(inner)) yield { ...rest, [key]: changed };
  }
}

describe("a registered plan", () => {
  const plan = PLAN as unknown as Json;
  const hash = (json: Json): string => registerPlan(json as unknown as Plan).sha256;

  it("has the same hash in whatever order its keys were written", () => {
    expect(JSON.stringify(reversed(plan))).not.toBe(JSON.stringify(plan));
    expect(hash(reversed(plan))).toBe(hash(plan));
  });

  it("has another hash after any change: a leaf, a key, an element", () => {
    const hashes = [plan, ...changes(plan)].map(hash);
    expect(hashes.length).toBeGreaterThan(80);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe("the default block", () => {
  it("is 250 ms to 10 s, in steps of 50 ms, and gives 40 blocks or more wherever 250 ms can", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 7_200_000 }), (ms) => {
        const judgedNs = ms * NS_PER_MS;
        const blockNs = defaultBlockNs(judgedNs);
        expect(blockNs).toBeGreaterThanOrEqual(250 * NS_PER_MS);
        expect(blockNs).toBeLessThanOrEqual(10 * NS_PER_S);
        expect(blockNs % (50 * NS_PER_MS)).toBe(0);
        const blocks = Math.floor(judgedNs / blockNs);
        // Not many more either, before blocks are as long as they get.
        const [fewest, most] = [ms >= 10_000 ? 40 : 0, ms <= 400_000 ? 49 : Infinity];
        expect(blocks).toBeGreaterThanOrEqual(fewest);
        expect(blocks).toBeLessThan(most);
      }),
    );
  });
});

describe("metric names", () => {
  it("a metric is written with its parameters, and called by them", () => {
    expect(metricLabel({ metric: "amplification", dependency: "reviews" })).toBe(
      "amplification:reviews",
    );
    const slo = metricSchema.parse({ metric: "slo_attainment", target: "250ms", margin: "1%" });
    expect(slo).toEqual({ metric: "slo_attainment", target: 250 * NS_PER_MS, margin: 0.01 });
    expect(metricLabel(slo)).toBe("slo_attainment:250ms");
  });

  it.each([
    "response_time",
    "response_time_p100",
    "response_time_p0",
    "service_time_p0.0",
    "p95",
    "errors",
    "latency_p95",
  ])("%s is refused with what may be written", (metric) => {
    const message = metricSchema.safeParse({ metric, margin: "5%" }).error?.issues[0]?.message;
    expect(message).toMatch(new RegExp(`^"${metric}" is not a metric; write response_time_p95`));
  });

  it("amplification, and nothing else, names a dependency", () => {
    for (const schema of [metricSchema, primarySchema]) {
      expect(schema.safeParse({ metric: "amplification", margin: 0.1 }).success).toBe(false);
      expect(
        schema.safeParse({ metric: "error_ratio", dependency: "a", margin: 0.1 }).success,
      ).toBe(false);
      expect(
        schema.safeParse({ metric: "amplification", dependency: "a", margin: "10%" }).success,
      ).toBe(true);
    }
  });
});
