import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Observation, Tally } from "../../../src/measure/index.ts";
import { addCounts, type ArmCounts, Counter, emptyCounts } from "../../../src/replay/index.ts";
import { GoneWatch } from "../../../src/replay/generator/gone.ts";
import { failure, response } from "../../experiment/blocks-fixture.ts";
import { observations } from "../../measure/arbitrary.ts";
import { tallyOf as tallyWith } from "../../measure/tally-of.ts";

const CAP_NS = 10e9;
const ARMS = 2;
const STAGES = 4;

describe("counts on their way between threads", () => {
  it("add up to the tally of everything, however often they are taken and by how many workers", () => {
    const workers = fc.array(fc.array(fc.array(observations, { maxLength: 10 })), { maxLength: 3 });
    fc.assert(
      fc.property(workers, (given) => {
        const sums: ArmCounts[][] = Array.from({ length: STAGES }, () =>
          Array.from({ length: ARMS }, () => emptyCounts()),
        );
        for (const ticks of given) {
          const counter = new Counter(ARMS, CAP_NS);
          for (const seen of ticks) {
            for (const observation of seen) counter.add(observation);
            // As they arrive: a copy, without methods.
            for (const counts of structuredClone(counter.take())) {
              addCounts(sums[counts.stage]![counts.arm]!, counts);
            }
          }
          expect(counter.take()).toEqual([]);
        }
        const all = given.flat(2);
        for (const [stage, arms] of sums.entries()) {
          for (const [arm, sum] of arms.entries()) expectSame(sum, tallyOf(all, { stage, arm }));
        }
      }),
      { numRuns: 60 },
    );
  });
});

function tallyOf(all: readonly Observation[], place: { stage: number; arm: number }): Tally {
  const own = all.filter(({ arm, stage }) => stage === place.stage && arm === place.arm);
  return tallyWith(own, CAP_NS);
}

function expectSame(sum: ArmCounts, tally: Tally): void {
  const serverErrors = [...tally.statusCounts]
    .filter(([status]) => Number(status) >= 500)
    .reduce((total, [, count]) => total + count, 0);
  expect(sum).toMatchObject({
    planned: tally.planned,
    responses: tally.responses,
    dropped: tally.dropped,
    failed: tally.errors + serverErrors,
  });
  expect(sum.responseTime.count).toBe(tally.responseTime.count);
  for (const p of [0.5, 0.95]) {
    expect(sum.responseTime.quantile(p)).toBe(tally.responseTime.quantile(p));
  }
}

describe("an arm that takes no connections any more", () => {
  const S = 1e9;
  const refused = (arm: number, seq: number): Observation => ({
    ...(failure(arm, seq, seq * S) as Extract<Observation, { kind: "error" }>),
    endNs: seq * S,
    error: "refused",
  });
  const goneOf = (seen: readonly Observation[]): { arm: number; forNs: number }[] => {
    const gone: { arm: number; forNs: number }[] = [];
    const watch = new GoneWatch(ARMS, (arm, forNs) => gone.push({ arm, forNs }));
    for (const observation of seen) watch.see(observation);
    return gone;
  };

  it("is gone after three seconds of nothing else", () => {
    expect(goneOf([0, 1, 2].map((seq) => refused(1, seq)))).toEqual([]);
    expect(goneOf([0, 1, 2, 3].map((seq) => refused(1, seq)))).toEqual([{ arm: 1, forNs: 3 * S }]);
  });

  it.each([
    ["an answer", response(1, 2, 2 * S)],
    ["a timeout: the target is slow, not gone", { ...refused(1, 2), error: "timeout" as const }],
  ])("is not gone when there is %s between", (_, between) => {
    expect(goneOf([refused(1, 0), between, refused(1, 3)])).toEqual([]);
  });

  it("is not gone because the other is", () => {
    const all = [0, 1, 2, 3, 4].map((seq) => refused(0, seq));
    const mixed = all.flatMap((each, seq) => [each, response(1, seq, seq * S)]);
    expect(new Set(goneOf(mixed).map(({ arm }) => arm))).toEqual(new Set([0]));
  });
});
