/**
 * shakedown as a library: make a profile, do a scenario, judge a run. Re-exports only; the command
 * line does nothing that cannot be done from here.
 */
export { captureProfile, captureToFile, openCapture } from "./capture/index.ts";
export { ERRORS, EXIT, type ErrorCode, type ExitCode, ShakedownError } from "./core/index.ts";
export { type Detector, DETECTORS, type Evidence, type Finding } from "./detect/index.ts";
export { type DependencySpec, type Emulator, startEmulator } from "./emulator/index.ts";
export {
  type EmulatedCall,
  type Observation,
  readCalls,
  readObservations,
} from "./measure/index.ts";
export {
  type Profile,
  type ProfileManifest,
  type ProfileRecord,
  readProfile,
} from "./profile/index.ts";
export {
  type ArrivalSchedule,
  type ArrivalSpec,
  makeSchedule,
  parseArrivals,
  sequenceSchedule,
} from "./schedule/index.ts";
export { REPORT_FORMATS, type ReportModel, type Result, resultSchema } from "./report/index.ts";
export {
  judgeAndReport,
  loadScenario,
  RunDirectory,
  type RunEvent,
  type RunOptions,
  type RunOutcome,
  runScenario,
  scenarioSchema,
} from "./run/index.ts";
