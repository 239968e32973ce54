/** The composition root: from a scenario to a run directory. */
export { analyse } from "./analyse.ts";
export { judgeAndReport } from "./judge.ts";
export type { LiveArm, RunEvent } from "./live.ts";
export { type LoadedScenario, loadScenario } from "./load-scenario.ts";
export { RunDirectory } from "./run-directory.ts";
export { type RunOptions, type RunOutcome, runScenario } from "./run-scenario.ts";
export { type Scenario, scenarioSchema } from "./scenario.ts";
export { endSpawned } from "./spawned.ts";
export { dependencyEnvName } from "./target.ts";
