import { ShakedownError } from "../core/index.ts";
import { assessCalibration, type Calibration, metricLabel } from "../experiment/index.ts";
import { type CalibrateOptions, Calibrating, type CalibrationRun } from "./calibration-runs.ts";
import { controlOf, interferenceOf, notAloneBecause } from "./control-alone.ts";
import { type LoadedScenario, loadScenario } from "./load-scenario.ts";
import { nowIso } from "./now-iso.ts";
import { hostFingerprint } from "./host.ts";
import { notTakenBecause } from "./used-calibration.ts";

export type { CalibrateOptions, CalibrationRun } from "./calibration-runs.ts";

const DAY_MS = 86_400_000;

type Told = Calibration["runs"][number];

const toldOf = ({ decision, primary }: CalibrationRun): readonly Told[] =>
  primary?.theta === null || primary === null
    ? []
    : [{ estimate: primary.theta.estimate, se: primary.theta.se, df: primary.theta.df, decision }];

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** Why no delay can be put before an arm of this scenario; null where it can. */
function noDelayBecause(loaded: LoadedScenario, metric: string): string | null {
  if (!/^(?:response|service)_time_p/.test(metric))
    return `the primary metric is ${metric}, which a delay does not move by a known amount`;
  const control = controlOf(loaded);
  if ("url" in control && control.url.startsWith("https:"))
    return "the control is reached over TLS, which no proxy can stand before";
  return null;
}

/** What is made, and what could not be, in words. */
export interface MadeCalibration {
  readonly calibration: Calibration;
  readonly notes: readonly string[];
  /** What ended it before all was run, an interrupt or a run that could not begin; null when whole. */
  readonly stoppedBy: ShakedownError | null;
}

/** What of a whole calibration was done, in words; nothing of one that was not stopped. */
function stopNotes(
  { stoppedBy }: Calibrating,
  done: { readonly runs: number; readonly delayed: number },
  { delayRuns, runs }: CalibrateOptions,
): string[] {
  if (stoppedBy === null) return [];
  return [
    `stopped after ${done.runs} of ${runs} A/A runs and ${done.delayed} of ${delayRuns} with a delay: ${stoppedBy.message}`,
  ];
}

/**
 * Measures the instrument on this host: the scenario's control against itself, run after run, with
 * fresh processes each time; then with a known delay in one arm.
 * @throws ShakedownError when the first run cannot begin, or is interrupted
 */
export async function calibrate(
  options: CalibrateOptions,
  signal: AbortSignal,
): Promise<MadeCalibration> {
  const loaded = loadScenario(options.scenario);
  const { hypothesis, design } = loaded.scenario;
  if (hypothesis === undefined) {
    throw new ShakedownError("USAGE", "a calibration needs a scenario with a hypothesis", {
      hint: "its primary metric is what is calibrated",
    });
  }
  const metric = metricLabel(hypothesis.then);
  const calibrating = new Calibrating(options, loaded, signal);
  const notAlone = options.aloneRuns === 0 ? null : notAloneBecause(loaded.scenario);
  const alone = notAlone === null ? options.aloneRuns : 0;
  const alike = await calibrating.series("a/a", options.runs, { alone });
  const levels = alike.flatMap(({ primary }) => primary?.control ?? []);
  const without = options.delayRuns === 0 ? null : noDelayBecause(loaded, metric);
  const delayUs = Math.max(1, Math.round(median(levels) * options.delayShare));
  const delayRuns = without === null && levels.length > 0 ? options.delayRuns : 0;
  const late = await calibrating.series("delay", delayRuns, { delayUs });
  const notTaken = notTakenBecause(hypothesis.then);
  const madeAt = nowIso();
  const runs = alike.flatMap(toldOf);
  const positive = late.flatMap((run) =>
    toldOf(run).map(({ decision: _none, ...told }) => ({ ...told, truth: run.truth })),
  );
  const calibration: Calibration = {
    calibrationVersion: 1,
    madeAt,
    expiresAt: new Date(Date.parse(madeAt) + options.validDays * DAY_MS).toISOString(),
    tool: { name: "shakedown", version: options.version },
    host: hostFingerprint(),
    scenario: loaded.scenario.scenario,
    design: design.kind,
    profileSha256: calibrating.profileSha256,
    metric,
    alpha: design.alpha,
    runs,
    ...assessCalibration({ runs, alpha: design.alpha, delayUs, positive }),
    interference: interferenceOf(calibrating.pairs, calibrating.loadSha256),
  };
  const notes = [
    ...stopNotes(calibrating, { runs: alike.length, delayed: late.length }, options),
    ...(notTaken === null ? [] : [`no plan can take it: it ${notTaken}`]),
    ...(notAlone === null ? [] : [`control was not run alone: ${notAlone}`]),
    ...(without === null ? [] : [`no delay was tried: ${without}`]),
  ];
  return { calibration, notes, stoppedBy: calibrating.stoppedBy };
}
