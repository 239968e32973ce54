import { describe, expect, it } from "vitest";
import { DETECTORS } from "../../src/detect/index.ts";
import type { Observation } from "../../src/measure/index.ts";
import { crossover, periodOrder } from "../../src/replay/index.ts";
import { detectorWords, heardDetectors, isHeard } from "../../src/run/heard-detectors.ts";
import { callsInOwnTime, observationsInOwnTime, OwnTime } from "../../src/run/own-time.ts";
import { plainCall } from "../../src/testing/index.ts";
import { callTable, observationTable, response } from "../experiment/blocks-fixture.ts";
import { PLAN } from "../experiment/plan-fixture.ts";

const TURNS = { kind: "crossover", periodNs: 1e9, washoutNs: 2e8 } as const;
const SEED = "turns";

describe("arms that take turns, in their own time", () => {
  const time = new OwnTime(SEED, TURNS.periodNs, 2);
  const assignment = crossover(TURNS, SEED, 2);

  it("have every start at the same moment, with all that came of it", () => {
    const rows: Observation[] = [];
    for (let cycle = 0; cycle < 50; cycle++) {
      for (const [turn, arm] of periodOrder(SEED, cycle, 2).entries()) {
        const intendedNs = (2 * cycle + turn) * TURNS.periodNs + 7e8;
        // The answer comes when it is the other one's turn already.
        rows.push(response(arm, cycle, intendedNs, 5e8));
        expect(assignment.armsOf({ intendedNs } as never)).toBe(1 << arm);
      }
    }
    const table = observationTable(rows);
    const own = [...observationsInOwnTime(table, time)];
    for (const row of own) {
      expect(row.intendedNs).toBe(row.seq * TURNS.periodNs + 7e8);
      expect(row.kind === "response" && row.endNs - row.intendedNs).toBe(5e8 + 1e5);
    }
    const late = rows.map(({ arm, intendedNs, seq }) => {
      const at = { arriveNs: intendedNs + 4e8, endNs: intendedNs + 6e8 };
      return [plainCall({ arm, seq, ...at }), plainCall({ arm, seq: -1, ...at })];
    });
    const calls = [...callsInOwnTime(callTable(late.flat(), ["payments"]), table, time)];
    // With the request that it names, and, where it names none, with its arm's last turn.
    expect(new Set(calls.map(({ arriveNs }) => arriveNs % TURNS.periodNs))).toEqual(new Set([1e8]));
    const startOf = (arm: number, seq: number): number =>
      own.find((row) => row.arm === arm && row.seq === seq)!.intendedNs;
    for (const { arm, arriveNs, seq } of calls.filter((call) => call.seq >= 0)) {
      expect(arriveNs).toBe(startOf(arm, seq) + 4e8);
    }
  });
});

describe("which detectors are heard, and where", () => {
  const names = (plan: typeof PLAN): string[] => heardDetectors(plan).map(({ name }) => name);

  it("all in a duet; in a crossover not those that time alone ages", () => {
    expect(names(PLAN)).toEqual(DETECTORS.map(({ name }) => name));
    expect(detectorWords(PLAN)).toEqual([]);
    const plan = { ...PLAN, assignment: TURNS };
    const unheard = DETECTORS.map(({ name }) => name).filter((name) => !names(plan).includes(name));
    expect(unheard).toEqual(["cache-thrash", "stampede", "no-keep-alive", "port-exhaustion"]);
    for (const name of unheard) expect(detectorWords(plan).join()).toContain(name);
  });

  it("in a split only of stages in which arms have as much traffic as each other", () => {
    const shares = PLAN.stages.map((_, stage) => (stage === 1 ? 0.5 : 0.1));
    const split = { kind: "split", by: { kind: "request" }, holdout: 0, reserved: [] } as const;
    const assignment = { ...split, weights: [0.5, 0.5], shares };
    const plan = { ...PLAN, assignment };
    expect(PLAN.stages.map((stage) => isHeard(plan, stage))).toEqual(shares.map((s) => s === 0.5));
    expect(detectorWords(plan).join()).toMatch(
      /no-bulkhead and slow-dependency.*got other requests/,
    );
    expect(names(plan)).not.toContain("slow-dependency");
    const canary = { ...plan, assignment: { ...assignment, shares: shares.map(() => 0.1) } };
    expect(detectorWords(canary).join()).toMatch(/do not look at any stage/);
  });
});
