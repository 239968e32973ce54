import { existsSync } from "node:fs";
import { ShakedownError } from "../../core/index.ts";
import { figuresOf, type MeasuredRun, type Plan, registerPlan } from "../../experiment/index.ts";
import type { Result } from "../../report/index.ts";
import { analyseRun } from "../analyse.ts";
import { analyseRuns } from "../analyse-runs.ts";
import { readManifest, readPlan } from "../manifest.ts";
import type { RunDirectory } from "../run-directory.ts";
import type { Measured, SoundOrNot } from "./measured.ts";

/** The whole runs of a directory, each judged by itself, and the result of all. */
function analysed(directory: RunDirectory): { result: Result; runs: MeasuredRun[]; plan: Plan } {
  const { plan } = readPlan(directory, registerPlan);
  if (!directory.holdsRuns) {
    const run = analyseRun(directory, readManifest(directory));
    return { plan, result: run.model.result, runs: [run] };
  }
  if (plan.factors !== undefined) {
    throw new ShakedownError(
      "RUN_INVALID",
      `${directory.path} has factors: its runs differ on purpose, so it has no one figure`,
      { hint: "compare its runs one by one: name a folder in its `runs`" },
    );
  }
  const { result } = analyseRuns(directory);
  const whole = (result.runs ?? []).filter(({ complete }) => complete).map(({ run }) => run);
  const named = whole.length > 0 ? whole : [1];
  const runs = named.map((run) => {
    const own = directory.run(run);
    return analyseRun(own, readManifest(own));
  });
  return { plan, result, runs };
}

const oldHost = ({ cpus, node, os }: Result["run"]["host"]): string =>
  `${cpus} × unknown processor, ${os}, Node.js ${node}`;

/**
 * Reads a run, or an experiment of several, and what of it can be compared with another.
 * @throws RUN_INVALID, SPOOL_INVALID
 */
export function measureRun(directory: RunDirectory): SoundOrNot {
  if (!existsSync(directory.path)) {
    throw new ShakedownError("FILE_NOT_FOUND", `there is no run ${directory.path}`, {
      hint: "name a run directory, such as runs/20260101T120000Z-payment-pool-cut-1a2b3c",
    });
  }
  const { plan, result, runs } = analysed(directory);
  const manifest = readManifest(directory.holdsRuns ? directory.run(1) : directory);
  const { git, host, id, planSha256, profile, revisions, scenario, startedAt } = result.run;
  const dependencies = manifest.dependencies.map(({ name }) => name);
  const measured: Measured = {
    keptVersion: 1,
    tool: result.tool,
    run: { id, scenario, profile, startedAt, runs: runs.length },
    host: {
      fingerprint: host.fingerprint ?? null,
      description: host.description ?? oldHost(host),
    },
    git: git ?? null,
    revisions: revisions ?? null,
    decision: result.decision,
    planSha256,
    plan: plan as unknown as Record<string, unknown>,
    figures: figuresOf(plan, runs, dependencies),
  };
  return {
    measured,
    incompleteBecause: result.run.complete
      ? null
      : (result.run.incompleteBecause ?? "it was stopped early"),
    failedChecks: result.checks.filter(({ status }) => status === "fail"),
    droppedStarts: plan.arms.map((arm) => result.arms[arm]?.dropped ?? 0),
  };
}
