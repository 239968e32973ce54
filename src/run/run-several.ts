import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { EXIT, type ExitCode, ShakedownError } from "../core/index.ts";
import {
  type ArmStop,
  AuditLog,
  combinationOf,
  type PlannedRun,
  planOfRun,
  registerPlan,
} from "../experiment/index.ts";
import { closeRun } from "./close-run.ts";
import type { RunDirectory } from "./run-directory.ts";
import { type ExperimentFile, writeExperimentFile } from "./experiment-file.ts";
import { atLevels } from "./factors.ts";
import type { GeneratorSetup } from "./generator-setup.ts";
import { judge, writeReports } from "./judge.ts";
import { nowIso } from "./now-iso.ts";
import { exitCodeOf, type RunOutcome, verdictEvent } from "./outcome.ts";
import { type Measured, runOnce, type RunParts, writeIfPossible } from "./run-once.ts";
import { registration } from "./registration.ts";
import type { Stop } from "./traffic.ts";

/** What an experiment needs, with the parts of its plan and directory where a run has its own. */
export interface ExperimentParts extends Omit<RunParts, "setup" | "slots"> {
  /** How the load of one of the runs is made. */
  readonly setupFor: (run: RunParts["registered"]["plan"]) => GeneratorSetup;
}

/** A run that the plan's own rule ended is whole as far as its verdict goes. */
const incompleteBecause = (stop: Stop | null): string | null =>
  stop === null || stop.rule !== null ? null : stop.because;

function stopOf(thrown: unknown): Stop {
  if (!(thrown instanceof ShakedownError)) throw thrown;
  return { because: thrown.message, exitCode: thrown.exitCode, rule: null };
}

/** What is started in a run, at the levels that its factors have there. */
function partsAt(
  { loaded, served }: ExperimentParts,
  run: PlannedRun,
): Pick<RunParts, "loaded" | "served"> {
  const at = atLevels(loaded.scenario, served, run);
  // The same arms, each with what its factors set.
  const arms = at.arms as typeof loaded.scenario.arms;
  return { loaded: { ...loaded, scenario: { ...loaded.scenario, arms } }, served: at.served };
}

/** Does one of the runs (from 1), in a directory of its own; the experiment's trail is told. */
async function runOf(
  parts: ExperimentParts,
  { out, run }: { readonly out: readonly ArmStop[]; readonly run: number },
  signal: AbortSignal,
): Promise<Measured> {
  const { plan } = parts.registered;
  const registered = registerPlan(planOfRun(plan, run - 1));
  const planned = plan.runs[run - 1]!;
  const { seed, slots } = planned;
  const directory = parts.directory.run(run);
  directory.makeFolders();
  const audit = new AuditLog(directory.file("audit.ndjson"), nowIso);
  parts.audit.append("run begins", {
    run,
    seed,
    slots,
    ...(plan.factors === undefined ? {} : { levels: combinationOf(plan, planned) }),
    planSha256: registered.sha256,
  });
  parts.onEvent({ kind: "run", run, runs: plan.runs.length, first: slots[0] ?? "" });
  const measured = await runOnce(
    {
      ...parts,
      out,
      ...partsAt(parts, planned),
      registered,
      setup: parts.setupFor(registered.plan),
      directory,
      audit,
      id: randomBytes(8).toString("hex"),
      startedAt: new Date(nowIso()),
      slots,
    },
    signal,
  );
  const because = incompleteBecause(measured.stop);
  const { sha256 } = audit.append("run ended", { incompleteBecause: because });
  // Nothing in the run's own trail can be changed any more without this one showing it.
  parts.audit.append("run ended", { run, incompleteBecause: because, auditSha256: sha256 });
  return measured;
}

/** Whether anything was sent that is to be kept: a manifest is written just before. */
const hasBegun = (directory: RunDirectory): boolean =>
  existsSync(directory.run(1).file("manifest.json"));

/**
 * All runs, one after the other, until one of them is stopped: why, or null when none was. A variant
 * that one has cut gets no load in those after it.
 */
async function runAll(parts: ExperimentParts, signal: AbortSignal): Promise<Stop | null> {
  let out: readonly ArmStop[] = [];
  for (const index of parts.registered.plan.runs.keys()) {
    if (index > 0 && signal.aborted) {
      return {
        because: "interrupted between two runs",
        exitCode: EXIT.interrupted,
        rule: null,
      };
    }
    try {
      // oxlint-disable-next-line no-await-in-loop -- two runs at once would be in each other's way
      const measured = await runOf(parts, { run: index + 1, out }, signal);
      if (measured.stop !== null) return measured.stop;
      out = measured.cuts;
    } catch (thrown) {
      // What was measured before is kept, and judged, unless somebody else does that.
      const taken = thrown instanceof ShakedownError && thrown.code === "RUN_LED";
      if (taken || !hasBegun(parts.directory)) throw thrown;
      return stopOf(thrown);
    }
  }
  return null;
}

/**
 * Does a scenario several times, each with fresh processes, arrivals and luck, in the slots that the
 * plan has drawn, and judges all whole runs together. Aborting the signal ends it; whole runs are
 * kept and judged, as an incomplete experiment.
 * @throws ShakedownError when the first run cannot begin; nothing is left behind then
 */
export async function runSeveral(parts: ExperimentParts, signal: AbortSignal): Promise<RunOutcome> {
  const { audit, directory, id, onEvent, registered, startedAt } = parts;
  const begun: ExperimentFile = {
    experimentVersion: 1,
    id,
    startedAt: startedAt.toISOString(),
    runs: registered.plan.runs.length,
    ended: null,
  };
  let stop: Stop | null;
  try {
    directory.write("plan.json", `${JSON.stringify(registered, null, 2)}\n`);
    audit.append("plan registered", registration(parts));
    parts.controls?.begin(audit, onEvent);
    writeExperimentFile(directory, begun);
    stop = await runAll(parts, signal);
  } catch (thrown) {
    if (!hasBegun(directory)) rmSync(directory.path, { recursive: true, force: true });
    throw thrown;
  }
  const endedWith = (exitCode: ExitCode | null): ExperimentFile => ({
    ...begun,
    ended: { at: nowIso(), incompleteBecause: incompleteBecause(stop), exitCode },
  });
  writeIfPossible(() => writeExperimentFile(directory, endedWith(null)));
  parts.controls?.end();
  onEvent({ kind: "judging" });
  const judged = await judge(directory);
  const { decision, reason, verdicts } = judged.model.result;
  const unwritten = writeIfPossible(() => {
    audit.append("verdict", { decision, reason, ...(verdicts === undefined ? {} : { verdicts }) });
    writeReports(directory, judged);
  });
  parts.rollBack.tellInVain(judged.model.result);
  parts.rollBack.fireFor(judged.model.result);
  await Promise.all([parts.rollBack.settled(), parts.breach.settled()]);
  const exitCode = stop?.exitCode ?? unwritten?.exitCode ?? exitCodeOf(decision);
  writeIfPossible(() => writeExperimentFile(directory, endedWith(exitCode)));
  onEvent(verdictEvent(judged.model));
  await closeRun(directory, audit);
  return { directory, model: judged.model, exitCode, unwritten };
}
