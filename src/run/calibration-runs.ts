import { ShakedownError } from "../core/index.ts";
import type { Decision, MetricComparison, MetricSpec } from "../experiment/index.ts";
import { type AnalysedRun, analyseRun } from "./analyse.ts";
import {
  aloneScenario,
  type CompanyRun,
  companyRun,
  controlLoadSha256,
  controlOf,
} from "./control-alone.ts";
import type { RunEvent } from "./live.ts";
import type { LoadedScenario } from "./load-scenario.ts";
import { readManifest } from "./manifest.ts";
import { weightsOf } from "./planned-assignment.ts";
import { runScenario } from "./run-scenario.ts";

export interface CalibrateOptions {
  /** A scenario's file, whose control is compared with itself. */
  readonly scenario: string;
  /** A/A runs. */
  readonly runs: number;
  /** Runs with a delay in one arm; 0 for none. */
  readonly delayRuns: number;
  /** A/A runs that have one of control alone beside them, with the same starts; 0 for none. */
  readonly aloneRuns: number;
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
  /** Each run of control alone as it is read: its primary, or why there is none. */
  readonly onAloneRun: (run: { readonly number: number } & CompanyRun) => void;
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

/** The scenario with its control in both arms, and without what is for a real change alone. */
function likeArms(loaded: LoadedScenario, seed: string): LoadedScenario {
  const { factors: _factors, onBreach: _told, onRollBack: _action, ...scenario } = loaded.scenario;
  const { port: _fixed, ...control } = controlOf(loaded);
  const { betweenRunSd: _sd, calibration: _file, factorial: _rows, ...design } = scenario.design;
  const [ofControl = 0] = weightsOf(loaded.scenario);
  // All variants' shares are its second self's.
  const weights =
    design.weights === undefined ? {} : { weights: { control: ofControl, variant: 1 - ofControl } };
  return {
    ...loaded,
    // Not the scenario that a lock is about.
    path: `${loaded.path} (a/a)`,
    scenario: {
      ...scenario,
      scenario: `${scenario.scenario}: a/a`,
      seed,
      arms: { control, variant: control },
      design: { ...design, ...weights, runs: 1 },
      stop: { ...scenario.stop, harm: false, futility: false },
    },
  };
}

type Judged = Omit<CalibrationRun, "kind" | "number" | "truth">;

/** Does the runs of a calibration, one after the other. */
export class Calibrating {
  readonly #options: CalibrateOptions;
  readonly #loaded: LoadedScenario;
  readonly #signal: AbortSignal;
  readonly #alone = new Map<number, CompanyRun>();
  readonly #beside = new Map<number, CompanyRun>();
  profileSha256 = "";
  /** Of what control was started and loaded with. */
  loadSha256 = "";
  stoppedBy: ShakedownError | null = null;

  constructor(options: CalibrateOptions, loaded: LoadedScenario, signal: AbortSignal) {
    this.#options = options;
    this.#loaded = loaded;
    this.#signal = signal;
  }

  /** Runs of control alone that have one in company beside them, of the same starts. */
  get pairs(): { readonly alone: CompanyRun; readonly beside: CompanyRun }[] {
    return [...this.#alone].flatMap(([number, alone]) => {
      const beside = this.#beside.get(number);
      return beside === undefined ? [] : [{ alone, beside }];
    });
  }

  /**
   * Runs of one kind, one after the other: side by side they would disturb each other. The first
   * `alone` of them have one of control alone beside them, before it and after it by turns. What ends
   * them early is kept for `stoppedBy`, and so is what was measured before.
   * @throws what the very first run throws
   */
  async series(
    kind: CalibrationRun["kind"],
    count: number,
    { alone = 0, delayUs = 0 }: { readonly alone?: number; readonly delayUs?: number },
  ): Promise<readonly CalibrationRun[]> {
    const done: CalibrationRun[] = [];
    for (let number = 1; number <= count && this.stoppedBy === null; number++) {
      const isPair = number <= alone;
      try {
        // oxlint-disable-next-line no-await-in-loop -- as the comment above says
        if (isPair && number % 2 === 1) await this.#runAlone(kind, number);
        // oxlint-disable-next-line no-await-in-loop -- as above
        const judged = await this.#runLike(kind, number, delayUs);
        const { control = null } = judged.primary ?? {};
        const truth = control === null ? 0 : Math.log1p(delayUs / control);
        done.push({ kind, number, truth, ...judged });
        this.#options.onRun(done.at(-1)!);
        // oxlint-disable-next-line no-await-in-loop -- as above
        if (isPair && number % 2 === 0) await this.#runAlone(kind, number);
      } catch (thrown) {
        const first = kind === "a/a" && number === 1;
        if (first || !(thrown instanceof ShakedownError)) throw thrown;
        this.stoppedBy = thrown;
      }
    }
    return done;
  }

  /** One run with the control in both arms. The judged stage that comes last is the one that counts. */
  async #runLike(kind: CalibrationRun["kind"], number: number, delayUs: number): Promise<Judged> {
    const analysed = await this.#run(this.#like(kind, number), delayUs);
    const { comparisons, gathered, model } = analysed;
    const { plan } = gathered.registered;
    this.profileSha256 = plan.inputs.profileSha256;
    this.loadSha256 = controlLoadSha256(this.#loaded, plan);
    if (kind === "a/a") this.#beside.set(number, companyRun(this.#primary, analysed));
    const primary = comparisons.findLast(({ role }) => role === "primary");
    const { decision, reason, run } = model.result;
    return {
      decision,
      primary: primary?.theta !== null && run.complete ? (primary ?? null) : null,
      why: run.complete ? (primary?.warnings[0] ?? reason) : (run.incompleteBecause ?? reason),
    };
  }

  /** The starts of the run with this number, to control alone. */
  async #runAlone(kind: CalibrationRun["kind"], number: number): Promise<void> {
    const analysed = await this.#run(aloneScenario(this.#like(kind, number)), 0);
    const told = companyRun(this.#primary, analysed);
    this.#alone.set(number, told);
    this.#options.onAloneRun({ number, ...told });
  }

  #like(kind: CalibrationRun["kind"], number: number): LoadedScenario {
    return likeArms(this.#loaded, `${this.#loaded.scenario.seed}/${kind}/${number}`);
  }

  get #primary(): MetricSpec {
    return this.#loaded.scenario.hypothesis!.then;
  }

  async #run(scenario: LoadedScenario, delayUs: number): Promise<AnalysedRun> {
    const { command, onEvent, out, version } = this.#options;
    const delaysUs = delayUs === 0 ? {} : { delaysUs: { variant: delayUs } };
    const { directory } = await runScenario(
      { scenario, out, version, command, onEvent, ...delaysUs },
      this.#signal,
    );
    this.#signal.throwIfAborted();
    return analyseRun(directory, readManifest(directory));
  }
}
