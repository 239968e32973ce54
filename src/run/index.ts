/** The composition root: from a scenario to a run directory. */
export * from "./apart/index.ts";
export { writeAuthority } from "./authority.ts";
export type { Reading } from "./captured.ts";
export { EXPORTS, type ExportSubject, type ExportTable, openExport } from "./export.ts";
export { csvLine, csvPieces } from "./export-csv.ts";
export { parquetPieces } from "./export-parquet.ts";
export { judge, judgeAndReport } from "./judge.ts";
export { ASKS, type RunAsk, RunControls } from "./controls.ts";
export type { LiveArm, RunEvent } from "./live.ts";
export { rampWords } from "./held-ramp.ts";
export { throttleWords } from "./throttle-words.ts";
export {
  type FleetRecord,
  type LoadMaker,
  LOST_SHARDS,
  type LostLoad,
  type LostShards,
  type MadeEmulator,
  type MadeLoad,
  type RegainedLoad,
} from "./load-maker.ts";
export { type LoadedScenario, loadScenario } from "./load-scenario.ts";
export * from "./entries.ts";
export { emulatedFileSchema, loadEmulated } from "./emulated-file.ts";
export type { ReplayFlags } from "./replay-scenario.ts";
export type { TargetFlags } from "./flag-arms.ts";
export { DECISIONS, type Override, overrideRun, overridesOf } from "./override.ts";
export { COURSES } from "./probe-course.ts";
export { type ProbeCourse, type ProbeFlags, probeScenario } from "./probe-scenario.ts";
export { RunDirectory } from "./run-directory.ts";
export { exitCodeOf, type RunOutcome } from "./outcome.ts";
export type { RunOptions } from "./run-scenario.ts";
export type { ResumeOptions } from "./resume.ts";
export type {
  CeilingStep,
  SaturateEvent,
  SaturateFlags,
  SaturateInput,
  SaturateOutcome,
} from "./saturate/index.ts";
export * from "./sql/index.ts";
export { type Scenario, scenarioSchema } from "./scenario/index.ts";
export { envOfDependency } from "./dependency-env.ts";
export type { PlannedScenario, PlanProblem } from "./plan/index.ts";
export {
  parseListenAt,
  parseRecordedDependency,
  parseUpstream,
  type RecordedPlace,
} from "./record/addresses.ts";
export type { Finished, FinishOptions, RecordOptions, RecordOutcome } from "./record/index.ts";
export type { Broken, Verification, VerifyCheck } from "./verify.ts";
export type { CalibrateOptions, CalibrationRun, MadeCalibration } from "./calibrate.ts";
