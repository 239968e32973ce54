import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { EXIT, type ExitCode, monotonicClock, NS_PER_MS, ShakedownError } from "../core/index.ts";
import { type DependencySpec, type Emulator, startEmulatorThread } from "../emulator/index.ts";
import { AuditLog, registerPlan, type RegisteredPlan } from "../experiment/index.ts";
import type { ProfileManifest, StoredProfile } from "../profile/index.ts";
import { type GeneratorJob, type Generators, startGenerators } from "../replay/index.ts";
import type { ReportModel } from "../report/index.ts";
import { writeAuthority } from "./authority.ts";
import { type Captured, readCaptured } from "./captured.ts";
import { type GeneratorSetup, setUpGenerator, startingLabel } from "./generator-setup.ts";
import { judge, writeReports } from "./judge.ts";
import type { RunEvent } from "./live.ts";
import { type LoadedScenario, loadScenario } from "./load-scenario.ts";
import { servedDependencies } from "./dependencies.ts";
import { makePlan } from "./make-plan.ts";
import type { Manifest } from "./manifest.ts";
import { newManifest } from "./new-manifest.ts";
import { RunDirectory } from "./run-directory.ts";
import type { ScenarioArm } from "./scenario.ts";
import { envOfDependency, startTarget, type Target } from "./target.ts";
import { type Stop, Traffic } from "./traffic.ts";

export interface RunOptions {
  /** A scenario's file, or one that was made elsewhere. */
  readonly scenario: string | LoadedScenario;
  /** Where the run's directory is made. */
  readonly out: string;
  /** Replaces the scenario's seed. */
  readonly seed?: string;
  readonly version: string;
  /** What the user typed, for the record. */
  readonly command: string;
  readonly onEvent: (event: RunEvent) => void;
}

export interface RunOutcome {
  readonly directory: RunDirectory;
  readonly model: ReportModel;
  readonly exitCode: ExitCode;
  /** Why reports are missing from the directory, if any is: the disk. */
  readonly unwritten: ShakedownError | null;
}

/** Between the clock's origin and now, when traffic begins: time to get going. */
const RUN_UP_NS = 250 * NS_PER_MS;

/**
 * Does a scenario: brings emulator and arms up, replays the stages, judges, and leaves a run
 * directory. Aborting the signal stops it: what was measured is kept and judged as incomplete.
 * @throws ShakedownError when it cannot begin; nothing is left behind then.
 */
export async function runScenario(options: RunOptions, signal: AbortSignal): Promise<RunOutcome> {
  const { scenario } = options;
  const loaded = typeof scenario === "string" ? loadScenario(scenario) : scenario;
  const seed = options.seed ?? loaded.scenario.seed;
  const { scenario: wanted, profilePath } = loaded;
  if (loaded.captured === undefined) options.onEvent({ kind: "reading", path: profilePath });
  const captured =
    loaded.captured ?? (await readCaptured(profilePath, { scenario: wanted, seed, signal }));
  using _held = captured.profile;
  return await runCaptured(options, { loaded, seed, captured }, signal);
}

async function runCaptured(
  options: RunOptions,
  given: { readonly loaded: LoadedScenario; readonly seed: string; readonly captured: Captured },
  signal: AbortSignal,
): Promise<RunOutcome> {
  const { captured, loaded, seed } = given;
  const { profile } = captured;
  const { warnings, served } = await serve(loaded, profile.manifest);
  const registered = registerPlan(makePlan(loaded, profile, seed, served));
  const setup = setUpGenerator(loaded, profile, registered.plan, captured.replacedCount);
  const startedAt = new Date();
  const id = randomBytes(8).toString("hex");
  const directory = RunDirectory.create(options.out, {
    startedAt,
    scenario: loaded.scenario.scenario,
    id,
  });
  for (const message of [...warnings, ...setup.warnings]) {
    options.onEvent({ kind: "warning", message });
  }
  const made = { loaded, profile, served, registered, setup, directory, id, startedAt };
  return new Run(options, made).go(signal);
}

type Served = Readonly<Record<string, DependencySpec>>;

/** The scenario's dependencies as they will be served, and what whoever reads the run should know. */
async function serve(
  { dir, scenario }: LoadedScenario,
  manifest: ProfileManifest,
): Promise<{ readonly served: Served; readonly warnings: readonly string[] }> {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const from = { dir, manifestOf: () => manifest, warn };
  return { served: await servedDependencies(scenario.dependencies, from), warnings };
}

interface Made {
  readonly loaded: LoadedScenario;
  readonly profile: StoredProfile;
  readonly served: Served;
  readonly registered: RegisteredPlan;
  readonly setup: GeneratorSetup;
  readonly directory: RunDirectory;
  readonly id: string;
  readonly startedAt: Date;
}

const DECIDED = { ship: EXIT.ship, hold: EXIT.hold, "roll-back": EXIT.rollBack } as const;

class Run {
  readonly #options: RunOptions;
  readonly #made: Made;
  readonly #directory: RunDirectory;
  readonly #audit: AuditLog;
  readonly #emulatorOriginNs = process.hrtime.bigint();

  constructor(options: RunOptions, made: Made) {
    this.#options = options;
    this.#made = made;
    this.#directory = made.directory;
    this.#audit = new AuditLog(made.directory.file("audit.ndjson"), () => new Date().toISOString());
  }

  async go(signal: AbortSignal): Promise<RunOutcome> {
    const { manifest, stop } = await this.#measure(signal);
    this.#options.onEvent({ kind: "judging" });
    const judged = await judge(this.#directory, manifest);
    const { model } = judged;
    const { decision, reason } = model.result;
    const decided = decision === null ? EXIT.ship : DECIDED[decision];
    const unwritten = this.#keep(() => {
      this.#audit.append("verdict", { decision, reason });
      writeReports(this.#directory, judged);
    });
    const exitCode = stop?.exitCode ?? unwritten?.exitCode ?? decided;
    const ended = { ...manifest.ended!, exitCode };
    this.#keep(() => this.#writeManifest({ ...manifest, ended }));
    return { directory: this.#directory, model, exitCode, unwritten: unwritten ?? null };
  }

  /** Writes what can be written: a full disk must not take away what is known already. */
  #keep(write: () => void): ShakedownError | undefined {
    try {
      write();
      return undefined;
    } catch (thrown) {
      if (thrown instanceof ShakedownError && thrown.code === "DISK_WRITE_FAILED") return thrown;
      throw thrown;
    }
  }

  /** Everything up to the last answer. Throws only when the run could not begin. */
  async #measure(signal: AbortSignal): Promise<{ manifest: Manifest; stop: Stop | null }> {
    let begun = false;
    try {
      const { registered } = this.#made;
      this.#directory.write("plan.json", `${JSON.stringify(registered, null, 2)}\n`);
      this.#audit.append("plan registered", { sha256: registered.sha256 });
      const emulator = await this.#startEmulator();
      await using _emulator = emulator;
      const targets = await this.#startTargets(emulator, signal);
      await using _targets = { [Symbol.asyncDispose]: () => stopAll(targets) };
      const { setup } = this.#made;
      const job = setup.jobFor(targets, this.#directory, this.#made.id);
      const { plan } = registered;
      const load = setup.label;
      const { onEvent } = this.#options;
      const parts = { directory: this.#directory, audit: this.#audit, onEvent };
      const traffic = new Traffic({ ...parts, plan, load, targets, emulator });
      onEvent({ kind: "starting", what: startingLabel(job) });
      await using generators = await startGenerators(job, traffic.events, signal);
      signal.throwIfAborted();
      begun = true;
      return await this.#replay({ emulator, targets, traffic, generators, job }, signal);
    } catch (thrown) {
      // Nothing was measured: an empty directory would only be in the way.
      if (!begun) rmSync(this.#directory.path, { recursive: true, force: true });
      if (begun || !signal.aborted) throw thrown;
      throw new ShakedownError("INTERRUPTED", "interrupted before the first request");
    }
  }

  async #replay(
    parts: {
      readonly emulator: Emulator | null;
      readonly targets: readonly Target[];
      readonly traffic: Traffic;
      readonly generators: Generators;
      readonly job: GeneratorJob;
    },
    signal: AbortSignal,
  ): Promise<{ manifest: Manifest; stop: Stop | null }> {
    const { emulator, generators, job, targets, traffic } = parts;
    const { id, loaded, profile, registered, setup, startedAt } = this.#made;
    const originNs = process.hrtime.bigint() + BigInt(RUN_UP_NS);
    const begun = newManifest({
      loaded,
      profile,
      version: this.#options.version,
      command: this.#options.command,
      runId: id,
      startedAt,
      trafficStartedAt: new Date(Date.now() + RUN_UP_NS / NS_PER_MS),
      seed: registered.plan.seed,
      targets,
      emulatorLeadNs: Number(originNs - this.#emulatorOriginNs),
      pacing: job.pacing,
      generator: setup.describe(job),
    });
    this.#writeManifest(begun);
    this.#audit.append("traffic begins", { targets: begun.targets });
    const sent = await traffic.send(generators, monotonicClock(originNs), signal);
    const { durationNs, stop, totals } = sent;
    // Targets first: what they still ask of their dependencies is answered.
    await stopAll(targets);
    const emulated = (await emulator?.stop()) ?? { keptRows: 0, lostRows: 0, evictions: 0 };
    const ended = {
      at: new Date().toISOString(),
      durationNs,
      incompleteBecause: stop?.because ?? null,
      exitCode: null,
      rows: {
        observations: totals.keptRows,
        calls: emulated.keptRows,
        lost: totals.lostRows + emulated.lostRows,
      },
      emulatorEvictions: emulated.evictions,
      resends: totals.resends,
      substitutions: totals.substitutions,
    };
    const manifest = { ...begun, ended };
    this.#keep(() => this.#writeManifest(manifest));
    return { manifest, stop };
  }

  async #startEmulator(): Promise<Emulator | null> {
    const { id, loaded, registered, served } = this.#made;
    if (Object.keys(served).length === 0) return null;
    this.#options.onEvent({ kind: "starting", what: "emulator" });
    return startEmulatorThread({
      arms: registered.plan.arms,
      dependencies: served,
      incidents: loaded.scenario.incidents,
      seed: registered.plan.seed,
      runId: id,
      originNs: this.#emulatorOriginNs,
      spoolPath: this.#directory.calls,
      connectionsPath: this.#directory.connections,
      rehearse: true,
    });
  }

  async #startTargets(emulator: Emulator | null, signal: AbortSignal): Promise<Target[]> {
    const { dir, scenario } = this.#made.loaded;
    const authority = emulator?.authority ?? null;
    const trust = authority === null ? {} : writeAuthority(this.#directory.path, authority);
    const arms: readonly (readonly [string, ScenarioArm])[] = Object.entries(scenario.arms);
    const starting = arms.map(([arm, spec]) => {
      this.#options.onEvent({ kind: "starting", what: `arm ${arm}` });
      const addresses = Object.entries(emulator?.addresses ?? {});
      const env = addresses.map(([name, byArm]) => envOfDependency(name, byArm[arm] ?? ""));
      return startTarget(
        {
          arm,
          spec,
          dir,
          dependencyEnv: Object.assign({ ...trust }, ...env),
          logPath: this.#directory.log(arm),
        },
        signal,
      );
    });
    const settled = await Promise.allSettled(starting);
    const up = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const failed = settled.find((result) => result.status === "rejected");
    if (failed === undefined) return up;
    await stopAll(up);
    throw failed.reason;
  }

  #writeManifest(manifest: Manifest): void {
    this.#directory.write("manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
  }
}

async function stopAll(targets: readonly Target[]): Promise<void> {
  await Promise.all(targets.map((target) => target.stop()));
}
