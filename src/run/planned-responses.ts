import type { Plan } from "../experiment/index.ts";
import { responseRules } from "../replay/index.ts";
import type { Scenario } from "./scenario/index.ts";
import type { Faults } from "./yaml-file.ts";

const isAsked = ({ guardrails, hypothesis, secondary }: Scenario): boolean =>
  [...(hypothesis === undefined ? [] : [hypothesis.then]), ...secondary, ...guardrails].some(
    ({ metric }) => metric === "response_equality",
  );

/** How answers are compared: as the scenario says, or as is usual where only a metric needs it. */
export function plannedResponses(scenario: Scenario): Pick<Plan, "responses"> {
  if (scenario.responses !== undefined) return { responses: scenario.responses };
  return isAsked(scenario) ? { responses: responseRules.parse({}) } : {};
}

/** That there are answers to the same request to be compared. */
export function checkResponses(scenario: Scenario, faults: Faults): void {
  const { arms, design, responses } = scenario;
  if (responses === undefined && !isAsked(scenario)) return;
  const field = responses === undefined ? "guardrails" : "responses";
  if ("target" in arms) {
    if (responses !== undefined)
      faults.in([field], "one arm alone has nothing to be compared with: leave it out");
  } else if (design.kind !== "duet") {
    faults.in(
      [field],
      `answers are compared where every arm gets the same request at once, and here the design is ${design.kind}: ` +
        "write kind: duet, or leave out `responses` and response_equality",
    );
  }
}
