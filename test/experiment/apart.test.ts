import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ApartNoise,
  type BoundComparison,
  compareApart,
  judgeApart,
  type Level,
  type Plan,
  planDifferences,
} from "../../src/experiment/index.ts";
import { gaussians, upperBound99 } from "../stats/simulate.ts";
import { PLAN } from "./plan-fixture.ts";

const REPS = 1_500;
const SILENT: ApartNoise = { runSd: null, floorSd: 0, hostSd: null };
const SPEC = PLAN.primary!;
const CONFIDENCE = 1 - PLAN.alpha;

const level = (estimates: readonly number[], se = 0.01): Level => ({
  arm: "control",
  metric: "response_time_p90",
  stage: "everybody",
  unit: "us",
  better: "lower",
  kind: "relative",
  warnings: [],
  runs: estimates.map((estimate) => ({ estimate, se, df: 39, counts: null })),
});

function decide(before: readonly Level[], after: Level, noise: ApartNoise = SILENT) {
  const compared = compareApart(before, [after], noise, CONFIDENCE);
  const where = { spec: SPEC, label: after.metric, arm: "variant", stage: after.stage } as const;
  const rows: BoundComparison[] = [{ ...compared, ...where, role: "primary" }];
  const sound = { invalid: [], incompleteBecause: null, droppedStarts: 0, hosts: null };
  return judgeApart({ rows, alpha: PLAN.alpha, confidence: CONFIDENCE, ...sound }).verdict.decision;
}

/** How often runs of builds that differ by `effect` are decided which way, with so many kept. */
function rates(kept: number, effect: number, runSd: number) {
  const normal = gaussians(`${kept} ${effect}`);
  const draw = (shift = 0): number => shift + runSd * normal() + 0.01 * normal();
  const count = { ship: 0, hold: 0, "roll-back": 0 };
  for (let rep = 0; rep < REPS; rep++) {
    const before = Array.from({ length: kept }, () => level([draw()]));
    count[decide(before, level([draw(effect)])) ?? "hold"]++;
  }
  return count;
}

describe("a verdict beside runs that were kept", () => {
  const bound = upperBound99(PLAN.alpha / 2, REPS) * REPS;

  it.each([4, 6, 10])("with %i kept, at most one in forty like builds is rolled back", (kept) => {
    expect(rates(kept, 0, 0.02)["roll-back"]).toBeLessThanOrEqual(bound);
  });

  it.each([4, 6, 10])(
    "with %i kept, at most one in forty that is worse by the margin ships",
    (kept) => {
      expect(rates(kept, Math.log1p(SPEC.margin), 0.02).ship).toBeLessThanOrEqual(bound);
    },
  );

  it("ten that differ by 2 percent are enough to ship most of the builds that are alike", () => {
    expect(rates(10, 0, 0.02).ship).toBeGreaterThan(0.9 * REPS);
  });

  it("nothing is decided where nothing says how much runs differ, whatever was measured", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: 0, max: 0.1, noNaN: true }),
        (effect, floorSd) => {
          expect(decide([level([0])], level([effect]), { ...SILENT, floorSd })).toBe("hold");
        },
      ),
    );
  });

  it("a figure that one side lacks is not judged, and so not shipped", () => {
    const noise = { ...SILENT, runSd: 0.01 };
    const kept = [0, 0.01, -0.01, 0.003].map((theta) => level([theta]));
    expect(decide(kept, level([0]), noise)).toBe("ship");
    expect(decide(kept, level([]), noise)).toBe("hold");
    expect(decide([...kept, level([])], level([0]), noise)).toBe("hold");
  });

  it("a number that nobody's runs stand behind condemns, and never ships", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: 0.001, max: 0.1, noNaN: true }),
        (effect, runSd) => {
          expect(decide([level([0])], level([effect]), { ...SILENT, runSd })).not.toBe("ship");
        },
      ),
    );
    expect(decide([level([0])], level([2]), { ...SILENT, runSd: 0.01 })).toBe("roll-back");
  });

  it("several runs of a side count as one where several sides were kept: they share their moment", () => {
    const of = (shift: number): Level => level([shift, shift + 0.001, shift - 0.001, shift]);
    const before = [0, 0.06, -0.06, 0.03].map(of);
    const { theta } = compareApart(before, [of(0.05)], SILENT, CONFIDENCE);
    expect(theta?.df).toBe(3);
    expect(theta?.se).toBeGreaterThan(0.05);
  });
});

describe("in what plans differ", () => {
  const fields = (change: Partial<Plan>): readonly (readonly [string, boolean])[] =>
    planDifferences(PLAN, { ...PLAN, ...change }).map(
      ({ measures, path }) => [path.join("."), measures] as const,
    );

  it("passes over what differs from run to run", () => {
    const inputs = { ...PLAN.inputs, scenarioSha256: "other" };
    const runs = [{ seed: "2", slots: ["variant", "control"] }];
    expect(fields({ seed: "2", runs, inputs })).toEqual([]);
  });

  it("tells what is measured from what is judged, and from which build it is", () => {
    const [warmUp, judged] = PLAN.stages;
    const inputs = { ...PLAN.inputs, revisions: { control: "a" }, profileSha256: "p" };
    const found = fields({
      alpha: 0.01,
      timeoutNs: 1,
      stages: [warmUp!, { ...judged!, ratePerSec: 7, blockNs: 8, onHold: "stop" }],
      inputs,
    });
    expect(Object.fromEntries(found)).toEqual({
      timeoutNs: true,
      "stages.1.ratePerSec": true,
      "inputs.profileSha256": true,
      alpha: false,
      "stages.1.blockNs": false,
      "stages.1.onHold": false,
      "inputs.revisions": false,
    });
    expect(found.map(([, measures]) => measures)).toEqual([
      true,
      true,
      true,
      ...Array(4).fill(false),
    ]);
  });

  it("arms count by how many share the machine, not by name", () => {
    expect(fields({ arms: ["control", "other"] })).toEqual([]);
    expect(fields({ arms: ["control"] })).toEqual([["arms.count", true]]);
  });
});
