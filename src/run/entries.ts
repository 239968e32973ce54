import { deferred } from "../core/index.ts";

/*
 * What a command begins with, and few commands need two of: each loads what it takes when it is
 * called, since to load all of this takes a second of each start.
 */
export const generatorCeiling = deferred(
  async () => (await import("./saturate/index.ts")).generatorCeiling,
);
export const calibrate = deferred(async () => (await import("./calibrate.ts")).calibrate);
export const measureRun = deferred(async () => (await import("./apart/measure-run.ts")).measureRun);
export const planScenario = deferred(async () => (await import("./plan/index.ts")).planScenario);
export const readHistory = deferred(async () => (await import("./read-history.ts")).readHistory);
export const readPlaybook = deferred(async () => (await import("./read-playbook.ts")).readPlaybook);
export const record = deferred(async () => (await import("./record/index.ts")).record);
export const finishRecording = deferred(
  async () => (await import("./record/index.ts")).finishRecording,
);
export const replayScenario = deferred(
  async () => (await import("./replay-scenario.ts")).replayScenario,
);
export const resumeRun = deferred(async () => (await import("./resume.ts")).resumeRun);
export const runScenario = deferred(async () => (await import("./run-scenario.ts")).runScenario);
export const saturate = deferred(async () => (await import("./saturate/index.ts")).saturate);
export const writeLock = deferred(async () => (await import("./plan/index.ts")).writeLock);
export const verifyRun = deferred(async () => (await import("./verify.ts")).verifyRun);
