import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Profile, type ProfileRecord, readProfile } from "../../src/profile/index.ts";
import { loadScenario } from "../../src/run/index.ts";
import { makePlan } from "../../src/run/make-plan.ts";
import { ROOT } from "../e2e/cli.ts";

const scenario = loadScenario(join(ROOT, "scenarios/payment-pool.yaml"));
const profile = await readProfile(scenario.profilePath);

describe("the plan of a scenario", () => {
  it("puts stages end to end, at their share of the rate, judged after they settled", () => {
    const { stages } = makePlan(scenario, profile, "1");
    expect(stages.map(({ name, ratePerSec }) => [name, ratePerSec])).toEqual([
      ["warm-up", 48],
      ["pilot", 48],
      ["everybody", 120],
    ]);
    for (const [index, stage] of stages.entries()) {
      expect(stage.startNs).toBe(stages[index - 1]?.endNs ?? 0);
      expect(stage.judgedFromNs === null).toBe(stage.name === "warm-up");
      if (stage.judgedFromNs === null) continue;
      expect(stage.judgedFromNs).toBeGreaterThanOrEqual(stage.startNs);
      expect((stage.endNs - stage.judgedFromNs) / stage.blockNs).toBeGreaterThanOrEqual(20);
    }
  });

  it("guards the error ratio even where the scenario does not", () => {
    const bare = { ...scenario, scenario: { ...scenario.scenario, guardrails: [] } };
    const { guardrails } = makePlan(bare, profile, "1");
    expect(guardrails).toEqual([{ metric: "error_ratio", margin: 0.01 }]);
    const registered = makePlan(scenario, profile, "1").guardrails;
    expect(registered.filter(({ metric }) => metric === "error_ratio")).toHaveLength(1);
    expect(registered).toContainEqual(expect.objectContaining({ margin: 0.005 }));
  });

  it("changes with the profile and the seed", () => {
    const one = makePlan(scenario, profile, "1");
    const shorter: Profile = { ...profile, records: profile.records.slice(1) };
    expect(makePlan(scenario, shorter, "1").inputs).not.toEqual(one.inputs);
    expect(makePlan(scenario, profile, "2").seed).toBe("2");
  });

  it("refuses a profile with more routes than an observation can name", () => {
    const first = profile.records[0]!;
    const records = Array.from({ length: 65_536 }, (_, i): ProfileRecord => ({
      ...first,
      route: `GET /${i}`,
    }));
    expect(() => makePlan(scenario, { ...profile, records }, "1")).toThrow(/65536 routes/);
  });
});
