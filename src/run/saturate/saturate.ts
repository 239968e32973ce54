import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import {
  EXIT,
  type ExitCode,
  formatCount,
  formatRatePerSec,
  formatUs,
  keyedDraw,
  type MonotonicClock,
  monotonicClock,
  NS_PER_S,
  ShakedownError,
} from "../../core/index.ts";
import type { StoredProfile } from "../../profile/index.ts";
import {
  renderSaturationHtml,
  type Saturation,
  type SaturationArm,
  saturationJson,
  type SaturationSearch,
  type SaturationStep,
} from "../../report/index.ts";
import { readCaptured, type Reading } from "../captured.ts";
import { RunDirectory } from "../run-directory.ts";
import { closedLoopCeiling } from "./ceiling.ts";
import { ArmLoad } from "./load.ts";
import { type SaturateFlags, type SaturateOptions, saturateOptions } from "./options.ts";
import { lightRatePerSec, searchOptions } from "./rates.ts";
import { saturationResult } from "./result.ts";
import { runStep } from "./run-step.ts";
import { bracketOf, nextStep, type SearchEnd } from "./search.ts";

/** What `saturate` tells while it works. */
export type SaturateEvent =
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "step"; readonly step: SaturationStep };

export interface SaturateInput {
  readonly flags: SaturateFlags;
  readonly reading?: Reading;
  /** Where the run's directory is made. */
  readonly out: string;
  readonly version: string;
  /** What the user typed, for the record. */
  readonly command: string;
  readonly onEvent: (event: SaturateEvent) => void;
}

export interface SaturateOutcome {
  readonly directory: RunDirectory;
  readonly saturation: Saturation;
  readonly exitCode: ExitCode;
}

/** How far above a light step's p99 the limit lies. */
const LIMIT_FACTOR = 10;

/** One arm and what is known of it so far. */
interface ArmState {
  readonly load: ArmLoad;
  readonly origin: string;
  ceiling: SaturationArm["ceiling"];
  readonly searches: SaturationSearch[];
}

/**
 * Finds the knee of a target: the highest rate of an open-loop load at which it still answers 99 %
 * of what is offered, within a p99 limit; or of two targets, and compares them. Leaves a run
 * directory with every step's observations, `saturate.json` and `saturate.html`. Aborting the
 * signal, and a target that goes away, end it: the steps so far are kept, as incomplete.
 * @throws ShakedownError when nothing was measured; nothing is left behind then
 */
export async function saturate(
  input: SaturateInput,
  signal: AbortSignal,
): Promise<SaturateOutcome> {
  const options = saturateOptions(input.flags);
  const { profilePath, scenario } = options.arms[0]!.loaded;
  const { reading } = input;
  const wanted = { scenario, seed: options.seed, signal, reading };
  const { profile, replacedCount } = await readCaptured(profilePath, wanted);
  using _held = profile;
  const startedAt = new Date();
  const id = randomBytes(8).toString("hex");
  const directory = RunDirectory.create(input.out, { startedAt, scenario: "saturate", id });
  directory.makeFolders();
  const made = { options, profile, replacedCount, directory, id, startedAt };
  return await new Saturating(input, made).go(signal);
}

class Saturating {
  readonly #input: SaturateInput;
  readonly #made: {
    readonly options: SaturateOptions;
    readonly profile: StoredProfile;
    readonly replacedCount: number;
    readonly directory: RunDirectory;
    readonly id: string;
    readonly startedAt: Date;
  };
  readonly #clock: MonotonicClock = monotonicClock(process.hrtime.bigint());
  readonly #arms: ArmState[] = [];
  readonly #steps: SaturationStep[] = [];
  readonly #warnings: string[] = [];
  #limit: Saturation["p99Limit"] = null;

  constructor(
    input: SaturateInput,
    made: {
      readonly options: SaturateOptions;
      readonly profile: StoredProfile;
      readonly replacedCount: number;
      readonly directory: RunDirectory;
      readonly id: string;
      readonly startedAt: Date;
    },
  ) {
    this.#input = input;
    this.#made = made;
  }

  async go(signal: AbortSignal): Promise<SaturateOutcome> {
    const stop = await this.#measure(signal);
    const { directory } = this.#made;
    if (stop !== null && this.#steps.length === 0) {
      // An empty directory would only be in the way.
      rmSync(directory.path, { recursive: true, force: true });
      throw stop;
    }
    const saturation = this.#result(stop);
    directory.write("saturate.json", saturationJson(saturation));
    directory.write("saturate.html", renderSaturationHtml(saturation));
    return { directory, saturation, exitCode: stop?.exitCode ?? exitCodeOf(saturation) };
  }

  /** All steps; what stopped them early, if anything did. */
  async #measure(signal: AbortSignal): Promise<ShakedownError | null> {
    try {
      // The same for both targets: they are sent the same in the same way.
      const { replacedCount } = this.#made;
      for (const text of this.#arms[0]?.load.warnings(replacedCount) ?? []) this.#warn(text);
      await this.#ceilings(signal);
      await this.#setLimit(signal);
      for (let run = 1; run <= this.#made.options.runs; run++) {
        for (const arm of this.#inOrder(run)) await this.#search(arm, run, signal);
      }
      return null;
    } catch (thrown) {
      if (signal.aborted) return new ShakedownError("INTERRUPTED", "interrupted");
      if (thrown instanceof ShakedownError) return thrown;
      throw thrown;
    }
  }

  #note(text: string): void {
    this.#input.onEvent({ kind: "note", text });
  }

  #warn(text: string): void {
    this.#warnings.push(text);
    this.#note(`warning: ${text}`);
  }

  async #ceilings(signal: AbortSignal): Promise<void> {
    const { directory, options, profile } = this.#made;
    for (const { loaded, name } of options.arms) {
      const load = new ArmLoad(name, loaded, profile, options);
      const target = await load.reach(directory, signal);
      const ceiling = { ratePerSec: 0, levels: [] };
      this.#arms.push({ load, origin: target.origin, ceiling, searches: [] });
    }
    for (const arm of this.#arms) {
      const { directory: at, options: given } = this.#made;
      const target = await arm.load.reach(at, signal);
      this.#note(`${arm.load.name}: closed loop, to know where to begin`);
      arm.ceiling = await closedLoopCeiling(
        {
          target: target.address,
          headers: target.headers,
          records: profile.records,
          maxPerSec: given.maxPerSec,
          timeoutS: given.arms[0]!.loaded.scenario.timeout / NS_PER_S,
          onLevel: ({ connections, ratePerSec }) =>
            this.#note(
              `  ${formatCount(connections)} ${connections === 1 ? "connection" : "connections"}: ` +
                formatRatePerSec(ratePerSec),
            ),
        },
        signal,
      );
      if (arm.ceiling.ratePerSec > 0) continue;
      this.#warn(`${arm.load.name} answered nothing below 500 in a closed loop`);
    }
  }

  /** A light load on the first arm shows what its response time is when hardly anything queues. */
  async #setLimit(signal: AbortSignal): Promise<void> {
    const { p99LimitUs } = this.#made.options;
    if (p99LimitUs !== null) {
      this.#limit = { us: p99LimitUs, from: null };
      return;
    }
    const [arm] = this.#arms;
    const ratePerSec = lightRatePerSec(arm!.ceiling.ratePerSec, this.#made.options);
    const light = await this.#step(arm!, { run: 0, step: 1, ratePerSec }, signal);
    const { p99Us } = light;
    const from = { arm: arm!.load.name, ratePerSec, p99Us };
    this.#limit = { us: LIMIT_FACTOR * p99Us, from };
    this.#note(
      `p99 limit ${formatUs(this.#limit.us)}: ${LIMIT_FACTOR} × the p99 at ` +
        `${formatRatePerSec(ratePerSec)}; --p99 sets another`,
    );
    if (light.outcome !== "holds") {
      this.#warn(`the light step that sets the p99 limit did not hold: ${light.why ?? ""}`);
    }
  }

  /** Which arm goes first is drawn from the seed, so that drift in time favours neither. */
  #inOrder(run: number): readonly ArmState[] {
    const first = keyedDraw(this.#made.options.seed, "saturate order", run).uniform("first");
    return first < 0.5 ? this.#arms : this.#arms.toReversed();
  }

  async #search(arm: ArmState, run: number, signal: AbortSignal): Promise<void> {
    const { runs } = this.#made.options;
    const options = searchOptions(arm.ceiling.ratePerSec, this.#made.options);
    if (runs > 1 || this.#arms.length > 1) this.#note(`${arm.load.name}, run ${run} of ${runs}`);
    const tried: SaturationStep[] = [];
    let end: SearchEnd | "stopped" = "stopped";
    try {
      for (;;) {
        const next = nextStep(tried, options);
        if (next.kind === "end") {
          ({ end } = next);
          break;
        }
        const wanted = { run, step: tried.length + 1, ratePerSec: next.ratePerSec };
        tried.push(await this.#step(arm, wanted, signal));
      }
    } finally {
      // One that was stopped has shown something too, if it has shown a rate that holds.
      if (tried.length > 0) arm.searches.push({ run, ...bracketOf(tried), end });
    }
  }

  async #step(
    { load }: ArmState,
    wanted: { readonly run: number; readonly step: number; readonly ratePerSec: number },
    signal: AbortSignal,
  ): Promise<SaturationStep> {
    const { directory, id, options } = this.#made;
    const context = { options, directory, runId: id, p99LimitUs: this.#limit?.us ?? null };
    const step = await runStep({ load, ...wanted }, context, signal);
    this.#steps.push(step);
    this.#input.onEvent({ kind: "step", step });
    return step;
  }

  #result(stop: ShakedownError | null): Saturation {
    const { command, version } = this.#input;
    const { options, profile } = this.#made;
    return saturationResult({
      options,
      profile,
      version,
      run: {
        id: this.#made.id,
        startedAt: this.#made.startedAt.toISOString(),
        durationS: this.#clock.nowNs() / NS_PER_S,
        command,
        seed: options.seed,
        complete: stop === null,
        incompleteBecause: stop?.message ?? null,
      },
      limit: this.#limit,
      arms: this.#arms.map(({ load, ...arm }) => ({ arm: load.name, ...arm })),
      steps: this.#steps,
      warnings: this.#warnings,
    });
  }
}

/** One target: whether its knee was found. Two: as a run's verdict. */
function exitCodeOf({ arms, comparison }: Saturation): ExitCode {
  if (arms.length < 2) return (arms[0]?.knee ?? null) === null ? EXIT.hold : EXIT.ship;
  const exits = { lower: EXIT.rollBack, "not-lower": EXIT.ship, "not-shown": EXIT.hold } as const;
  return exits[comparison?.decision ?? "not-shown"];
}
