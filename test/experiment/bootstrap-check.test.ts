import { describe, expect, it } from "vitest";
import {
  type Block,
  compareMetrics,
  crossChecked,
  emptyBlock,
  type Plan,
} from "../../src/experiment/index.ts";
import { gaussians } from "../stats/simulate.ts";
import { PLAN } from "./plan-fixture.ts";

const BLOCKS = 60;
const STAGE = PLAN.stages[1]!;

type Times = (normal: () => number) => number;

/** The primary metric of two like arms of sixty blocks of a hundred times each. */
function primaryOf(seed: string, metric: string, times: Times, slower = 1) {
  const normal = gaussians(seed);
  const arm = (factor: number): Block[] =>
    Array.from({ length: BLOCKS }, () => {
      const block = emptyBlock(STAGE.blockNs, { dependencies: 1, targets: 0 });
      const luck = Math.exp(0.05 * normal());
      for (let i = 0; i < 100; i++) block.responseTime.record(factor * luck * times(normal));
      return { ...block, planned: 100, started: 100 };
    });
  const primary = { metric, margin: 0.1 };
  const plan: Plan = { ...PLAN, primary, secondary: [], guardrails: [], seed };
  const stages = [{ stage: STAGE, blocks: [arm(1), arm(slower)] }];
  return compareMetrics(plan, stages, ["payments"], [], new Map(), null, crossChecked)[0]!;
}

const seeds = (count: number): string[] => Array.from({ length: count }, (_, seed) => `${seed}`);
const isWidened = ({ warnings }: { readonly warnings: readonly string[] }): boolean =>
  warnings.some((warning) => warning.includes("block bootstrap"));

const logNormal: Times = (normal) => 20_000 * Math.exp(0.5 * normal());
/** Nine of ten about 20 ms, one about 200: the p90 lies at the edge. */
const twoModes: Times = (normal) =>
  20_000 * Math.exp(0.1 * normal()) * (normal() > 1.2265 ? 10 : 1);

describe("a block bootstrap beside a primary metric's interval", () => {
  it.each(["response_time_p50", "response_time_p95"])(
    "widens none of blocks that differ as they usually do: %s",
    (metric) => {
      expect(seeds(15).filter((seed) => isWidened(primaryOf(seed, metric, logNormal)))).toEqual([]);
    },
  );

  it("widens where the quantile lies between two modes, and the test of harm with it", () => {
    const rows = seeds(30).map((seed) => primaryOf(seed, "response_time_p90", twoModes));
    const widened = rows.filter(isWidened);
    expect(widened.length).toBeGreaterThan(0.2 * rows.length);
    expect(rows.filter((row) => (row.adjustedPHarm ?? 1) <= 0.025)).toEqual([]);
    const { effect, theta } = widened[0]!;
    // The interval and the standard error that runs are compared by are the same.
    const half = (Math.log1p(effect!.high) - Math.log1p(effect!.low)) / 2;
    expect(half / theta!.se).toBeGreaterThan(1.9);
    expect(half / theta!.se).toBeLessThan(3);
  });

  it("leaves a large effect one, and says the same each time", () => {
    const row = primaryOf("large", "response_time_p50", logNormal, 1.5);
    expect(row.adjustedPHarm).toBeLessThan(0.001);
    expect(primaryOf("0", "response_time_p90", twoModes)).toEqual(
      primaryOf("0", "response_time_p90", twoModes),
    );
  });
});
