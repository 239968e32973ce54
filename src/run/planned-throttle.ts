import { ShakedownError } from "../core/index.ts";
import type { Plan, PlannedStage } from "../experiment/index.ts";
import type { Scenario, ScenarioStage } from "./scenario/index.ts";
import type { Faults } from "./yaml-file.ts";

/** How a stage's load is halved, for the plan; nothing of a stage that does not say so. */
export const plannedThrottle = ({ onBreach }: ScenarioStage): Pick<PlannedStage, "onBreach"> =>
  onBreach === undefined ? {} : { onBreach };

/**
 * That no stage halves its load where others than this machine's generators send it: they cannot yet.
 * @throws USAGE
 */
export function refuseThrottles({ stages }: Plan): void {
  const named = stages.find(({ onBreach }) => onBreach !== undefined);
  if (named === undefined) return;
  const what = `stage ${named.name} says onBreach, which a load that several machines send has not`;
  throw new ShakedownError("USAGE", what, {
    hint: "leave out onBreach, or send the load from this machine alone",
  });
}

/** That there is harm to suspect, and that what is halved is the same in all arms, in one run. */
export function checkThrottles(
  { design, factors, hypothesis, stages }: Scenario,
  faults: Faults,
): void {
  for (const [index, { judge, onBreach }] of stages.entries()) {
    if (onBreach === undefined) continue;
    const fault = (message: string): void => faults.in(["stages", index, "onBreach"], message);
    if (hypothesis === undefined) {
      fault("is for harm to a variant: write a hypothesis, or leave it out");
    } else if (!judge) {
      fault("is of a stage that is not judged: leave out judge: false, or this");
    } else if (design.kind !== "duet") {
      fault(
        `halves the starts that all arms have at once, and this design is ${design.kind}: write ` +
          "kind: duet in `design`, or leave it out",
      );
    } else if (design.runs > 1 || factors !== undefined) {
      fault("is for one run by itself: leave out `runs` and `factors`, or this");
    }
  }
}
