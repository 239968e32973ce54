import type { PlannedStage } from "../experiment/index.ts";
import type { Scenario, ScenarioArm, ScenarioStage } from "./scenario/index.ts";
import { tellsUsage } from "./usage.ts";
import type { Faults } from "./yaml-file.ts";

/** What of a soak stands in the plan; nothing of a stage that is none. */
export function plannedSoak(
  { hypothesis }: Scenario,
  stage: ScenarioStage,
): Pick<PlannedStage, "soak"> {
  if (stage.soak === undefined || hypothesis === undefined) return {};
  const { drift = hypothesis.then.margin, leak, over } = stage.soak;
  const judgedNs = stage.for - stage.settle;
  return { soak: { drift, leak: leak === false ? null : leak, horizonNs: over ?? judgedNs } };
}

/** Why nobody could tell what arms hold; null where somebody can. */
function untold({ arms, telemetry }: Scenario, usageTold: boolean): string | null {
  if (telemetry?.receive === true) return null;
  const given = Object.entries(arms as Readonly<Record<string, ScenarioArm>>);
  const running = given.filter(([, arm]) => "url" in arm).map(([name]) => name);
  if (running.length === 0 && usageTold) return null;
  const why =
    running.length > 0
      ? `nobody tells what ${running.join(" and ")} held: it was not started by the run`
      : "what processes hold is read from /proc, which this system has not";
  return `${why}; write telemetry: true, if the arms tell it by OpenTelemetry, or leak: false`;
}

/** That a soak compares something, at one rate, in one long run, and that somebody tells of leaks. */
export function checkSoaks(scenario: Scenario, faults: Faults, usageTold = tellsUsage()): void {
  const { factors, hypothesis, stages } = scenario;
  for (const [index, { from, judge, soak }] of stages.entries()) {
    if (soak === undefined) continue;
    const fault = (message: string, field?: string): void =>
      faults.in(["stages", index, "soak", ...(field === undefined ? [] : [field])], message);
    if (hypothesis === undefined) {
      fault("compares the variant with control: write a hypothesis, or leave it out");
    } else if (!judge) {
      fault("is of a stage that is not judged: leave out judge: false, or the soak");
    } else if (from !== undefined) {
      fault("needs one rate from beginning to end: leave out `from`");
    } else if (factors !== undefined) {
      fault("is one long run of one kind: leave out `factors`, or the soak");
    } else if (hypothesis.then.metric === "peak_rss") {
      fault("needs a primary metric that has more than one value a run; peak_rss has one");
    }
    const silent = soak.leak === false ? null : untold(scenario, usageTold);
    if (silent !== null) fault(silent, "leak");
  }
}
