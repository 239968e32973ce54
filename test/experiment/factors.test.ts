import { describe, expect, it } from "vitest";
import {
  compareCombinations,
  combinationOf,
  type ComparedRun,
  factorEffects,
  type MetricComparison,
  type Plan,
  planOfRun,
  planRuns,
  registerPlan,
  statusOf,
} from "../../src/experiment/index.ts";
import { type Level, twoLevelDesign } from "../../src/stats/index.ts";
import { gaussians, upperBound99 } from "../stats/simulate.ts";
import { PLAN } from "./plan-fixture.ts";

const NAMES = ["slowness", "pool", "flag", "cache"];

/** A plan whose factors are at every combination of levels, `replicates` times each. */
function planned(
  factors: number,
  replicates: number,
  options: { readonly seed?: string; readonly generators?: readonly string[] } = {},
): Plan {
  const { generators = [], seed = "1" } = options;
  const design = twoLevelDesign(factors, generators);
  return {
    ...PLAN,
    betweenRunSd: null,
    secondary: [],
    factors: NAMES.slice(0, factors).map((name) => ({ name, sets: name, levels: ["1", "4"] })),
    runs: planRuns(seed, design.length * replicates, PLAN.arms, design),
  };
}

function row(estimate: number, changes: Partial<MetricComparison> = {}): MetricComparison {
  return {
    label: "response_time_p90",
    arm: "variant",
    stage: "everybody",
    role: "primary",
    unit: "us",
    better: "lower",
    control: 100,
    variant: 100,
    confidence: 0.95,
    effect: { kind: "relative", estimate: 0, low: -0.001, high: 0.001 },
    margin: 0.1,
    mde: 0.001,
    theta: { estimate, se: 0.005, df: 39 },
    adjustedPHarm: 0.5,
    warnings: [],
    ...changes,
  };
}

type Truth = (levels: readonly Level[]) => number;

/** Runs whose effect is the truth at their levels, and how much runs differ. */
function runsOf(
  plan: Plan,
  truth: Truth,
  {
    control = () => 100,
    normal = () => 0,
    sd = 0.02,
  }: {
    readonly control?: Truth;
    readonly normal?: () => number;
    readonly sd?: number;
  } = {},
): ComparedRun[] {
  return plan.runs.map(({ levels = [] }, index) => ({
    run: index + 1,
    comparisons: [row(truth(levels) + sd * normal(), { control: control(levels) })],
  }));
}

/** `slow` costs 3 % at the low level of the first factor and 180 % at the high one. */
const costly: Truth = ([slow]) => Math.log(slow === 1 ? 2.8 : 1.03);

const judge = (plan: Plan, runs: readonly ComparedRun[]): MetricComparison[] => {
  const groups = Map.groupBy(runs, ({ run }) => combinationOf(plan, plan.runs[run - 1]!));
  const combinations = [...groups].map(([name, those]) => ({
    name,
    levels: plan.runs[those[0]!.run - 1]!.levels!,
    runs: those,
    pooled: those[0]!.comparisons,
  }));
  return compareCombinations(plan, combinations);
};

describe("the runs of a design", () => {
  it("are all combinations, each replicate in an order of its own that the seed draws", () => {
    const orders = ["1", "2", "3"].map((seed) => {
      const { runs } = planned(3, 2, { seed });
      const names = runs.map(({ levels }) => levels!.join());
      expect(new Set(names.slice(0, 8)).size).toBe(8);
      expect(new Set(names.slice(8)).size).toBe(8);
      expect(names.slice(0, 8)).not.toEqual(names.slice(8));
      return names.join(" ");
    });
    expect(new Set(orders).size).toBe(3);
    expect(planned(3, 2)).toEqual(planned(3, 2));
  });

  it("a run's own plan names its levels, and one at other levels is another plan", () => {
    const plan = planned(2, 1);
    const own = plan.runs.map((_, index) => planOfRun(plan, index));
    expect(own.map(({ runs }) => combinationOf(plan, runs[0]!))).toEqual(
      plan.runs.map((run) => combinationOf(plan, run)),
    );
    const other = { ...own[0]!, runs: [{ ...plan.runs[0]!, levels: plan.runs[1]!.levels! }] };
    expect(registerPlan(other).sha256).not.toBe(registerPlan(own[0]!).sha256);
  });
});

describe("effects of factors", () => {
  it.each([0.001, 0.3])(
    "at each level of one factor are as sure as the verdict, runs' own blocks leaving %d open",
    (se) => {
      const plan = planned(1, 2);
      const runs = runsOf(plan, costly, { normal: gaussians("own blocks") }).map((each) => ({
        ...each,
        comparisons: each.comparisons.map((own) => ({ ...own, theta: { ...own.theta!, se } })),
      }));
      const slowness = factorEffects(plan, runs).rows.find(({ of }) => of === "variant");
      const judged = judge(plan, runs)
        .map(({ effect }) => [effect!.low, effect!.high] as const)
        .toSorted(([one], [other]) => one - other);
      const told = slowness!.levels.map(({ high, low }) => [low, high]);
      expect(told).toEqual(
        judged.map((ends) => ends.map((end) => expect.closeTo(end, 9) as number)),
      );
      // 1.0 on the log scale, by t on 2 degrees of freedom 4.3 standard errors of 0.3.
      expect(slowness!.shown).toBe(se < 0.1);
    },
  );

  it("says what the variant does at each level, and what control does", () => {
    const plan = planned(2, 2);
    const normal = gaussians("costly");
    const control: Truth = ([, pool]) => (pool === 1 ? 80 : 120) * Math.exp(0.01 * normal());
    const { rows, warnings } = factorEffects(plan, runsOf(plan, costly, { control, normal }));
    expect(warnings).toEqual([]);
    const shown = rows.filter((each) => each.shown).map(({ factors, of }) => [of, ...factors]);
    expect(shown).toEqual([
      ["variant", "slowness"],
      ["control", "pool"],
    ]);
    const [slowness] = rows;
    expect(slowness!.levels[0]!.value).toBeCloseTo(0.03, 1);
    expect(slowness!.levels[1]!.value).toBeCloseTo(1.8, 1);
    expect(slowness!.estimate).toBeCloseTo(2.8 / 1.03 - 1, 1);
    for (const { high, low, value } of slowness!.levels) {
      expect(low).toBeLessThan(value);
      expect(high).toBeGreaterThan(value);
    }
    const pool = rows.find(({ factors, of }) => of === "control" && factors.join() === "pool")!;
    expect(pool.levels.map(({ value }) => Math.round(value / 10))).toEqual([12, 8]);
    expect(pool.errorFrom).toBe("replicates");
  });

  // 2,000 experiments in which no factor does anything.
  it.each([
    ["two factors, every combination twice", 2, 2],
    ["three factors, none repeated (Lenth)", 3, 1],
    ["four factors, none repeated (Lenth)", 4, 1],
  ])("of %s, one is shown by mistake in at most alpha of experiments", (_, factors, replicates) => {
    const plan = planned(factors, replicates);
    const normal = gaussians(`null/${factors}`);
    const reps = 2_000;
    let [shown, covered] = [0, 0];
    for (let rep = 0; rep < reps; rep++) {
      const found = factorEffects(
        plan,
        runsOf(plan, () => 0, { normal }),
      ).rows;
      const rows = found.filter(({ of }) => of === "variant");
      if (rows.some((each) => each.shown)) shown++;
      covered += rows.filter(({ high, low }) => low <= 0 && high >= 0).length / rows.length;
    }
    expect(shown).toBeLessThanOrEqual(upperBound99(0.05, reps) * reps);
    expect(covered / reps).toBeGreaterThan(0.94);
  });

  it("an interaction of 20 %, where runs differ by 2 %, is found with eight runs", () => {
    const plan = planned(2, 2);
    const normal = gaussians("power");
    const reps = 400;
    const found = Array.from({ length: reps }, () => {
      const runs = runsOf(plan, ([slow]) => 0.1 * slow!, { normal });
      return factorEffects(plan, runs).rows[0]!.shown;
    }).filter(Boolean).length;
    expect(found / reps).toBeGreaterThan(0.95);
  });

  it("a fraction says what it cannot tell apart", () => {
    const plan = planned(3, 2, { generators: ["C=-AB"] });
    const { rows } = factorEffects(plan, runsOf(plan, costly, { normal: gaussians("alias") }));
    const slowness = rows.find(({ factors }) => factors.join() === "slowness")!;
    expect(slowness).toMatchObject({ shown: true, aliases: ["−pool × flag"] });
    expect(rows.every(({ factors }) => factors.length === 1)).toBe(true);
  });

  it("tells nothing of runs that are not balanced, or of a metric that one could not judge", () => {
    const plan = planned(2, 2);
    const runs = runsOf(plan, costly);
    const cut = factorEffects(plan, runs.slice(0, 7));
    expect([cut.rows, cut.warnings[0]]).toEqual([[], expect.stringMatching(/equally often/)]);
    // A replicate less is a whole design all the same.
    expect(factorEffects(plan, runs.slice(0, 4)).rows.length).toBeGreaterThan(0);
    const none = row(0, { theta: null, effect: null });
    const blind = [{ run: 1, comparisons: [none] }, ...runs.slice(1)];
    const { rows, warnings } = factorEffects(plan, blind);
    expect(rows.map(({ of }) => of)).not.toContain("variant");
    expect(warnings).toEqual([expect.stringMatching(/response_time_p90.*run 1 could not/)]);
  });
});

describe("the verdict over combinations", () => {
  const statuses = (plan: Plan, rows: readonly MetricComparison[]): Record<string, string> =>
    Object.fromEntries(rows.map((each) => [each.label, statusOf(each, plan.alpha)]));

  it("shows harm where it is, and no harm where there is none", () => {
    const plan = planned(2, 2);
    const only: Truth = ([slow, pool]) => (slow === 1 && pool === -1 ? Math.log(1.5) : 0);
    const found = judge(plan, runsOf(plan, only, { normal: gaussians("one") }));
    expect(statuses(plan, found)).toEqual({
      "response_time_p90@slowness=1,pool=1": "within-margin",
      "response_time_p90@slowness=1,pool=4": "within-margin",
      "response_time_p90@slowness=4,pool=1": "harm",
      "response_time_p90@slowness=4,pool=4": "within-margin",
    });
  });

  // Of 2,000 experiments.
  it.each([
    ["two factors, each combination twice", 2, 2],
    ["three factors, none repeated", 3, 1],
    ["four factors, none repeated", 4, 1],
  ])("of %s, harm is shown by mistake in at most alpha/2 of experiments", (_, factors, times) => {
    const plan = planned(factors, times);
    const normal = gaussians(`false harm/${factors}`);
    const reps = 2_000;
    const falsely = Array.from({ length: reps }, () => {
      const found = judge(
        plan,
        runsOf(plan, () => 0, { normal }),
      );
      return found.some(({ adjustedPHarm }) => adjustedPHarm! <= plan.alpha / 2);
    }).filter(Boolean).length;
    expect(falsely).toBeLessThanOrEqual(upperBound99(plan.alpha / 2, reps) * reps);
  });

  it("one run of each of four combinations is judged only where it is known how much runs differ", () => {
    const plan = planned(2, 1);
    const runs = runsOf(plan, () => Math.log(3));
    const shares = runs.map(({ comparisons, run }) => ({
      run,
      comparisons: comparisons.map((each) => ({ ...each, label: "error_ratio" })),
    }));
    const known = { ...plan, betweenRunSd: 0.03 };
    expect(judge(known, runs)[0]!.theta!.se).toBeCloseTo(Math.hypot(0.005, 0.03), 12);
    for (const rows of [judge(plan, runs), judge(plan, shares), judge(known, shares)]) {
      for (const each of rows) {
        expect(each).toMatchObject({ effect: null, theta: null, adjustedPHarm: null });
        expect(each.warnings).toEqual([
          expect.stringMatching(/how much runs differ.*design\.runs/),
        ]);
      }
    }
  });

  it("a design of eight runs of which one is missing is judged at none", () => {
    const plan = planned(3, 1);
    const runs = runsOf(plan, () => Math.log(3)).slice(0, 7);
    expect(judge(plan, runs).every(({ effect }) => effect === null)).toBe(true);
  });
});
