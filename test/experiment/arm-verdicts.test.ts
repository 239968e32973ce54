import { describe, expect, it } from "vitest";
import {
  decideArms,
  type JudgedComparison,
  type VerdictsInput,
} from "../../src/experiment/index.ts";

const row = (arm: string, estimate: number, half: number, pHarm = 0.5): JudgedComparison => ({
  label: "response_time_p90",
  arm,
  stage: "everybody",
  role: "primary",
  effect: { kind: "relative", estimate, low: estimate - half, high: estimate + half },
  margin: 0.1,
  adjustedPHarm: pHarm,
  warnings: [],
});
const WELL = row("a", 0.01, 0.02);
const BETTER = row("b", -0.05, 0.02);
const SICK = row("c", 0.5, 0.1, 1e-6);
const WIDE = row("d", 0, 0.4);

const input = (comparisons: readonly JudgedComparison[]): VerdictsInput => ({
  arms: ["control", ...comparisons.map(({ arm }) => arm!)],
  alpha: 0.05,
  hypothesis: {},
  comparisons,
  findings: [],
  invalid: [],
  doubts: [],
  incompleteBecause: null,
  replicated: true,
  droppedStarts: [0, ...comparisons.map(() => 0)],
  cuts: [],
  cutsStand: true,
});
const decisions = (given: VerdictsInput) => {
  const { verdict, verdicts } = decideArms(given);
  const each = [...verdicts].map(([arm, { decision }]) => [arm, decision]);
  return { run: verdict.decision, reason: verdict.reason, ...Object.fromEntries(each) };
};

describe("verdicts of several variants", () => {
  it("ship where at least one may, the best by the primary named first", () => {
    const found = decisions(input([WELL, BETTER, SICK, WIDE]));
    expect(found).toMatchObject({ run: "ship", a: "ship", b: "ship", c: "roll-back", d: "hold" });
    expect(found.reason).toMatch(/^may ship, best by response_time_p90 first: b, a \(/);
    expect(found.reason).toMatch(/; held: d; rolled back: c$/);
  });

  it("hold where none ships and one holds; roll back where all do", () => {
    expect(decisions(input([SICK, WIDE]))).toMatchObject({
      run: "hold",
      c: "roll-back",
      d: "hold",
    });
    const all = decisions(input([SICK, { ...SICK, arm: "e" }]));
    expect(all).toMatchObject({ run: "roll-back", c: "roll-back", e: "roll-back" });
  });

  it("what is said of one variant is not said of another; of the control, or of all, it is", () => {
    const given = input([WELL, BETTER]);
    const finding = {
      detector: "x",
      status: "fail",
      cause: "pool exhaustion",
      summary: "s",
    } as const;
    const ofB = { ...given, findings: [{ ...finding, subject: "b payments" }] };
    expect(decisions(ofB)).toMatchObject({ run: "ship", a: "ship", b: "hold" });
    const doubtOfB = { ...given, doubts: [{ name: "drift", summary: "s", arm: "b" }] };
    expect(decisions(doubtOfB)).toMatchObject({ run: "ship", a: "ship", b: "hold" });
    const ofAll = { ...given, invalid: [{ name: "pairing", summary: "s" }] };
    expect(decisions(ofAll)).toMatchObject({
      run: "hold",
      reason: "pairing: s",
      a: "hold",
      b: "hold",
    });
    const dropped = { ...given, droppedStarts: [0, 3, 0] };
    expect(decisions(dropped)).toMatchObject({ run: "ship", a: "hold", b: "ship" });
    expect(decisions({ ...given, droppedStarts: [1, 0, 0] }).run).toBe("hold");
  });

  it("a variant that was cut is judged by the rule that cut it", () => {
    const given = input([WELL, BETTER]);
    const rule = { rule: "harm", decision: "roll-back", because: "slow", untilNs: 1 } as const;
    const found = decisions({ ...given, cuts: [{ ...rule, arm: "b" }] });
    expect(found).toMatchObject({ run: "ship", a: "ship", b: "roll-back" });
  });

  it("what one was cut for stands when the run is interrupted after, not when files are damaged", () => {
    const cut = {
      rule: "harm",
      decision: "roll-back",
      because: "slow",
      untilNs: 1,
      arm: "b",
    } as const;
    const given = { ...input([WELL, BETTER]), cuts: [cut], incompleteBecause: "interrupted" };
    expect(decisions(given)).toMatchObject({ run: "hold", a: "hold", b: "roll-back" });
    expect(decisions({ ...given, cutsStand: false })).toMatchObject({ run: "hold", b: "hold" });
  });

  it("one whose process died holds as incomplete, and the others are judged", () => {
    const gone = { rule: "gone", decision: "hold", because: "arm b ended", untilNs: 1 } as const;
    const { verdicts, verdict } = decideArms({
      ...input([WELL, BETTER]),
      cuts: [{ ...gone, arm: "b" }],
    });
    expect(verdict.decision).toBe("ship");
    expect(verdicts.get("b")).toMatchObject({
      decision: "hold",
      reason: "incomplete: arm b ended",
    });
  });
});
