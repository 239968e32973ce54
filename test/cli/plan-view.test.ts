import { expect, it } from "vitest";
import { planText } from "../../src/cli/plan-view.ts";
import { registerPlan, sizePlan } from "../../src/experiment/index.ts";
import type { PlannedScenario } from "../../src/run/index.ts";
import { PLAN, PLAN_WITHOUT_HISTORY } from "../experiment/plan-fixture.ts";

it("a plan as people read it: the claim, the shares of alpha, what is shown, what would do", () => {
  const stop = { harm: true, futility: false };
  const plan = { ...PLAN, stop };
  const sizing = sizePlan(plan, ({ metric }) => {
    if (metric === "amplification") return "no calls were seen";
    const doubt = metric === "error_ratio" ? "the pilot's arms differ in it" : null;
    return { se: 0.03, requests: 1_010, doubt };
  });
  const problems = [{ problem: "too short", cure: "judge it for longer" }];
  const registered = registerPlan(plan);
  const loaded = {} as PlannedScenario["loaded"];
  const text = planText({ loaded, registered, sizing, problems });
  expect(text.replace(registered.sha256, "<sha256>")).toMatchSnapshot();
});

it.each([
  ["A/A runs of this host", PLAN, /SD 1 %, by A\/A runs of this host/],
  ["the scenario's word", PLAN_WITHOUT_HISTORY, /SD 1 % by the scenario's word: .* never ships/],
  ["nothing", { ...PLAN_WITHOUT_HISTORY, betweenRunSd: null }, /SD not registered/],
])("a plan says what stands behind a single run: %s", (_, plan, words) => {
  const sizing = sizePlan(plan, () => "nothing was measured");
  const registered = registerPlan(plan);
  const loaded = {} as PlannedScenario["loaded"];
  const text = planText({ loaded, registered, sizing, problems: [] });
  expect(text.replaceAll(/\s+/g, " ")).toMatch(words);
});
