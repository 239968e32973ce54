/** The composition root: from a scenario to a run directory. */
export { analyse } from "./analyse.ts";
export { writeAuthority } from "./authority.ts";
export { EXPORTS, type ExportSubject, type ExportTable, openExport } from "./export.ts";
export { csvPieces } from "./export-csv.ts";
export { parquetPieces } from "./export-parquet.ts";
export { judgeAndReport } from "./judge.ts";
export type { LiveArm, RunEvent } from "./live.ts";
export { type LoadedScenario, loadScenario } from "./load-scenario.ts";
export { emulatedFileSchema, loadEmulated } from "./emulated-file.ts";
export { type ReplayFlags, replayScenario } from "./replay-scenario.ts";
export type { TargetFlags } from "./flag-arms.ts";
export { RunDirectory } from "./run-directory.ts";
export { type RunOptions, type RunOutcome, runScenario } from "./run-scenario.ts";
export * from "./saturate/index.ts";
export { type Scenario, scenarioSchema } from "./scenario.ts";
export { endSpawned } from "./spawned.ts";
export { envOfDependency } from "./target.ts";
export * from "./record/index.ts";
