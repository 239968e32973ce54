import type { Plan, PlannedStage } from "../experiment/index.ts";
import type { CrossoverSpec, SplitSpec } from "../replay/index.ts";
import type { Scenario } from "./scenario/index.ts";

/** Of a period, what is not judged unless a scenario says so. */
const WASHOUT_SHARE = 0.2;

/** The share of each arm, control first: as the scenario says, or all the same. */
export function weightsOf({ arms, design }: Scenario): number[] {
  const names = Object.keys(arms);
  return names.map((arm) => design.weights?.[arm] ?? (design.weights ? 0 : 1 / names.length));
}

/** What the variants have together in each stage: the stage's `share`, or their weights. */
export function sharesOf(scenario: Scenario): number[] {
  const [control = 0] = weightsOf(scenario);
  return scenario.stages.map(({ share }) => share ?? 1 - control);
}

/** How long one arm alone is loaded, and what of that is not judged; null where arms take no turns. */
export function periodsOf({ design }: Scenario): Omit<CrossoverSpec, "kind"> | null {
  const { kind, period, washout } = design;
  if (kind !== "crossover" || period === undefined) return null;
  return { periodNs: period, washoutNs: washout ?? Math.round(period * WASHOUT_SHARE) };
}

function splitOf(scenario: Scenario): SplitSpec {
  const { by = { kind: "session" }, holdout = 0, reserved = [] } = scenario.design;
  const [weights, shares] = [weightsOf(scenario), sharesOf(scenario)];
  return { kind: "split", by, weights, shares, holdout, reserved };
}

/** Which arms get a start, for the plan; nothing where all do, at once. */
export function plannedAssignment(scenario: Scenario): Pick<Plan, "assignment"> {
  const periods = periodsOf(scenario);
  if (periods !== null) return { assignment: { kind: "crossover", ...periods } };
  return scenario.design.kind === "split" ? { assignment: splitOf(scenario) } : {};
}

/** Where arms take turns, a block of a stage is a period of each. */
export function turnsOf(scenario: Scenario): Pick<PlannedStage, "blockNs" | "periods"> | null {
  const periods = periodsOf(scenario);
  if (periods === null) return null;
  const { periodNs, washoutNs } = periods;
  const arms = Object.keys(scenario.arms).length;
  return { blockNs: arms * periodNs, periods: { lengthNs: periodNs, washoutNs } };
}
