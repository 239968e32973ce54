import { randomBytes } from "node:crypto";
import { AuditLog, type Plan, registerPlan, sizePlan } from "../experiment/index.ts";
import type { ProfileManifest } from "../profile/index.ts";
import { BreachAlert } from "./breach-alert.ts";
import { type Captured, readCaptured } from "./captured.ts";
import type { Delays } from "./delayed.ts";
import { usedCalibration } from "./used-calibration.ts";
import { setUpGenerator } from "./generator-setup.ts";
import { closeRun } from "./close-run.ts";
import { judge, writeReports } from "./judge.ts";
import type { RunControls } from "./controls.ts";
import type { RunEvent } from "./live.ts";
import { LiveLog } from "./live-log.ts";
import type { LoadMaker } from "./load-maker.ts";
import { type LoadedScenario, loadScenario } from "./load-scenario.ts";
import { servedDependencies } from "./dependencies.ts";
import { makePlan } from "./make-plan.ts";
import { nowIso } from "./now-iso.ts";
import { checkLock } from "./plan/lock.ts";
import { pilotVariance } from "./plan/pilot.ts";
import { exitCodeOf, type RunOutcome, verdictEvent } from "./outcome.ts";
import { buildRevisions, gitState, type WantedRevisions, withRevisions } from "./revision/index.ts";
import { checkSecret, RollBackAction } from "./roll-back-action.ts";
import { RunDirectory } from "./run-directory.ts";
import { runOnce, type RunParts, type Served, writeIfPossible, writeManifest } from "./run-once.ts";
import { runSeveral } from "./run-several.ts";
import { told } from "./tell.ts";

export interface RunOptions {
  /** A scenario's file, or one that was made elsewhere. */
  readonly scenario: string | LoadedScenario;
  /** Where the run's directory is made. */
  readonly out: string;
  /** Replaces the scenario's seed. */
  readonly seed?: string;
  /** The directory of a run that tells how much each metric varies, for `sizing`. */
  readonly pilot?: string;
  readonly version: string;
  /** What the user typed, for the record. */
  readonly command: string;
  /** Control and variant are these revisions of the scenario's repository; what stands there unless given. */
  readonly revisions?: WantedRevisions;
  /** Who sends the load; this process unless given. */
  readonly maker?: LoadMaker | undefined;
  /** A known delay put before arms, to see whether it is found; none unless told. */
  readonly delaysUs?: Delays;
  /** The run tells of itself by OpenTelemetry, as the OTEL_* environment says. */
  readonly otel?: boolean;
  /** Through which people end it before its time, if they can. */
  readonly controls?: RunControls;
  readonly onEvent: (event: RunEvent) => void;
}

/**
 * Does a scenario: brings emulator and arms up, replays the stages, judges, and leaves a run
 * directory. Aborting the signal stops it: what was measured is kept and judged as incomplete.
 * @throws ShakedownError when it cannot begin; nothing is left behind then.
 */
export async function runScenario(options: RunOptions, signal: AbortSignal): Promise<RunOutcome> {
  const { scenario } = options;
  const found = typeof scenario === "string" ? loadScenario(scenario) : scenario;
  const seed = options.seed ?? found.scenario.seed;
  const { scenario: wanted, profilePath } = found;
  checkSecret(wanted.onRollBack);
  checkSecret(wanted.onBreach, process.env, "onBreach");
  await using held = await heldRevisions(options, found, signal);
  const loaded = held === null ? found : { ...found, revisions: held.built };
  if (loaded.captured === undefined) options.onEvent({ kind: "reading", path: profilePath });
  const captured =
    loaded.captured ?? (await readCaptured(profilePath, { scenario: wanted, seed, signal }));
  using _held = captured.profile;
  return await told(options, loaded, (onEvent) =>
    runCaptured({ ...options, onEvent }, { loaded, seed, captured }, signal),
  );
}

/** The revisions that arms run, if they are any, until they are let go. */
function heldRevisions(
  { onEvent, revisions: wanted }: RunOptions,
  { dir, scenario: { arms } }: LoadedScenario,
  signal: AbortSignal,
): ReturnType<typeof buildRevisions> | null {
  return wanted === undefined ? null : buildRevisions({ dir, arms, wanted, onEvent }, signal);
}

async function runCaptured(
  options: RunOptions,
  given: { readonly loaded: LoadedScenario; readonly seed: string; readonly captured: Captured },
  signal: AbortSignal,
): Promise<RunOutcome> {
  const { captured, loaded, seed } = given;
  const { profile } = captured;
  const { warnings, served } = await serve(loaded, profile.manifest);
  const here = { profileSha256: profile.sha256, version: options.version };
  const calibration = usedCalibration(loaded, here);
  const registered = registerPlan(
    withRevisions(makePlan(loaded, profile, seed, served, calibration), loaded.revisions),
  );
  const sizing = sizePlan(
    registered.plan,
    options.pilot === undefined ? () => "no pilot" : pilotVariance(options.pilot, registered.plan),
  );
  // Only what stands in a file can have been locked.
  const lock = typeof options.scenario === "string" ? checkLock(loaded, registered.plan) : null;
  const setupFor = (plan: Plan) =>
    setUpGenerator(loaded, profile, plan, captured.replacedCount, options.maker);
  const setup = setupFor(registered.plan);
  const startedAt = new Date();
  const id = randomBytes(8).toString("hex");
  const directory = RunDirectory.create(options.out, {
    startedAt,
    scenario: loaded.scenario.scenario,
    id,
  });
  const live = new LiveLog(directory, { dependencies: Object.keys(served), nowIso });
  using _live = live;
  const onEvent = live.before(options.onEvent);
  onEvent({ kind: "plan", plan: registered.plan, sizing });
  onEvent({ kind: "opened", directory: directory.path });
  for (const message of [...warnings, ...setup.warnings]) onEvent({ kind: "warning", message });
  const { command, controls, maker, version } = options;
  const ending = controls === undefined ? signal : AbortSignal.any([signal, controls.signal]);
  const audit = new AuditLog(directory.file("audit.ndjson"), nowIso);
  const heard = { audit, onEvent, plan: registered.plan, id, dir: loaded.dir, signal };
  const rollBack = new RollBackAction(loaded.scenario.onRollBack, heard);
  const breach = new BreachAlert(loaded.scenario.onBreach, heard);
  const made = {
    // Without a file there is no telling what repository a run is about.
    git: typeof options.scenario === "string" ? await gitState(loaded.dir) : null,
    rollBack,
    breach,
    loaded,
    profile,
    served,
    registered,
    lock,
    directory,
    audit,
    id,
    startedAt,
  };
  const late = options.delaysUs === undefined ? {} : { delaysUs: options.delaysUs };
  const parts = {
    ...made,
    ...late,
    command,
    version,
    onEvent: breach.before(onEvent),
    controls,
    maker,
  };
  const [first, ...others] = registered.plan.runs;
  // Awaited here, where the live log is still open.
  return others.length > 0
    ? await runSeveral({ ...parts, setupFor }, ending)
    : await runAlone({ ...parts, setup, slots: first?.slots ?? [] }, ending);
}

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

/** One run, judged by itself. */
async function runAlone(parts: RunParts, signal: AbortSignal): Promise<RunOutcome> {
  const { audit, directory, onEvent } = parts;
  const { manifest, stop } = await runOnce(parts, signal);
  parts.controls?.end();
  onEvent({ kind: "judging" });
  const judged = await judge(directory, manifest);
  const { model } = judged;
  const { decision, reason, verdicts } = model.result;
  const unwritten = writeIfPossible(() => {
    audit.append("verdict", { decision, reason, ...(verdicts === undefined ? {} : { verdicts }) });
    writeReports(directory, judged);
  });
  parts.rollBack.tellInVain(model.result);
  parts.rollBack.fireFor(model.result);
  await Promise.all([parts.rollBack.settled(), parts.breach.settled()]);
  const exitCode = stop?.exitCode ?? unwritten?.exitCode ?? exitCodeOf(decision);
  const ended = { ...manifest.ended!, exitCode };
  writeIfPossible(() => writeManifest(directory, { ...manifest, ended }));
  onEvent(verdictEvent(model));
  await closeRun(directory, audit);
  return { directory, model, exitCode, unwritten };
}
