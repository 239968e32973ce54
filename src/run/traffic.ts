import {
  EXIT,
  type ExitCode,
  messageOf,
  type MonotonicClock,
  NS_PER_S,
  ShakedownError,
} from "../core/index.ts";
import type { RunEmulator } from "./load-maker.ts";
import type { ArmStop, AuditLog, Plan, RuleStop, Throttling } from "../experiment/index.ts";
import type { GeneratorEvents, GeneratorTotals } from "../replay/index.ts";
import { ByHand } from "./by-hand.ts";
import type { RunControls } from "./controls.ts";
import { LessLoad, type ThinnableGenerators } from "./less-load.ts";
import { LiveCounts, type RunEvent } from "./live.ts";
import { faultSoFar } from "./instrument-so-far.ts";
import { LiveLooks } from "./live-looks.ts";
import { rehearsedHearing } from "./live-rehearsal.ts";
import { STOPPED_BY } from "./stopped-by.ts";
import type { HeldRamp } from "./held-ramp.ts";
import type { RunDirectory } from "./run-directory.ts";
import type { Target } from "./target.ts";

/** Why a run was stopped before its end, and what the process then exits with. */
export interface Stop {
  readonly because: string;
  /** Null where the run's own rule stopped it: its verdict says. */
  readonly exitCode: ExitCode | null;
  /** The plan's own rule that it was stopped by, if it was. */
  readonly rule: RuleStop | null;
}

/** What became of the traffic, beside what is in the spools. */
export interface TrafficEnd {
  readonly stop: Stop | null;
  readonly durationNs: number;
  /** Variants whose load was cut, in that order; those that were out before, from the start. */
  readonly cuts: readonly ArmStop[];
  /** When the load was halved, in that order. */
  readonly throttlings: readonly Throttling[];
  /** When somebody held the ramp, in that order. */
  readonly held: readonly HeldRamp[];
  readonly totals: GeneratorTotals;
}

export interface TrafficInput {
  readonly plan: Plan;
  /** How the load is made, for people. */
  readonly load: string;
  readonly directory: RunDirectory;
  readonly emulator: RunEmulator | null;
  /** Threads that send, and whom the target calls. */
  readonly workers: number;
  readonly dependencies: readonly string[];
  /** From when the emulator's clock counts. */
  readonly emulatorOriginNs: bigint;
  readonly audit: AuditLog;
  readonly onEvent: (event: RunEvent) => void;
  /** Harm was shown, and the load has been cut: of one variant, where it is named. */
  readonly onRollBack: (reason: string, arm?: string) => void;
  /** Variants that an earlier run of the experiment has cut. */
  readonly out: readonly ArmStop[];
  /** Through which people end it, if they can. */
  readonly controls?: RunControls | undefined;
}

/** Who sends it, and to whom: known when all is up. */
export interface SentTo {
  readonly generators: ThinnableGenerators;
  readonly targets: readonly Target[];
}

const TICK_MS = 1_000;

/**
 * Watches over a plan's traffic while generators send it, and ends it early, keeping what was
 * measured, when the signal is aborted, a target dies, the emulator fails or the disk does.
 */
export class Traffic {
  /** What generators must be started with. */
  readonly events: GeneratorEvents;
  readonly #input: TrafficInput;
  readonly #live: LiveCounts;
  readonly #looks: LiveLooks;
  readonly #byHand: ByHand;
  readonly #lessLoad: LessLoad;
  #generators: ThinnableGenerators | null = null;
  #targets: readonly Target[] = [];
  #clock: MonotonicClock | null = null;
  #stop: Stop | null = null;
  readonly #cuts: ArmStop[] = [];
  /** What happens from here on is not of this traffic: the next of several runs may have begun. */
  #over = false;
  #stage = -1;
  readonly #telling: Promise<void>[] = [];

  constructor(input: TrafficInput) {
    this.#input = input;
    this.#live = new LiveCounts(input.plan.arms);
    this.#looks = new LiveLooks(input, {
      note: (event, detail) => this.#note(event, detail),
      cut: (cut) => this.#cutArm(cut),
      stop: (rule) => this.#stopBy(rule),
      thin: (breach, share) =>
        this.#lessLoad.halve(breach, share, this.#clock?.nowNs() ?? breach.untilNs),
    });
    this.#byHand = new ByHand(input, {
      stage: () => this.#stage,
      nowNs: () => (this.#stop === null ? (this.#clock?.nowNs() ?? null) : null),
      isOut: (arm) => this.#cuts.some((cut) => cut.arm === arm),
      ramp: () => this.#lessLoad.ramp,
      stop: (because, exitCode, rule) => this.#stopFor(because, exitCode, rule),
    });
    this.#lessLoad = new LessLoad(input.plan, {
      note: (event, detail) => this.#note(event, detail),
      onEvent: input.onEvent,
    });
    this.events = {
      onStage: (stage) => this.#beginStage(stage),
      onCounts: (counts) => this.#live.add(counts),
      onBlocks: (worker, told) => this.#looks.hear(worker, told),
      onRehearsal: rehearsedHearing(input.plan.arms),
      onGone: (arm, forNs) => this.#gone(arm, forNs),
      onDiskFailure: (error) => this.#fail(error),
    };
  }

  /**
   * Sends it all; the clock's origin is the run's start and may lie a little ahead.
   * @throws RUN_LED when another process has taken the run: it is not ours to end
   */
  async send(
    { generators, targets }: SentTo,
    clock: MonotonicClock,
    signal: AbortSignal,
  ): Promise<TrafficEnd> {
    this.#generators = generators;
    this.#targets = targets;
    this.#clock = clock;
    this.#lessLoad.begin(generators);
    const { directory, load, onEvent, plan } = this.#input;
    const durationNs = plan.stages.at(-1)?.endNs ?? 0;
    const stages = plan.stages.length;
    onEvent({ kind: "traffic", directory: directory.path, stages, durationNs, load });
    for (const out of this.#input.out) {
      this.#cuts.push({ ...out, untilNs: 0 });
      generators.cut(plan.arms.indexOf(out.arm));
    }
    const going = generators.go(clock.originNs);
    this.#watch(signal);
    using _steered = this.#input.controls?.steer(this.#byHand);
    const ticking = setInterval(() => void this.#tick(clock), TICK_MS);
    const looking = this.#looks.begin(clock);
    const totals = await going.finally(() => {
      clearInterval(ticking);
      looking.end();
    });
    if (totals.error !== null) this.#fail(totals.error);
    // The plan lasts until its end, also where the last answer came before it.
    const atLeastNs = this.#stop === null ? durationNs : 0;
    const endNs = Math.max(totals.endNs, clock.nowNs(), atLeastNs);
    await Promise.all(this.#telling);
    await this.#tick(clock);
    this.#endStage();
    this.#over = true;
    return {
      stop: this.#stop,
      durationNs: endNs,
      cuts: this.#cuts,
      throttlings: this.#lessLoad.throttlings,
      held: this.#lessLoad.held,
      totals,
    };
  }

  /** Everything that can end the traffic early. */
  #watch(signal: AbortSignal): void {
    const { emulator } = this.#input;
    const interrupt = (): void => this.#stopFor("interrupted", EXIT.interrupted);
    if (signal.aborted) interrupt();
    else signal.addEventListener("abort", interrupt, { once: true });
    for (const { arm, died, pid } of this.#targets) {
      void died.then((how) => {
        this.#lose(arm, `arm ${arm} (process ${pid}) ${how} during the run`);
      });
    }
    void emulator?.failed.then((error) => this.#fail(error));
    // Who is turned away for want of files of ours sees a dependency that is none.
    void emulator?.starved.then((error) => this.#fail(error));
  }

  /** A target that was running already has no process to watch: its silence has to tell. */
  #gone(arm: number, forNs: number): void {
    const target = this.#targets[arm];
    if (target === undefined) return;
    const whom = `arm ${target.arm} at ${target.origin}`;
    this.#lose(target.arm, `${whom} took no connection for ${forNs / NS_PER_S} s`);
  }

  /** Without one of several variants the others go on; without control, or the only one, none can. */
  #lose(arm: string, because: string): void {
    const { arms, hypothesis } = this.#input.plan;
    const isOut = (name: string): boolean => this.#cuts.some((cut) => cut.arm === name);
    if (this.#over || isOut(arm)) return;
    const others = arms.slice(1).some((name) => name !== arm && !isOut(name));
    if (arm === arms[0] || !others || hypothesis === null || this.#clock === null) {
      this.#stopFor(because, EXIT.unreachable);
      return;
    }
    const untilNs = Math.max(this.#clock.nowNs(), 1);
    const cut: ArmStop = { arm, rule: "gone", decision: "hold", because, untilNs };
    this.#looks.leaveOut(cut);
    this.#cutArm(cut);
  }

  #fail({ code, exitCode, message }: ShakedownError): void {
    this.#stopFor(code === "INTERNAL" ? `a bug of ours: ${message}` : message, exitCode);
  }

  /** The first reason counts. */
  #stopFor(because: string, exitCode: ExitCode | null, rule: RuleStop | null = null): void {
    if (this.#stop !== null || this.#over) return;
    this.#generators?.stop();
    this.#stop = { because, exitCode, rule };
    this.#input.onEvent({ kind: "stopping", because });
    this.#note("stopped", { because, ...rule });
  }

  /** The control and the other variants go on. */
  #cutArm(cut: ArmStop): void {
    if (this.#stop !== null) return;
    const { onEvent, plan } = this.#input;
    this.#generators?.cut(plan.arms.indexOf(cut.arm));
    this.#cuts.push(cut);
    this.#note("variant cut", { ...cut });
    onEvent({ kind: "cut", cut });
    if (cut.decision === "roll-back") this.#rollBack(cut.because, cut.arm);
  }

  #stopBy(rule: RuleStop): void {
    if (this.#stop !== null) return;
    this.#stopFor(`${STOPPED_BY[rule.rule]}: ${rule.because}`, null, rule);
    // Of several variants each has been told of when it was cut.
    const one = this.#input.plan.arms.length === 2;
    if (one && rule.decision === "roll-back") this.#rollBack(rule.because);
  }

  /**
   * The load is cut, which is safe; what is done outside waits for the verdict where the instrument
   * is at fault, as far as is known.
   */
  #rollBack(because: string, arm?: string): void {
    const tell = async (): Promise<void> => {
      const { emulator, onRollBack, plan } = this.#input;
      const fault = faultSoFar(plan, this.#live.counts, (await emulator?.snapshot()) ?? {});
      if (fault === null) onRollBack(because, arm);
      else this.#note("roll-back action waits", { ...(arm === undefined ? {} : { arm }), fault });
    };
    this.#telling.push(tell());
  }

  /** An audit entry that cannot be written ends the run: it would not be whole. */
  #note(event: string, detail: Readonly<Record<string, unknown>>): void {
    try {
      this.#input.audit.append(event, detail);
    } catch (thrown) {
      const led = thrown instanceof ShakedownError && thrown.code === "RUN_LED";
      this.#stopFor(messageOf(thrown), led ? thrown.exitCode : EXIT.badData);
    }
  }

  #beginStage(stage: number): void {
    // A worker that is behind announces nothing new.
    if (stage <= this.#stage) return;
    this.#endStage();
    this.#stage = stage;
    this.#note("stage begins", { stage: this.#input.plan.stages[stage]?.name });
    const because = this.#byHand.endsBefore(stage);
    if (because !== null) this.#stopFor(because, null);
  }

  #endStage(): void {
    const planned = this.#input.plan.stages[this.#stage];
    if (planned === undefined) return;
    const { name, ratePerSec } = planned;
    const arms = this.#live.stage(this.#stage);
    this.#input.onEvent({ kind: "stage-end", stage: this.#stage, name, ratePerSec, arms });
  }

  async #tick(clock: MonotonicClock): Promise<void> {
    const { emulator: emulated, onEvent } = this.#input;
    const arms = this.#live.takeTick();
    const [stage, elapsedNs] = [this.#stage, clock.nowNs()];
    const emulator = (await emulated?.snapshot()) ?? {};
    onEvent({ kind: "tick", stage, elapsedNs, arms, emulator });
  }
}
