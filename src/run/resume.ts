import { existsSync } from "node:fs";
import { EXIT, type ExitCode, formatDurationNs, ShakedownError } from "../core/index.ts";
import { AuditLog, type Plan, registerPlan } from "../experiment/index.ts";
import { TELEMETRY_FILE } from "../telemetry/index.ts";
import { closeRun } from "./close-run.ts";
import { readExperimentFile, writeExperimentFile } from "./experiment-file.ts";
import { judge, writeReports } from "./judge.ts";
import type { RunEvent } from "./live.ts";
import { LiveLog } from "./live-log.ts";
import type { LostLoad } from "./load-maker.ts";
import { type Manifest, readManifest, readPlan } from "./manifest.ts";
import { nowIso } from "./now-iso.ts";
import { exitCodeOf, type RunOutcome, verdictEvent } from "./outcome.ts";
import { endOf, stopOf, wasStopped } from "./resumed-end.ts";
import type { RunDirectory } from "./run-directory.ts";
import { AUDIT_FILE } from "./run-files.ts";
import { writeIfPossible, writeManifest } from "./run-once.ts";
import { asksForUsage } from "./usage.ts";

export interface ResumeOptions {
  /** Of a run, or an experiment of several. */
  readonly directory: RunDirectory;
  readonly version: string;
  /** Takes the lead of who sends the load of a run. */
  readonly regain: (directory: RunDirectory, signal: AbortSignal) => Promise<LostLoad>;
  readonly onEvent: (event: RunEvent) => void;
}

/** What a run that was left without a leader has come to. */
interface Resumed {
  readonly manifest: Manifest;
  readonly incompleteBecause: string | null;
  readonly exitCode: ExitCode | null;
}

/**
 * Goes on with a run whose own process is gone: what its load's senders have told, and still tell, is
 * kept, each thing once. They send the rest only where it is worth as much without that process;
 * otherwise they stop, and what there is is judged as an incomplete run.
 * @throws RUN_INVALID when it has ended, or had not begun; what `regain` throws
 */
export async function resumeRun(options: ResumeOptions, signal: AbortSignal): Promise<RunOutcome> {
  const { directory } = options;
  using live = new LiveLog(directory, { dependencies: [], nowIso });
  const onEvent = live.before(options.onEvent);
  const audit = AuditLog.resume(directory.file(AUDIT_FILE), nowIso);
  const heard = { ...options, onEvent };
  const { exitCode: stopped, manifest } = directory.holdsRuns
    ? await resumeOneOf(heard, audit, signal)
    : await resumeOne(heard, { directory, audit, alone: true }, signal);
  onEvent({ kind: "judging" });
  const judged = await judge(directory, directory.holdsRuns ? undefined : manifest);
  const { decision, reason, verdicts } = judged.model.result;
  const unwritten = writeIfPossible(() => {
    audit.append("verdict", { decision, reason, ...(verdicts === undefined ? {} : { verdicts }) });
    writeReports(directory, judged);
  });
  const exitCode = stopped ?? unwritten?.exitCode ?? exitCodeOf(decision);
  writeIfPossible(() => {
    if (directory.holdsRuns) {
      const { ended, ...begun } = readExperimentFile(directory);
      writeExperimentFile(directory, { ...begun, ended: { ...ended!, exitCode } });
    } else writeManifest(directory, { ...manifest, ended: { ...manifest.ended!, exitCode } });
  });
  onEvent(verdictEvent(judged.model));
  await closeRun(directory, audit);
  return { directory, model: judged.model, exitCode, unwritten };
}

/** Of several runs the one that was under way; those that were to come are not done. */
async function resumeOneOf(
  options: ResumeOptions,
  audit: AuditLog,
  signal: AbortSignal,
): Promise<Resumed> {
  const { directory } = options;
  const experiment = readExperimentFile(directory);
  if (experiment.ended !== null) throw ended(directory);
  const numbers = Array.from({ length: experiment.runs }, (_, index) => index + 1);
  const run =
    numbers.findLast((each) => existsSync(directory.run(each).file("manifest.json"))) ?? 1;
  const own = directory.run(run);
  const ownAudit = AuditLog.resume(own.file(AUDIT_FILE), nowIso);
  const parts = { directory: own, audit: ownAudit, alone: false };
  const resumed = await resumeOne(options, parts, signal);
  const { incompleteBecause } = resumed;
  const { sha256 } = ownAudit.append("run ended", { incompleteBecause });
  audit.append("run ended", { run, incompleteBecause, auditSha256: sha256 });
  const told = { at: nowIso(), incompleteBecause, exitCode: null };
  writeIfPossible(() => writeExperimentFile(directory, { ...experiment, ended: told }));
  return resumed;
}

async function resumeOne(
  { onEvent, regain, version }: ResumeOptions,
  parts: {
    readonly directory: RunDirectory;
    readonly audit: AuditLog;
    /** It is no part of an experiment. */
    readonly alone: boolean;
  },
  signal: AbortSignal,
): Promise<Resumed> {
  const { alone, audit, directory } = parts;
  const begun = begunManifest(directory, version);
  const { plan } = readPlan(directory, registerPlan);
  onEvent({ kind: "starting", what: "where its leader has left it" });
  await using load = await regain(directory, signal);
  const { ledUntilNs } = load;
  const goesOn = alone && standsWithout({ directory, manifest: begun, plan, ledUntilNs });
  const left = `who led it was gone from ${formatDurationNs(ledUntilNs)} on`;
  audit.append("resumed", { ledUntilNs, goesOn });
  const then = goesOn ? "its workers send the rest" : "its workers stop";
  onEvent({ kind: "warning", message: `${left}: ${then}` });
  const regained = await load.finish(!goesOn, signal);
  const stopped = stopOf(directory);
  // What emulator and arms were about to write down, the rule may not have seen.
  const rule = begun.dependencies.length === 0 ? (stopped?.rule ?? null) : null;
  const because = (): string | null => {
    if (rule !== null) return null;
    if (stopped !== null) return `${stopped.because}; ${left}`;
    if (regained.totals.error !== null) return regained.totals.error.message;
    return goesOn && !wasStopped(directory) ? null : `${left}, and the rest was not sent`;
  };
  const incompleteBecause = because();
  const manifest = {
    ...begun,
    ended: endOf({ directory, begun, plan, ledUntilNs }, regained, { rule, incompleteBecause }),
  };
  writeIfPossible(() => writeManifest(directory, manifest));
  const interrupted = signal.aborted && incompleteBecause !== null;
  return { manifest, incompleteBecause, exitCode: interrupted ? EXIT.interrupted : null };
}

/** @throws RUN_INVALID when there is nothing to go on with */
function begunManifest(directory: RunDirectory, version: string): Manifest {
  if (!existsSync(directory.file("manifest.json"))) {
    throw new ShakedownError("RUN_INVALID", `${directory.path}: its traffic had not begun`, {
      hint: "nothing was measured: run the scenario again",
    });
  }
  const manifest = readManifest(directory);
  if (manifest.ended !== null) throw ended(directory);
  if (manifest.tool.version === version) return manifest;
  const made = `shakedown ${manifest.tool.version} began it, and this is ${version}`;
  throw new ShakedownError("RUN_INVALID", `${directory.path}: ${made}`, {
    hint: "resume it with the version that began it",
  });
}

const ended = (directory: RunDirectory): ShakedownError =>
  new ShakedownError("RUN_INVALID", `${directory.path}: the run has ended`, {
    hint: "`shakedown report` judges it again",
  });

/**
 * Whether the rest of a run is worth as much without the process that began it: its arms run
 * elsewhere, it emulates nothing, and nothing was left to be decided between stages.
 */
function standsWithout(left: {
  readonly directory: RunDirectory;
  readonly manifest: Manifest;
  readonly plan: Plan;
  readonly ledUntilNs: number;
}): boolean {
  const { directory, ledUntilNs, manifest, plan } = left;
  const armsRun = manifest.targets.every(({ pid }) => pid === null);
  const isWatched = asksForUsage(plan) || existsSync(directory.file(TELEMETRY_FILE));
  const lastStartNs = plan.stages.at(-1)?.startNs ?? 0;
  const isPastGates = plan.primary === null || ledUntilNs >= lastStartNs;
  return armsRun && manifest.dependencies.length === 0 && !isWatched && isPastGates;
}
