import type { Plan } from "../../experiment/index.ts";
import type { StoredProfile } from "../../profile/index.ts";
import type { GeneratorJob } from "../../replay/index.ts";
import { makeSchedule, stagedStarts } from "../../schedule/index.ts";
import { setUpGenerator } from "../generator-setup.ts";
import type { LoadedScenario } from "../load-scenario.ts";
import { makePlan } from "../make-plan.ts";
import type { RunDirectory } from "../run-directory.ts";
import { startTarget, type Target } from "../target.ts";
import type { SaturateOptions } from "./options.ts";

/** One step, as it is to be sent. */
export interface StepJob {
  readonly job: GeneratorJob;
  readonly target: Target;
  /** Intended starts of the whole step. */
  readonly planned: number;
}

/** Counts what a job will send, from its schedule alone. */
function plannedStarts({ records, seed, stages }: GeneratorJob): number {
  const schedules = stages.map(({ input, spec }) => makeSchedule(spec, input));
  let planned = 0;
  for (const _ of stagedStarts(schedules, seed, records.columns.length)) planned++;
  return planned;
}

/** Makes the load of one arm, step by step. */
export class ArmLoad {
  readonly name: string;
  readonly #loaded: LoadedScenario;
  readonly #profile: StoredProfile;
  readonly #options: SaturateOptions;
  /** Of which each step replaces the rate and the seed. */
  readonly #plan: Plan;

  constructor(
    name: string,
    loaded: LoadedScenario,
    profile: StoredProfile,
    options: SaturateOptions,
  ) {
    this.name = name;
    this.#loaded = loaded;
    this.#profile = profile;
    this.#options = options;
    this.#plan = makePlan(loaded, profile, options.seed, {});
  }

  /** What whoever reads the result should know of how the load is made. */
  warnings(replacedCount: number): readonly string[] {
    return setUpGenerator(this.#loaded, this.#profile, this.#plan, replacedCount).warnings;
  }

  /** Checks that the target takes connections. @throws TARGET_UNREACHABLE */
  reach(directory: RunDirectory, signal: AbortSignal): Promise<Target> {
    const { dir, scenario } = this.#loaded;
    const [spec] = Object.values(scenario.arms);
    const logPath = directory.log(this.name);
    return startTarget({ arm: this.name, spec: spec!, dir, dependencyEnv: {}, logPath }, signal);
  }

  /**
   * A step at a rate. `name` names its spools, which stay in the run's directory; `seed` is its luck.
   * @throws TARGET_UNREACHABLE
   */
  async step(
    step: { readonly ratePerSec: number; readonly name: string; readonly seed: string },
    directory: RunDirectory,
    runId: string,
    signal: AbortSignal,
  ): Promise<StepJob> {
    const { settleNs, stepNs } = this.#options;
    const { name, ratePerSec, seed } = step;
    const stage = {
      name: "step",
      ratePerSec,
      fromPerSec: ratePerSec,
      startNs: 0,
      endNs: stepNs,
      judgedFromNs: settleNs,
      blockNs: stepNs,
    };
    const target = await this.reach(directory, signal);
    const plan = { ...this.#plan, seed, stages: [stage] };
    const setup = setUpGenerator(this.#loaded, this.#profile, plan);
    const made = setup.jobFor([target], directory, runId);
    const pathsOf = (what: string): string[] =>
      made.spoolPaths.map((_, worker) =>
        directory.file(`observations/${name}-worker-${worker}${what}.spool`),
      );
    const job = { ...made, spoolPaths: pathsOf(""), untoldPaths: pathsOf("-untold") };
    return { job, target, planned: plannedStarts(job) };
  }
}
