import {
  createDeadlines,
  type Deadlines,
  EXIT,
  type ExitCode,
  messageOf,
  type MonotonicClock,
  NS_PER_S,
} from "../core/index.ts";
import type { Emulator } from "../emulator/index.ts";
import type { AuditLog, Plan } from "../experiment/index.ts";
import { type ErrorKind, type Observation, ObservationWriter } from "../measure/index.ts";
import type { Profile } from "../profile/index.ts";
import { prepareRequest, replay, undiciTransport } from "../replay/index.ts";
import { type ArrivalName, ARRIVALS, stagedStarts } from "../schedule/index.ts";
import { LiveCounts, type RunEvent } from "./live.ts";
import type { RunDirectory } from "./run-directory.ts";
import type { Target } from "./target.ts";

export interface TrafficInput {
  readonly plan: Plan;
  readonly arrivals: ArrivalName;
  readonly profile: Profile;
  readonly runId: string;
  readonly directory: RunDirectory;
  readonly targets: readonly Target[];
  readonly emulator: Emulator;
  readonly audit: AuditLog;
  readonly onEvent: (event: RunEvent) => void;
}

/** Why a run was stopped before its end, and what the process then exits with. */
export interface Stop {
  readonly because: string;
  readonly exitCode: ExitCode;
}

/** What became of the traffic, beside what is in the spool. */
export interface TrafficEnd {
  readonly stop: Stop | null;
  readonly durationNs: number;
  readonly lostRows: number;
  readonly keptRows: number;
}

const TICK_MS = 1_000;
/** Nothing but these for so long: the target is gone. */
const NO_CONNECTION: ReadonlySet<ErrorKind> = new Set(["refused", "reset", "connect"]);
const GONE_NS = 3 * NS_PER_S;

/**
 * Sends a plan's stages to all targets and spools what happens. Ends early, keeping what was
 * measured, when the signal is aborted, a spawned target dies, the emulator fails or the disk does.
 * The clock's origin is the run's start and may lie a little ahead. Never throws once it has begun.
 * @throws OUTPUT_UNWRITABLE
 */
export async function sendTraffic(
  input: TrafficInput,
  clock: MonotonicClock,
  signal: AbortSignal,
): Promise<TrafficEnd> {
  const { directory, plan, profile } = input;
  const routes = [...new Set(profile.records.map((record) => record.route))];
  const stages = plan.stages.map((stage) => stage.name);
  const writer = await ObservationWriter.create(directory.observations, {
    arms: plan.arms,
    stages,
    routes,
  });
  const deadlines = await createDeadlines(clock);
  return new Traffic(input, { clock, deadlines, routes, writer }).run(signal);
}

interface Parts {
  readonly clock: MonotonicClock;
  readonly deadlines: Deadlines;
  readonly routes: readonly string[];
  readonly writer: ObservationWriter;
}

class Traffic {
  readonly #input: TrafficInput;
  readonly #parts: Parts;
  readonly #live: LiveCounts;
  readonly #stopping = new AbortController();
  /** Arms that take no connections, and since when. */
  readonly #goneSince = new Map<number, number>();
  #stop: Stop | null = null;
  #stage = -1;

  constructor(input: TrafficInput, parts: Parts) {
    this.#input = input;
    this.#parts = parts;
    this.#live = new LiveCounts(input.plan.arms, input.plan.timeoutNs);
  }

  async run(signal: AbortSignal): Promise<TrafficEnd> {
    const { clock, deadlines, writer } = this.#parts;
    const { directory, onEvent, plan } = this.#input;
    this.#watch(signal);
    const durationNs = plan.stages.at(-1)?.endNs ?? 0;
    onEvent({ kind: "traffic", directory: directory.path, stages: plan.stages.length, durationNs });
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    try {
      await this.#send();
    } catch (thrown) {
      this.#stopFor(`a bug of ours: ${messageOf(thrown)}`, EXIT.internal);
    } finally {
      clearInterval(ticking);
      await deadlines.close();
    }
    const endNs = clock.nowNs();
    this.#endStage();
    await writer.spool
      .close()
      .catch((thrown: unknown) => this.#stopFor(messageOf(thrown), EXIT.badData));
    const { keptRows, lostRows } = writer.spool;
    return { stop: this.#stop, durationNs: endNs, lostRows, keptRows };
  }

  async #send(): Promise<void> {
    const { clock, deadlines, routes, writer } = this.#parts;
    const { plan, profile, runId, targets } = this.#input;
    const { inFlightMax, seed, timeoutNs } = plan;
    const place = new Map(routes.map((route, index) => [route, index]));
    const arms = targets.map((target) => ({
      name: target.arm,
      transport: undiciTransport(target.origin, inFlightMax),
      requests: profile.records.map((record) =>
        prepareRequest(record, place.get(record.route) ?? 0, target),
      ),
    }));
    try {
      await replay(
        {
          arms,
          starts: stagedStarts(this.#schedules(), seed),
          runId,
          seed,
          inFlightMax,
          timeoutNs,
          clock,
          deadlines,
          onObservation: (observation) => {
            this.#watchConnections(observation);
            writer.write(observation);
            this.#live.add(observation);
          },
          onStage: (stage) => this.#beginStage(stage),
        },
        this.#stopping.signal,
      );
    } finally {
      await Promise.all(arms.map(({ transport }) => transport.close()));
    }
  }

  #schedules() {
    const { arrivals, plan, profile } = this.#input;
    const offsetsNs = profile.records.map((record) => record.offsetNs);
    return plan.stages.map(({ endNs, ratePerSec, startNs }) =>
      ARRIVALS[arrivals]({ ratePerSec, durationNs: endNs - startNs, offsetsNs }),
    );
  }

  /** Everything that can end the traffic early. */
  #watch(signal: AbortSignal): void {
    const { emulator, targets } = this.#input;
    const interrupt = (): void => this.#stopFor("interrupted", EXIT.interrupted);
    if (signal.aborted) interrupt();
    else signal.addEventListener("abort", interrupt, { once: true });
    for (const { arm, died, pid } of targets) {
      void died.then((how) => {
        this.#stopFor(`arm ${arm} (process ${pid}) ${how} during the run`, EXIT.unreachable);
      });
    }
    void emulator.failed.then((error) => this.#stopFor(error.message, error.exitCode));
    this.#parts.writer.spool.onFailure = (error) => this.#stopFor(error.message, error.exitCode);
  }

  /** A target that was running already has no process to watch: its silence has to tell. */
  #watchConnections(observation: Observation): void {
    if (observation.kind === "dropped") return;
    const { arm, endNs } = observation;
    const gone = observation.kind === "error" && NO_CONNECTION.has(observation.error);
    if (!gone) this.#goneSince.delete(arm);
    else if (!this.#goneSince.has(arm)) this.#goneSince.set(arm, endNs);
    const target = this.#input.targets[arm];
    if (!gone || target === undefined || endNs - this.#goneSince.get(arm)! < GONE_NS) return;
    const whom = `arm ${target.arm} at ${target.origin}`;
    this.#stopFor(`${whom} took no connection for ${GONE_NS / NS_PER_S} s`, EXIT.unreachable);
  }

  /** The first reason counts. */
  #stopFor(because: string, exitCode: ExitCode): void {
    if (this.#stop !== null) return;
    this.#stop = { because, exitCode };
    this.#input.onEvent({ kind: "stopping", because });
    this.#stopping.abort();
    this.#note("stopped", { because });
  }

  /** An audit entry that cannot be written ends the run: it would not be whole. */
  #note(event: string, detail: Readonly<Record<string, unknown>>): void {
    try {
      this.#input.audit.append(event, detail);
    } catch (thrown) {
      this.#stopFor(messageOf(thrown), EXIT.badData);
    }
  }

  #beginStage(stage: number): void {
    this.#endStage();
    this.#stage = stage;
    this.#note("stage begins", { stage: this.#input.plan.stages[stage]?.name });
  }

  #endStage(): void {
    const planned = this.#input.plan.stages[this.#stage];
    if (planned === undefined) return;
    const { name, ratePerSec } = planned;
    const arms = this.#live.stage(this.#stage);
    this.#input.onEvent({ kind: "stage-end", stage: this.#stage, name, ratePerSec, arms });
  }

  #tick(): void {
    const { clock, writer } = this.#parts;
    const { emulator, onEvent } = this.#input;
    void writer.spool.flush();
    const arms = this.#live.takeTick();
    const [stage, elapsedNs] = [this.#stage, clock.nowNs()];
    void emulator
      .snapshot()
      .then((counts) => onEvent({ kind: "tick", stage, elapsedNs, arms, emulator: counts }));
  }
}
