import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { EXIT, type ExitCode, monotonicClock, NS_PER_MS, ShakedownError } from "../core/index.ts";
import { type Emulator, startEmulatorThread } from "../emulator/index.ts";
import { ObservationWriter } from "../measure/index.ts";
import { AuditLog, registerPlan, type RegisteredPlan } from "../experiment/index.ts";
import { type Profile, readProfile } from "../profile/index.ts";
import { prepareRequest, rehearseReplay } from "../replay/index.ts";
import type { ReportModel } from "../report/index.ts";
import { judge, writeReports } from "./judge.ts";
import { LiveCounts, type RunEvent } from "./live.ts";
import { type LoadedScenario, loadScenario } from "./load-scenario.ts";
import { makePlan } from "./make-plan.ts";
import type { Manifest } from "./manifest.ts";
import { newManifest } from "./new-manifest.ts";
import { RunDirectory } from "./run-directory.ts";
import { dependencyEnvName, startTarget, type Target } from "./target.ts";
import { sendTraffic, type Stop } from "./traffic.ts";

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
  /** Why reports are missing from the directory, if any is: the disk. */
  readonly unwritten: ShakedownError | null;
}

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
  const seed = options.seed ?? loaded.scenario.seed;
  const registered = registerPlan(makePlan(loaded, profile, seed));
  const startedAt = new Date();
  const id = randomBytes(8).toString("hex");
  const directory = RunDirectory.create(options.out, {
    startedAt,
    scenario: loaded.scenario.scenario,
    id,
  });
  const run = new Run(options, { loaded, profile, registered, directory, id, startedAt });
  return run.go(signal);
}

class Run {
  readonly #options: RunOptions;
  readonly #loaded: LoadedScenario;
  readonly #profile: Profile;
  readonly #directory: RunDirectory;
  readonly #id: string;
  readonly #startedAt: Date;
  readonly #registered: RegisteredPlan;
  readonly #audit: AuditLog;
  readonly #emulatorOriginNs = process.hrtime.bigint();

  constructor(
    options: RunOptions,
    made: {
      loaded: LoadedScenario;
      profile: Profile;
      registered: RegisteredPlan;
      directory: RunDirectory;
      id: string;
      startedAt: Date;
    },
  ) {
    this.#options = options;
    this.#loaded = made.loaded;
    this.#profile = made.profile;
    this.#directory = made.directory;
    this.#id = made.id;
    this.#startedAt = made.startedAt;
    this.#registered = made.registered;
    this.#audit = new AuditLog(made.directory.file("audit.ndjson"), () => new Date().toISOString());
  }

  async go(signal: AbortSignal): Promise<RunOutcome> {
    const { manifest, stop } = await this.#measure(signal);
    this.#options.onEvent({ kind: "judging" });
    const judged = await judge(this.#directory, manifest);
    const { model } = judged;
    const { decision, reason } = model.result;
    const decided = { ship: EXIT.ship, hold: EXIT.hold, "roll-back": EXIT.rollBack }[decision];
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
      this.#directory.write("plan.json", `${JSON.stringify(this.#registered, null, 2)}\n`);
      this.#audit.append("plan registered", { sha256: this.#registered.sha256 });
      await using emulator = await this.#startEmulator();
      const enough = new AbortController();
      const rehearsal = this.#rehearse(AbortSignal.any([signal, enough.signal]));
      // Looked at below; until then a failure to start a target is the better news.
      rehearsal.catch(() => {});
      const targets = await this.#startTargets(emulator, signal).catch(async (thrown: unknown) => {
        enough.abort();
        await rehearsal.catch(() => {});
        throw thrown;
      });
      await using _targets = { [Symbol.asyncDispose]: () => stopAll(targets) };
      await rehearsal;
      begun = true;
      return await this.#replay({ emulator, targets }, signal);
    } catch (thrown) {
      // Nothing was measured: an empty directory would only be in the way.
      if (!begun) rmSync(this.#directory.path, { recursive: true, force: true });
      if (begun || !signal.aborted) throw thrown;
      throw new ShakedownError("INTERRUPTED", "interrupted before the first request");
    }
  }

  async #replay(
    parts: { readonly emulator: Emulator; readonly targets: readonly Target[] },
    signal: AbortSignal,
  ): Promise<{ manifest: Manifest; stop: Stop | null }> {
    const { emulator, targets } = parts;
    const originNs = process.hrtime.bigint() + BigInt(RUN_UP_NS);
    const begun = newManifest({
      loaded: this.#loaded,
      profile: this.#profile,
      version: this.#options.version,
      command: this.#options.command,
      runId: this.#id,
      startedAt: this.#startedAt,
      seed: this.#registered.plan.seed,
      targets,
      emulatorLeadNs: Number(originNs - this.#emulatorOriginNs),
    });
    this.#writeManifest(begun);
    this.#audit.append("traffic begins", { targets: begun.targets });
    const { durationNs, keptRows, lostRows, stop } = await sendTraffic(
      {
        plan: this.#registered.plan,
        arrivals: this.#loaded.scenario.arrivals,
        profile: this.#profile,
        runId: this.#id,
        directory: this.#directory,
        audit: this.#audit,
        onEvent: this.#options.onEvent,
        ...parts,
      },
      monotonicClock(originNs),
      signal,
    );
    // Targets first: what they still ask of their dependencies is answered.
    await stopAll(targets);
    const totals = await emulator.stop();
    const ended = {
      at: new Date().toISOString(),
      durationNs,
      incompleteBecause: stop?.because ?? null,
      exitCode: null,
      rows: { observations: keptRows, calls: totals.keptRows, lost: lostRows + totals.lostRows },
      emulatorEvictions: totals.evictions,
    };
    const manifest = { ...begun, ended };
    this.#keep(() => this.#writeManifest(manifest));
    return { manifest, stop };
  }

  #startEmulator(): Promise<Emulator> {
    this.#options.onEvent({ kind: "starting", what: "emulator" });
    return startEmulatorThread({
      arms: this.#registered.plan.arms,
      dependencies: this.#loaded.scenario.dependencies,
      seed: this.#registered.plan.seed,
      runId: this.#id,
      originNs: this.#emulatorOriginNs,
      spoolPath: this.#directory.calls,
      rehearse: true,
    });
  }

  /** Warms the generator up, while the targets start; leaves nothing. */
  async #rehearse(signal: AbortSignal): Promise<void> {
    const path = this.#directory.file("observations/rehearsal.spool");
    const writer = await ObservationWriter.create(path, { arms: [], stages: [], routes: [] });
    const tally = new LiveCounts(this.#registered.plan.arms, this.#registered.plan.timeoutNs);
    const arm = { origin: "http://127.0.0.1", headers: {} };
    const requests = this.#profile.records.map((record) => prepareRequest(record, 0, arm));
    const clock = monotonicClock(process.hrtime.bigint());
    try {
      await rehearseReplay(
        requests,
        clock,
        (observation) => {
          writer.write(observation);
          tally.add(observation);
        },
        signal,
      );
    } finally {
      await writer.spool.close();
      rmSync(path, { force: true });
    }
  }

  async #startTargets(emulator: Emulator, signal: AbortSignal): Promise<Target[]> {
    const starting = Object.entries(this.#loaded.scenario.arms).map(([arm, spec]) => {
      this.#options.onEvent({ kind: "starting", what: `arm ${arm}` });
      const addresses = Object.entries(emulator.addresses);
      const dependencyEnv = Object.fromEntries(
        addresses.map(([dependency, byArm]) => [dependencyEnvName(dependency), byArm[arm] ?? ""]),
      );
      const { dir } = this.#loaded;
      return startTarget(
        { arm, spec, dir, dependencyEnv, logPath: this.#directory.log(arm) },
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
