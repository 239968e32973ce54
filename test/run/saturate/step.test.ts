import { describe, expect, it } from "vitest";
import { NS_PER_MS, NS_PER_S } from "../../../src/core/index.ts";
import type { Observation } from "../../../src/measure/index.ts";
import { judgeStep, measureStep, type StepMeasures } from "../../../src/run/saturate/step.ts";

const PART = { fromNs: NS_PER_S, toNs: 5 * NS_PER_S, timeoutNs: 2 * NS_PER_S };

interface Given {
  readonly atMs: number;
  readonly tookMs?: number;
  readonly lagMs?: number;
  readonly status?: number;
  readonly error?: "timeout" | "reset";
}

function started({ atMs, error, lagMs = 0, status = 200, tookMs = 10 }: Given): Observation {
  const intendedNs = atMs * NS_PER_MS;
  const startNs = intendedNs + lagMs * NS_PER_MS;
  const endNs = startNs + tookMs * NS_PER_MS;
  const common = { arm: 0, stage: 0, seq: 0, route: 0, intendedNs, startNs, endNs };
  if (error !== undefined) return { ...common, kind: "error", connectionWaitNs: 0, error };
  const bytes = { firstByteNs: endNs, bytesIn: 0, bytesOut: 0 };
  return { ...common, ...bytes, kind: "response", connectionWaitNs: 0, status };
}

const dropped = (atMs: number, count: number): Observation => ({
  kind: "dropped",
  arm: 0,
  stage: 0,
  seq: 0,
  route: 0,
  intendedNs: atMs * NS_PER_MS,
  reason: "in-flight-cap",
  count,
});

/** One start each 10 ms for five seconds. */
const steady = (of: Omit<Given, "atMs"> = {}): Observation[] =>
  Array.from({ length: 500 }, (_, i) => started({ atMs: i * 10, ...of }));

const measured = (observations: readonly Observation[]): StepMeasures =>
  measureStep(observations, PART);

describe("a step, measured", () => {
  it("every observation is in the ledger, and the settling part is not judged", () => {
    const seen = [...steady(), started({ atMs: 10, error: "reset" }), dropped(20, 7)];
    expect(measured(seen)).toMatchObject({
      responses: 500,
      errors: 1,
      dropped: 7,
      offered: 400,
      good: 400,
      offeredDropped: 0,
    });
  });

  it("Little's law: mean in flight is rate times time in flight, up to the edges", () => {
    const { concurrency, throughputPerSec } = measured(steady({ tookMs: 50 }));
    expect(throughputPerSec).toBe(100);
    expect(concurrency).toBeCloseTo(5, 6);
  });

  it("overload: throughput is what came out meanwhile, not what was answered in the end", () => {
    // Twice what is answered: one answer each 20 ms.
    const queued = Array.from({ length: 500 }, (_, i) =>
      started({ atMs: i * 10, tookMs: i * 10 + 20 }),
    );
    const { backlogGrowth, concurrency, good, offered, throughputPerSec } = measured(queued);
    expect(backlogGrowth).toBe(200);
    expect(throughputPerSec).toBe(50);
    expect(concurrency).toBeCloseTo(150, -1);
    // Those that would have waited longer than the timeout are no goodput.
    expect(offered).toBe(400);
    expect(good).toBe(99);
  });

  it("5xx, timeouts and drops are not good; 4xx is an answer", () => {
    const seen = [
      ...steady({ status: 404 }),
      started({ atMs: 2_000, status: 500 }),
      started({ atMs: 2_000, error: "timeout", tookMs: 2_000 }),
      dropped(2_000, 3),
    ];
    expect(measured(seen)).toMatchObject({ offered: 405, good: 400, offeredDropped: 3 });
  });
});

describe("a step, judged", () => {
  const fine = measured(steady());

  it("holds with goodput of 99 % and p99 at its limit, and not beyond either", () => {
    const at = { ...fine, offered: 1_000, good: 990, p99Us: 50_000 };
    expect(judgeStep(at, 50_000)).toEqual({ outcome: "holds", why: null });
    expect(judgeStep({ ...at, good: 989 }, 50_000)).toEqual({
      outcome: "fails",
      why: "goodput 98.9 %",
    });
    expect(judgeStep({ ...at, p99Us: 50_001 }, 50_000)).toEqual({
      outcome: "fails",
      why: "p99 above 50 ms",
    });
    expect(judgeStep({ ...at, p99Us: 1e9 }, null).outcome).toBe("holds");
  });

  it("a backlog that grows fails a step before its p99 does; one that fluctuates does not", () => {
    const offered = { ...fine, offered: 1_000, good: 1_000 };
    expect(judgeStep({ ...offered, backlogGrowth: 50 }, null).outcome).toBe("holds");
    expect(judgeStep({ ...offered, backlogGrowth: 51 }, null)).toEqual({
      outcome: "fails",
      why: "backlog grew by 51",
    });
    const few = { ...fine, offered: 40, good: 40 };
    expect(judgeStep({ ...few, backlogGrowth: 10 }, null).outcome).toBe("holds");
    expect(measured(steady({ tookMs: 50 })).backlogGrowth).toBe(0);
  });

  it("drops are named beside the goodput that they cost", () => {
    const { why } = judgeStep({ ...fine, offered: 100, good: 80, offeredDropped: 15 }, null);
    expect(why).toBe("goodput 80 %, 15 % dropped");
  });

  it("a late generator is not the target's failing: above 1 ms and a tenth of the median", () => {
    const failing = { ...fine, good: 0, p50Us: 50_000 };
    expect(judgeStep({ ...failing, generatorLagP99Us: 5_000 }, null).outcome).toBe("fails");
    expect(judgeStep({ ...failing, generatorLagP99Us: 5_001 }, null)).toMatchObject({
      outcome: "late",
      why: "the generator itself was late: p99 5 ms",
    });
    expect(judgeStep({ ...failing, p50Us: 100, generatorLagP99Us: 1_000 }, null).outcome).toBe(
      "fails",
    );
  });

  it("what holds in spite of a late generator holds, and nothing sent says nothing", () => {
    expect(judgeStep({ ...fine, generatorLagP99Us: 90_000 }, null).outcome).toBe("holds");
    expect(judgeStep(measured([]), null)).toMatchObject({ outcome: "late" });
  });
});
