import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { cpus, platform, release } from "node:os";
import {
  createDeadlines,
  type Deadlines,
  EXIT,
  type ExitCode,
  messageOf,
  type MonotonicClock,
  monotonicClock,
  NS_PER_MS,
  ShakedownError,
} from "../core/index.ts";
import { type Emulator, startEmulatorThread } from "../emulator/index.ts";
import { AuditLog, registerPlan, type RegisteredPlan } from "../experiment/index.ts";
import { ObservationWriter } from "../measure/index.ts";
import { type Profile, readProfile } from "../profile/index.ts";
import { prepareRequest, replay, type Transport, undiciTransport } from "../replay/index.ts";
import type { ReportModel } from "../report/index.ts";
import { ARRIVALS, stagedStarts } from "../schedule/index.ts";
import { LiveCounts, type RunEvent } from "./live.ts";
import { type LoadedScenario, loadScenario } from "./load-scenario.ts";
import { makePlan } from "./make-plan.ts";
import { type Manifest, MANIFEST_VERSION } from "./manifest.ts";
import { judgeAndReport } from "./judge.ts";
import { RunDirectory } from "./run-directory.ts";
import { dependencyEnvName, startTarget, type Target } from "./target.ts";

export interface RunOptions {
  readonly scenarioPath: string;
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
}

/** Why a run was stopped before its end, and what the process then exits with. */
interface Stop {
  readonly because: string;
  readonly exitCode: ExitCode;
}

const TICK_MS = 1_000;
/** Between the clock's origin and now, when traffic begins: time to get going. */
const RUN_UP_NS = 50 * NS_PER_MS;

/**
 * Does a scenario: brings emulator and arms up, replays the stages, judges, and leaves a run
 * directory. Aborting the signal stops it: what was measured is kept and judged as incomplete.
 * @throws ShakedownError when it cannot begin; nothing is left behind then.
 */
export async function runScenario(options: RunOptions, signal: AbortSignal): Promise<RunOutcome> {
  const loaded = loadScenario(options.scenarioPath);
  const profile = await readProfile(loaded.profilePath);
  const startedAt = new Date();
  const id = randomBytes(8).toString("hex");
  const directory = RunDirectory.create(options.out, { startedAt, scenario: loaded.scenario.scenario, id });
  const run = new Run(options, { loaded, profile, directory, id, startedAt });
  return run.go(signal);
}

class Run {
  readonly #options: RunOptions;
  readonly #loaded: LoadedScenario;
  readonly #profile: Profile;
  readonly #directory: RunDirectory;
  readonly #id: string;
  readonly #startedAt: Date;
  readonly #seed: string;
  readonly #registered: RegisteredPlan;
  readonly #audit: AuditLog;
  readonly #emulatorOriginNs = process.hrtime.bigint();
  readonly #live: LiveCounts;
  #stop: Stop | undefined;
  #stage = -1;

  constructor(
    options: RunOptions,
    made: { loaded: LoadedScenario; profile: Profile; directory: RunDirectory; id: string; startedAt: Date },
  ) {
    this.#options = options;
    this.#loaded = made.loaded;
    this.#profile = made.profile;
    this.#directory = made.directory;
    this.#id = made.id;
    this.#startedAt = made.startedAt;
    this.#seed = options.seed ?? made.loaded.scenario.seed;
    this.#registered = registerPlan(makePlan(made.loaded, made.profile, this.#seed));
    this.#audit = new AuditLog(made.directory.file("audit.ndjson"), () => new Date().toISOString());
    this.#live = new LiveCounts(this.#registered.plan.arms);
  }

  async go(signal: AbortSignal): Promise<RunOutcome> {
    const manifest = await this.#measure(signal);
    this.#options.onEvent({ kind: "judging" });
    const model = await judgeAndReport(this.#directory);
    const { decision, reason } = model.result;
    this.#audit.append("verdict", { decision, reason });
    const decided = { ship: EXIT.ship, hold: EXIT.hold, "roll-back": EXIT.rollBack }[decision];
    const exitCode = this.#stop?.exitCode ?? decided;
    this.#writeManifest({ ...manifest, ended: { ...manifest.ended!, exitCode } });
    return { directory: this.#directory, model, exitCode };
  }

  /** Everything up to the last answer. Throws only when the run could not begin. */
  async #measure(signal: AbortSignal): Promise<Manifest> {
    let begun = false;
    try {
      this.#directory.write("plan.json", `${JSON.stringify(this.#registered, null, 2)}\n`);
      this.#audit.append("plan registered", { sha256: this.#registered.sha256 });
      await using emulator = await this.#startEmulator();
      const targets = await this.#startTargets(emulator, signal);
      await using _targets = { [Symbol.asyncDispose]: () => stopAll(targets) };
      begun = true;
      const manifest = await this.#replay({ emulator, targets }, signal);
      await stopAll(targets);
      const totals = await emulator.stop();
      const ended = {
        ...manifest.ended!,
        lostRows: manifest.ended!.lostRows + totals.lostRows,
        emulatorEvictions: totals.evictions,
      };
      this.#writeManifest({ ...manifest, ended });
      return { ...manifest, ended };
    } catch (thrown) {
      // Nothing was measured: an empty directory would only be in the way.
      if (!begun) rmSync(this.#directory.path, { recursive: true, force: true });
      if (signal.aborted && !begun) throw new ShakedownError("INTERRUPTED", "interrupted before the first request");
      throw thrown;
    }
  }

  #startEmulator(): Promise<Emulator> {
    this.#options.onEvent({ kind: "starting", what: "emulator" });
    return startEmulatorThread({
      arms: this.#registered.plan.arms,
      dependencies: this.#loaded.scenario.dependencies,
      seed: this.#seed,
      runId: this.#id,
      originNs: this.#emulatorOriginNs,
      spoolPath: this.#directory.calls,
    });
  }

  async #startTargets(emulator: Emulator, signal: AbortSignal): Promise<Target[]> {
    const starting = Object.entries(this.#loaded.scenario.arms).map(([arm, spec]) => {
      this.#options.onEvent({ kind: "starting", what: `arm ${arm}` });
      const addresses = Object.entries(emulator.addresses);
      const dependencyEnv = Object.fromEntries(
        addresses.map(([dependency, byArm]) => [dependencyEnvName(dependency), byArm[arm] ?? ""]),
      );
      const { dir } = this.#loaded;
      return startTarget({ arm, spec, dir, dependencyEnv, logPath: this.#directory.log(arm) }, signal);
    });
    const settled = await Promise.allSettled(starting);
    const up = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const failed = settled.find((result) => result.status === "rejected");
    if (failed === undefined) return up;
    await stopAll(up);
    throw failed.reason;
  }

  async #replay(
    parts: { readonly emulator: Emulator; readonly targets: readonly Target[] },
    signal: AbortSignal,
  ): Promise<Manifest> {
    const { plan } = this.#registered;
    const routes = [...new Set(this.#profile.records.map((record) => record.route))];
    const stages = plan.stages.map((stage) => stage.name);
    const writer = await ObservationWriter.create(this.#directory.observations, { arms: plan.arms, stages, routes });
    const originNs = process.hrtime.bigint() + BigInt(RUN_UP_NS);
    const clock = monotonicClock(originNs);
    const deadlines = await createDeadlines(clock);
    const manifest = this.#manifest(parts.targets, Number(originNs - this.#emulatorOriginNs));
    this.#writeManifest(manifest);
    this.#audit.append("traffic begins", { targets: manifest.targets });
    const stopping = new AbortController();
    const stop = (because: string, exitCode: ExitCode): void => this.#stopNow(stopping, { because, exitCode });
    this.#watch({ ...parts, writer }, stop, signal);
    const last = plan.stages.at(-1)?.endNs ?? 0;
    this.#options.onEvent({ kind: "traffic", directory: this.#directory.path, stages: stages.length, durationNs: last });
    const ticking = setInterval(() => this.#tick({ clock, emulator: parts.emulator, writer }), TICK_MS);
    try {
      await this.#send({ clock, deadlines, targets: parts.targets, routes, writer }, stopping.signal);
    } catch (thrown) {
      stop(`a bug of ours: ${messageOf(thrown)}`, EXIT.internal);
    } finally {
      clearInterval(ticking);
      await deadlines.close();
    }
    this.#endStage();
    await writer.spool.close().catch((thrown: unknown) => stop(messageOf(thrown), EXIT.badData));
    const ended = {
      at: new Date().toISOString(),
      durationNs: clock.nowNs(),
      incompleteBecause: this.#stop?.because ?? null,
      exitCode: null,
      lostRows: writer.spool.lostRows,
      emulatorEvictions: 0,
    };
    return { ...manifest, ended };
  }

  async #send(
    parts: {
      readonly clock: MonotonicClock;
      readonly deadlines: Deadlines;
      readonly targets: readonly Target[];
      readonly routes: readonly string[];
      readonly writer: ObservationWriter;
    },
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, deadlines, routes, targets, writer } = parts;
    const { inFlightMax, seed, timeoutNs } = this.#registered.plan;
    const place = new Map(routes.map((route, index) => [route, index]));
    const transports: Transport[] = [];
    const arms = targets.map((target) => {
      const transport = undiciTransport(target.origin, inFlightMax);
      transports.push(transport);
      const requests = this.#profile.records.map((record) =>
        prepareRequest(record, place.get(record.route) ?? 0, target),
      );
      return { name: target.arm, transport, requests };
    });
    try {
      await replay(
        {
          arms,
          starts: stagedStarts(this.#schedules(), seed),
          runId: this.#id,
          seed,
          inFlightMax,
          timeoutNs,
          clock,
          deadlines,
          onObservation: (observation) => {
            writer.write(observation);
            this.#live.add(observation);
          },
          onStage: (stage) => this.#beginStage(stage),
        },
        signal,
      );
    } finally {
      await Promise.all(transports.map((transport) => transport.close()));
    }
  }

  #schedules() {
    const { arrivals } = this.#loaded.scenario;
    const offsetsNs = this.#profile.records.map((record) => record.offsetNs);
    return this.#registered.plan.stages.map(({ endNs, ratePerSec, startNs }) =>
      ARRIVALS[arrivals]({ ratePerSec, durationNs: endNs - startNs, offsetsNs }),
    );
  }

  /** Everything that can end a run early. */
  #watch(
    parts: { readonly emulator: Emulator; readonly targets: readonly Target[]; readonly writer: ObservationWriter },
    stop: (because: string, exitCode: ExitCode) => void,
    signal: AbortSignal,
  ): void {
    const interrupt = (): void => stop("interrupted", EXIT.interrupted);
    if (signal.aborted) interrupt();
    else signal.addEventListener("abort", interrupt, { once: true });
    for (const target of parts.targets) {
      void target.died.then((how) =>
        stop(`arm ${target.arm} (process ${target.pid}) ${how} during the run`, EXIT.unreachable),
      );
    }
    void parts.emulator.failed.then((error) => stop(error.message, error.exitCode));
    parts.writer.spool.onFailure = (error) => stop(error.message, error.exitCode);
  }

  #stopNow(stopping: AbortController, stop: Stop): void {
    if (this.#stop !== undefined) return;
    this.#stop = stop;
    this.#audit.append("stopped", { because: stop.because });
    this.#options.onEvent({ kind: "stopping", because: stop.because });
    stopping.abort();
  }

  #beginStage(stage: number): void {
    this.#endStage();
    this.#stage = stage;
    this.#audit.append("stage begins", { stage: this.#registered.plan.stages[stage]?.name });
  }

  #endStage(): void {
    const planned = this.#registered.plan.stages[this.#stage];
    if (planned === undefined) return;
    const { name, ratePerSec } = planned;
    const arms = this.#live.stage(this.#stage);
    this.#options.onEvent({ kind: "stage-end", stage: this.#stage, name, ratePerSec, arms });
  }

  #tick(parts: { clock: MonotonicClock; emulator: Emulator; writer: ObservationWriter }): void {
    void parts.writer.spool.flush();
    const arms = this.#live.takeTick();
    const [stage, elapsedNs] = [this.#stage, parts.clock.nowNs()];
    void parts.emulator.snapshot().then((emulator) =>
      this.#options.onEvent({ kind: "tick", stage, elapsedNs, arms, emulator }),
    );
  }

  #manifest(targets: readonly Target[], emulatorLeadNs: number): Manifest {
    const { scenario } = this.#loaded;
    return {
      manifestVersion: MANIFEST_VERSION,
      tool: { name: "shakedown", version: this.#options.version },
      runId: this.#id,
      scenario: { name: scenario.scenario, path: this.#loaded.path },
      profile: {
        name: this.#profile.manifest.name,
        path: this.#loaded.profilePath,
        records: this.#profile.records.length,
      },
      startedAt: this.#startedAt.toISOString(),
      command: this.#options.command,
      pacing: "alarm",
      seed: this.#seed,
      host: { node: process.version, os: `${platform()} ${release()}`, cpus: cpus().length },
      emulatorLeadNs,
      dependencies: Object.entries(scenario.dependencies).map(([name, spec]) => ({
        name,
        cacheTtlNs: spec.cacheTtlS === null ? null : spec.cacheTtlS * 1e9,
      })),
      targets: targets.map(({ arm, origin, pid }) => ({ arm, origin, pid })),
      ended: null,
    };
  }

  #writeManifest(manifest: Manifest): void {
    this.#directory.write("manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
  }
}

async function stopAll(targets: readonly Target[]): Promise<void> {
  await Promise.all(targets.map((target) => target.stop()));
}
