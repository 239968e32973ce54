import type { ArmStop } from "../experiment/index.ts";
import type { ReportModel, Result } from "../report/index.ts";
import type { ExperimentFile } from "./experiment-file.ts";
import type { Manifest } from "./manifest.ts";

/* How the runs of one experiment ended, and what that makes of the experiment. */

interface EndedRun {
  readonly manifest: Manifest;
  readonly model: ReportModel;
}

export const isWhole = ({ model }: EndedRun): boolean => model.result.run.complete;

/** The rule of the plan that ended one of the runs, and with it the experiment. */
export const stoppedBy = (runs: readonly EndedRun[]) =>
  runs.map(({ manifest }) => manifest.ended?.stoppedBy).find((by) => by !== undefined);

/** Variants that a run has cut, each as it was at first: later runs of the experiment leave it out. */
export function cutsOf(runs: readonly EndedRun[]): ArmStop[] {
  const first = new Map<string, ArmStop>();
  for (const cut of runs.flatMap(({ manifest }) => manifest.ended?.cuts ?? [])) {
    if (!first.has(cut.arm)) first.set(cut.arm, cut);
  }
  return [...first.values()];
}

/** What was decided during the run that ended the experiment; of other runs, each one's result tells. */
export function looksOfStopped(
  runs: readonly EndedRun[],
): Pick<Result, "looks" | "gates" | "cuts" | "stoppedEarly"> {
  const cut = runs.flatMap(({ model }) => model.result.cuts ?? []);
  const cuts = cut.length === 0 ? {} : { cuts: cut };
  for (const { model } of runs) {
    const { gates = [], looks = [], stoppedEarly } = model.result;
    if (stoppedEarly !== undefined) return { looks, gates, ...cuts, stoppedEarly };
  }
  return cuts;
}

/** Why an experiment is not whole; null when it is, or when its own rule ended it. */
export function whyIncomplete(
  { ended, runs: planned }: ExperimentFile,
  runs: readonly EndedRun[],
): string | null {
  const whole = runs.filter(isWhole).length;
  if (ended !== null && ended.incompleteBecause === null && whole === planned) return null;
  const broken = runs.find((run) => !isWhole(run));
  const byRule = ended !== null && ended.incompleteBecause === null && broken === undefined;
  if (byRule && stoppedBy(runs) !== undefined) return null;
  const why =
    ended?.incompleteBecause ??
    broken?.model.result.run.incompleteBecause ??
    (ended === null ? "it was ended before it could finish" : "a run is missing");
  return `${why}; ${whole} of ${planned} runs are whole`;
}
