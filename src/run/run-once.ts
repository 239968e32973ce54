import { rmSync } from "node:fs";
import { monotonicClock, NS_PER_MS, ShakedownError, untilAborted } from "../core/index.ts";
import type { DependencySpec } from "../emulator/index.ts";
import type { ArmStop, AuditLog, RegisteredPlan } from "../experiment/index.ts";
import type { StoredProfile } from "../profile/index.ts";
import { type GeneratorJob, type Generators, startGenerators } from "../replay/index.ts";
import type { BreachAlert } from "./breach-alert.ts";
import { delayed, type DelayedTargets, type Delays } from "./delayed.ts";
import { endedRun } from "./ended-run.ts";
import { CacheFlushes } from "./flush-caches.ts";
import { type GeneratorSetup, startingLabel } from "./generator-setup.ts";
import type { RunControls } from "./controls.ts";
import type { RunEvent } from "./live.ts";
import type { LoadMaker, MadeLoad, RunEmulator } from "./load-maker.ts";
import type { LoadedScenario } from "./load-scenario.ts";
import type { Manifest } from "./manifest.ts";
import { newManifest } from "./new-manifest.ts";
import type { LockRecord } from "./plan/lock.ts";
import type { RollBackAction } from "./roll-back-action.ts";
import { registration } from "./registration.ts";
import type { GitState } from "./revision/index.ts";
import { refuseThrottles } from "./planned-throttle.ts";
import type { RunDirectory } from "./run-directory.ts";
import { type EmulatedHow, NOTHING_EMULATED, startRunEmulator } from "./run-emulator.ts";
import { startArms, stopAll } from "./start-arms.ts";
import { startSegments, writeStartSegments } from "./start-segments.ts";
import type { Target } from "./target.ts";
import { RunTelemetry } from "./telemetry.ts";
import { type Stop, Traffic } from "./traffic.ts";
import { armsToCome, type WarmGenerators, warmGenerators } from "./warm-generators.ts";
import { asksForUsage, USAGE_FILE, UsageLog } from "./usage.ts";

/** Dependencies as they will be served. */
export type Served = Readonly<Record<string, DependencySpec>>;

/** What one run needs to be done. */
export interface RunParts {
  readonly loaded: LoadedScenario;
  readonly profile: StoredProfile;
  readonly served: Served;
  /** The plan of this run, which is registered before anything is started. */
  readonly registered: RegisteredPlan;
  /** The lock that the plan was held against; null where there is none. */
  readonly lock: LockRecord | null;
  readonly setup: GeneratorSetup;
  readonly directory: RunDirectory;
  readonly audit: AuditLog;
  readonly id: string;
  readonly startedAt: Date;
  /** Of the scenario's repository; null where it has none. */
  readonly git: GitState | null;
  /** Arms in the order in which they are started and get their ports. */
  readonly slots: readonly string[];
  /** Variants that an earlier run of the experiment has cut: started, and without load. */
  readonly out?: readonly ArmStop[];
  readonly version: string;
  /** What the user typed, for the record. */
  readonly command: string;
  readonly onEvent: (event: RunEvent) => void;
  readonly rollBack: RollBackAction;
  readonly breach: BreachAlert;
  /** Who sends the load; this process unless given. */
  readonly maker?: LoadMaker | undefined;
  /** A known delay put before arms, to see whether it is found; none unless told. */
  readonly delaysUs?: Delays;
  /** Through which people end it, if they can. */
  readonly controls?: RunControls | undefined;
}

/** What one run came to: its files are in its directory, not yet judged. */
export interface Measured {
  readonly manifest: Manifest;
  /** Why it ended before its time, if it did. */
  readonly stop: Stop | null;
  /** Variants that are out, of this run or from before. */
  readonly cuts: readonly ArmStop[];
}

/** Between the clock's origin and now, when traffic begins: time to get going. */
const RUN_UP_NS = 250 * NS_PER_MS;

/** Writes what can be written: a full disk must not take away what is known already. */
export function writeIfPossible(write: () => void): ShakedownError | null {
  try {
    write();
    return null;
  } catch (thrown) {
    if (thrown instanceof ShakedownError && thrown.code === "DISK_WRITE_FAILED") return thrown;
    throw thrown;
  }
}

export function writeManifest(directory: RunDirectory, manifest: Manifest): void {
  directory.write("manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * Does one run: fresh processes, everything up to the last answer. Aborting the signal stops it,
 * and what was measured is kept.
 * @throws ShakedownError when it cannot begin; its directory is gone then
 */
export function runOnce(parts: RunParts, signal: AbortSignal): Promise<Measured> {
  return new Run(parts).measure(signal);
}

class Run {
  readonly #parts: RunParts;
  readonly #emulatorOriginNs = process.hrtime.bigint();
  #emulated: EmulatedHow = NOTHING_EMULATED;

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  async measure(signal: AbortSignal): Promise<Measured> {
    let begun = false;
    try {
      const { audit, directory, id, onEvent, registered, setup } = this.#parts;
      if (this.#parts.maker !== undefined) refuseThrottles(registered.plan);
      directory.makeFolders();
      directory.write("plan.json", `${JSON.stringify(registered, null, 2)}\n`);
      audit.append("plan registered", registration(this.#parts));
      this.#parts.controls?.begin(audit, onEvent);
      const emulator = await this.#startEmulator(signal);
      await using _emulator = emulator;
      await using telemetry = await this.#startTelemetry(emulator);
      const traffic = this.#trafficBeside(emulator);
      const warm = this.#warmGenerators(traffic, signal);
      await using _warm = warm;
      const targets = await this.#startArms(emulator, telemetry, signal);
      await using _targets = { [Symbol.asyncDispose]: () => stopAll(targets) };
      const late = await this.#behindProxies(targets, signal);
      await using _late = late;
      const aims = late?.targets ?? targets;
      const arms = setup.armsAt(aims);
      const job = warm === null ? setup.jobFor(aims, directory, id) : { ...warm.job, arms };
      if (setup.segments !== null) {
        writeStartSegments(directory, startSegments(job, setup.segments));
      }
      if (warm === null) onEvent({ kind: "starting", what: startingLabel(job) });
      const { loaded, maker } = this.#parts;
      const { lostShards = "take-over" } = loaded.scenario;
      const made =
        (await maker?.start({ job, directory, lostShards }, traffic.events, signal)) ?? null;
      const generators =
        made ?? (await (warm?.aim(arms) ?? startGenerators(job, traffic.events, signal)));
      await using _generators = generators;
      // It had all the time until now.
      await untilAborted(emulator?.rehearsed ?? Promise.resolve(), signal);
      begun = true;
      return await this.#replay(
        { emulator, targets, telemetry, traffic, generators, made, job },
        signal,
      );
    } catch (thrown) {
      // Nothing was measured: an empty directory would only be in the way.
      if (!begun) rmSync(this.#parts.directory.path, { recursive: true, force: true });
      if (begun || !signal.aborted) throw thrown;
      throw new ShakedownError("INTERRUPTED", "interrupted before the first request");
    }
  }

  async #replay(
    parts: {
      readonly emulator: RunEmulator | null;
      readonly targets: readonly Target[];
      readonly telemetry: RunTelemetry;
      readonly traffic: Traffic;
      readonly generators: Generators;
      /** The same, where they are elsewhere. */
      readonly made: MadeLoad | null;
      readonly job: GeneratorJob;
    },
    signal: AbortSignal,
  ): Promise<Measured> {
    const { emulator, generators, job, made, targets, telemetry, traffic } = parts;
    const { audit, command, directory, git, id, loaded } = this.#parts;
    const { profile, registered, setup, startedAt, version } = this.#parts;
    const runUpNs = made?.runUpNs ?? RUN_UP_NS;
    const originNs = process.hrtime.bigint() + BigInt(runUpNs);
    // One that fails here has told `failed`, which ends the traffic.
    await emulator?.begin(originNs).catch(() => {});
    const begun = newManifest({
      loaded,
      profile,
      version,
      command,
      runId: id,
      git,
      startedAt,
      trafficStartedAt: new Date(Date.now() + runUpNs / NS_PER_MS),
      seed: registered.plan.seed,
      targets,
      emulatorLeadNs: Number(originNs - this.#emulatorOriginNs),
      pacing: job.pacing,
      generator: setup.describe(job),
    });
    writeManifest(directory, begun);
    audit.append("traffic begins", { targets: begun.targets });
    const clock = monotonicClock(originNs);
    const used = asksForUsage(registered.plan) ? targets : [];
    const usage = new UsageLog(used, directory.file(USAGE_FILE), clock);
    usage.begin();
    telemetry.watch(targets, originNs);
    const { onEvent } = this.#parts;
    const flushes = new CacheFlushes({
      action: loaded.scenario.flushCaches,
      plan: registered.plan,
      runId: id,
      dir: loaded.dir,
      audit,
      onEvent,
    });
    await using _flushes = flushes;
    flushes.begin(targets, clock);
    const sent = await traffic.send({ generators, targets }, clock, signal);
    const flushed = await flushes.end();
    usage.end();
    await telemetry.unwatch();
    // Targets first: what they still ask of their dependencies is answered.
    await stopAll(targets);
    const written = await emulator?.stop();
    const ended = endedRun(sent, { flushes: flushed, written, made, emulated: this.#emulated });
    const manifest = { ...begun, ended };
    writeIfPossible(() => writeManifest(directory, manifest));
    return { manifest, stop: sent.stop, cuts: sent.cuts };
  }

  #trafficBeside(emulator: RunEmulator | null): Traffic {
    const { audit, controls, directory, onEvent, out = [] } = this.#parts;
    const { registered, rollBack, served, setup } = this.#parts;
    return new Traffic({
      plan: registered.plan,
      load: setup.label,
      directory,
      emulator,
      workers: setup.workers,
      dependencies: Object.keys(served),
      emulatorOriginNs: this.#emulatorOriginNs,
      audit,
      onEvent,
      onRollBack: (reason, arm) => rollBack.fire(reason, arm),
      out,
      controls,
    });
  }

  /** Null where another machine sends, or arms run already. */
  #warmGenerators({ events }: Traffic, signal: AbortSignal): WarmGenerators | null {
    const { directory, id, loaded, maker, onEvent, setup } = this.#parts;
    const arms = maker === undefined ? armsToCome(loaded.scenario) : null;
    if (arms === null) return null;
    const job = setup.jobFor(arms, directory, id);
    onEvent({ kind: "starting", what: startingLabel(job) });
    return warmGenerators(job, events, signal);
  }

  async #startEmulator(signal: AbortSignal): Promise<RunEmulator | null> {
    this.#emulated = await startRunEmulator(this.#parts, this.#emulatorOriginNs, signal);
    return this.#emulated.emulator;
  }

  async #behindProxies(
    targets: readonly Target[],
    signal: AbortSignal,
  ): Promise<DelayedTargets | null> {
    const { audit, delaysUs } = this.#parts;
    if (delaysUs === undefined) return null;
    audit.append("delay put before arms", { delaysUs });
    return delayed(targets, delaysUs, signal);
  }

  #startTelemetry(emulator: RunEmulator | null): Promise<RunTelemetry> {
    const { directory, id: runId, loaded, registered } = this.#parts;
    const { arms } = registered.plan;
    const { telemetry } = loaded.scenario;
    const originNs = this.#emulatorOriginNs;
    return RunTelemetry.start({ telemetry, arms, runId, directory, emulator, originNs });
  }

  #startArms(
    emulator: RunEmulator | null,
    telemetry: RunTelemetry,
    signal: AbortSignal,
  ): Promise<Target[]> {
    const { directory, loaded, onEvent, slots } = this.#parts;
    const envOf = (arm: string) => telemetry.envOf(arm);
    return startArms({ loaded, directory, slots, emulator, envOf, onEvent }, signal);
  }
}
