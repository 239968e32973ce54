import { type ValueDifference, valueDifferences } from "../../core/index.ts";
import type { Plan } from "../plan.ts";

/** In what two plans differ. */
export interface PlanDifference extends ValueDifference {
  /**
   * Whether another thing is measured: other load, other dependencies, other company. What is only
   * judged otherwise, and which build is measured, is none of that.
   */
  readonly measures: boolean;
}

/** What differs from run to run of one plan, and hashes of what is compared field by field. */
const PASSED_OVER =
  /^(?:seed|runs|runsInAll|inputs\.scenarioSha256|limits|calibrationSha256)(?:\.|$)/;

/** Fields of a plan that load, dependencies and what is asked of the arms depend on. */
const MEASURES =
  /^(?:planVersion|stages|assignment|load|timeoutNs|inFlightMax|factors|prices|telemetry|responses)(?:\.|$)|^inputs\.(?:profileSha256|dependenciesSha256)(?:\.|$)/;

/** Of a stage, what is only judged otherwise. */
const JUDGES = /^stages\.\d+\.(?:onHold|blockNs)$/;

/**
 * In what two plans differ, what is measured first. Arms are told by how many there are: each takes
 * some of the machine.
 */
export function planDifferences(before: Plan, after: Plan): PlanDifference[] {
  const company = (plan: Plan): unknown => ({ ...plan, arms: { count: plan.arms.length } });
  const all = valueDifferences(
    JSON.parse(JSON.stringify(company(before))),
    JSON.parse(JSON.stringify(company(after))),
  );
  const told = all.flatMap((difference): PlanDifference[] => {
    const field = difference.path.join(".");
    if (PASSED_OVER.test(field)) return [];
    const measures = (MEASURES.test(field) && !JUDGES.test(field)) || field === "arms.count";
    return [{ ...difference, measures }];
  });
  return told.toSorted((a, b) => Number(b.measures) - Number(a.measures));
}
