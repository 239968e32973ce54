import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NS_PER_S } from "../../src/core/index.ts";
import { type Profile, type ProfileRecord, readProfile } from "../../src/profile/index.ts";
import { loadScenario, type Scenario } from "../../src/run/index.ts";
import { makePlan } from "../../src/run/make-plan.ts";
import { ROOT } from "../e2e/cli.ts";

const scenario = loadScenario(join(ROOT, "scenarios/payment-pool.yaml"));
const profile = await readProfile(scenario.profilePath);

const RECORDED = { kind: "recorded" } as const;
/** The plan of the scenario with other load. */
const made = (change: Partial<Scenario>) =>
  makePlan({ ...scenario, scenario: { ...scenario.scenario, ...change } }, profile, "1");

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

  it("takes a rate as so many times the capture's own, at the speed it is played at", () => {
    const lastNs = profile.records.at(-1)!.offsetNs;
    const { length } = profile.records;
    // From the first arrival to one mean gap after the last.
    const capturedPerSec = (length - 1) / (lastNs / NS_PER_S);
    const planned = made({ rate: { multiple: 2 }, arrivals: RECORDED, speed: 3 });
    for (const { name, ratePerSec } of planned.stages) {
      const share = name === "everybody" ? 1 : 0.4;
      expect(ratePerSec).toBeCloseTo(2 * 3 * share * capturedPerSec, 6);
    }
    expect(planned.load).toMatchObject({ arrivals: RECORDED, speed: 3 });
  });

  it("ends with the capture that does not begin anew, however long the stage", () => {
    const lastNs = profile.records.at(-1)!.offsetNs;
    const periodNs = (lastNs * profile.records.length) / (profile.records.length - 1);
    const stages = [{ ...scenario.scenario.stages[2]!, for: 3_600 * NS_PER_S, settle: 0 }];
    const planned = made({ arrivals: RECORDED, rate: { multiple: 1 }, loop: false, stages });
    expect(planned.stages[0]!.endNs).toBeCloseTo(periodNs, 0);
    const again = made({ arrivals: RECORDED, rate: { multiple: 1 }, loop: true, stages });
    expect(again.stages[0]!.endNs).toBe(3_600 * NS_PER_S);
  });

  it("refuses a stage that a capture which does not begin anew is over before", () => {
    const [, , last] = scenario.scenario.stages;
    const stages = [1, 2].map(() => ({ ...last!, name: undefined, for: 3_600 * NS_PER_S }));
    const load = { arrivals: RECORDED, rate: { multiple: 1 }, stages };
    expect(() => made({ ...load, loop: false })).toThrow(/over before stage-2 begins/);
    expect(made({ ...load, loop: true }).stages).toHaveLength(2);
  });

  it("a ramp says where it begins; other stages begin as they end", () => {
    const [first, ...more] = scenario.scenario.stages;
    const from = { shareOfRate: 0.1 };
    const { stages } = made({ stages: [{ ...first!, from }, ...more] });
    expect(stages[0]).toMatchObject({ fromPerSec: 12, ratePerSec: 48 });
    for (const { fromPerSec, ratePerSec } of stages.slice(1)) expect(fromPerSec).toBe(ratePerSec);
  });

  it("of one arm compares nothing, and guards nothing", () => {
    const { hypothesis: _hypothesis, ...rest } = scenario.scenario;
    const target = { url: "http://shop.internal", headers: {}, http2: false };
    const alone = { ...rest, arms: { target }, secondary: [], guardrails: [] };
    const planned = makePlan({ ...scenario, scenario: alone }, profile, "1");
    expect(planned).toMatchObject({
      arms: ["target"],
      hypothesis: null,
      otherwise: null,
      primary: null,
      secondary: [],
      guardrails: [],
    });
  });

  it("needs a rate where all records arrive at one moment", () => {
    const records = profile.records.map((record): ProfileRecord => ({ ...record, offsetNs: 0 }));
    const flat: Profile = { ...profile, records };
    const multiple = { ...scenario.scenario, rate: { multiple: 2 } };
    expect(() => makePlan({ ...scenario, scenario: multiple }, flat, "1")).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("--rate 100/s") as string }),
    );
    expect(makePlan(scenario, flat, "1").stages[2]?.ratePerSec).toBe(120);
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
