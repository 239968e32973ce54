import { ShakedownError } from "../core/index.ts";
import {
  assessCalibration,
  type Calibration,
  type Decision,
  metricLabel,
  type MetricComparison,
} from "../experiment/index.ts";
import { analyseRun } from "./analyse.ts";
import type { RunEvent } from "./live.ts";
import { type LoadedScenario, loadScenario } from "./load-scenario.ts";
import { readManifest } from "./manifest.ts";
import { nowIso } from "./now-iso.ts";
import { runScenario } from "./run-scenario.ts";
import type { ScenarioArm } from "./scenario/index.ts";
import { hostFingerprint } from "./host.ts";
import { notTakenBecause } from "./used-calibration.ts";

const DAY_MS = 86_400_000;

export interface CalibrateOptions {
  /** A scenario's file, whose control is compared with itself. */
  readonly scenario: string;
  /** A/A runs. */
  readonly runs: number;
  /** Runs with a delay in one arm; 0 for none. */
  readonly delayRuns: number;
  /** Of the control's primary quantile, as the A/A runs show it: 0.05 for 5 %. */
  readonly delayShare: number;
  /** How long it holds. */
  readonly validDays: number;
  /** Where the runs' directories are made. */
  readonly out: string;
  readonly version: string;
  /** What the user typed, for the record. */
  readonly command: string;
  readonly onEvent: (event: RunEvent) => void;
  /** Each run as it is judged. */
  readonly onRun: (run: CalibrationRun) => void;
}

/** One run of a calibration, for whoever watches. */
export interface CalibrationRun {
  readonly kind: "a/a" | "delay";
  /** From 1. */
  readonly number: number;
  readonly decision: Decision | null;
  /** Null when it could not be judged, with why. */
  readonly primary: MetricComparison | null;
  readonly why: string;
  /** On the scale of the estimate; 0 in an A/A run. */
  readonly truth: number;
}

/** The control's spec; a scenario with a hypothesis has one. */
const controlOf = ({ scenario }: LoadedScenario): ScenarioArm & { port?: number | undefined } =>
  (scenario.arms as Readonly<Record<string, ScenarioArm>>)["control"]!;

/** The scenario with its control in both arms, and without what is for a real change alone. */
function likeArms(loaded: LoadedScenario, seed: string): LoadedScenario {
  const { factors: _factors, onRollBack: _action, ...scenario } = loaded.scenario;
  const { port: _fixed, ...control } = controlOf(loaded);
  const { betweenRunSd: _sd, calibration: _file, factorial: _rows, ...design } = scenario.design;
  return {
    ...loaded,
    // Not the scenario that a lock is about.
    path: `${loaded.path} (a/a)`,
    scenario: {
      ...scenario,
      scenario: `${scenario.scenario}: a/a`,
      seed,
      arms: { control, variant: control },
      design: { ...design, runs: 1 },
      stop: { ...scenario.stop, harm: false, futility: false },
    },
  };
}

type Judged = Omit<CalibrationRun, "kind" | "number" | "truth">;

class Calibrating {
  readonly #options: CalibrateOptions;
  readonly #loaded: LoadedScenario;
  readonly #signal: AbortSignal;
  profileSha256 = "";
  stoppedBy: ShakedownError | null = null;

  constructor(options: CalibrateOptions, loaded: LoadedScenario, signal: AbortSignal) {
    this.#options = options;
    this.#loaded = loaded;
    this.#signal = signal;
  }

  /**
   * Runs of one kind, one after the other: side by side they would disturb each other. What ends
   * them early is kept for `stoppedBy`, and so is what was measured before.
   * @throws what the very first run throws
   */
  async series(
    kind: CalibrationRun["kind"],
    count: number,
    delayUs: number,
  ): Promise<readonly CalibrationRun[]> {
    const done: CalibrationRun[] = [];
    for (let number = 1; number <= count && this.stoppedBy === null; number++) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- as the comment above says
        const judged = await this.#run(`${kind}/${number}`, delayUs);
        const { control = null } = judged.primary ?? {};
        const truth = control === null ? 0 : Math.log1p(delayUs / control);
        done.push({ kind, number, truth, ...judged });
        this.#options.onRun(done.at(-1)!);
      } catch (thrown) {
        const first = kind === "a/a" && number === 1;
        if (first || !(thrown instanceof ShakedownError)) throw thrown;
        this.stoppedBy = thrown;
      }
    }
    return done;
  }

  /** One run with the control in both arms. The judged stage that comes last is the one that counts. */
  async #run(name: string, delayUs: number): Promise<Judged> {
    const { command, onEvent, out, version } = this.#options;
    const scenario = likeArms(this.#loaded, `${this.#loaded.scenario.seed}/${name}`);
    const delaysUs = delayUs === 0 ? {} : { delaysUs: { variant: delayUs } };
    const { directory, model } = await runScenario(
      { scenario, out, version, command, onEvent, ...delaysUs },
      this.#signal,
    );
    this.#signal.throwIfAborted();
    const { comparisons, gathered } = analyseRun(directory, readManifest(directory));
    this.profileSha256 = gathered.registered.plan.inputs.profileSha256;
    const primary = comparisons.findLast(({ role }) => role === "primary");
    const { decision, reason, run } = model.result;
    return {
      decision,
      primary: primary?.theta !== null && run.complete ? (primary ?? null) : null,
      why: run.complete ? (primary?.warnings[0] ?? reason) : (run.incompleteBecause ?? reason),
    };
  }
}

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
  const alike = await calibrating.series("a/a", options.runs, 0);
  const levels = alike.flatMap(({ primary }) => primary?.control ?? []);
  const without = options.delayRuns === 0 ? null : noDelayBecause(loaded, metric);
  const delayUs = Math.max(1, Math.round(median(levels) * options.delayShare));
  const delayRuns = without === null && levels.length > 0 ? options.delayRuns : 0;
  const late = await calibrating.series("delay", delayRuns, delayUs);
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
    profileSha256: calibrating.profileSha256,
    metric,
    alpha: design.alpha,
    runs,
    ...assessCalibration({ runs, alpha: design.alpha, delayUs, positive }),
  };
  const notes = [
    ...stopNotes(calibrating, { runs: alike.length, delayed: late.length }, options),
    ...(notTaken === null ? [] : [`no plan can take it: it ${notTaken}`]),
    ...(without === null ? [] : [`no delay was tried: ${without}`]),
  ];
  return { calibration, notes, stoppedBy: calibrating.stoppedBy };
}
