import { type Clock, type Deadlines, keyedDraw } from "../core/index.ts";
import type { Observation } from "../measure/index.ts";
import type { IntendedStart } from "../schedule/index.ts";
import type { AnswerWatch } from "./answers/index.ts";
import { ReplayArmState } from "./arm-state.ts";
import { type Assignment, duet } from "./assignment/index.ts";
import type { RequestSource } from "./requests.ts";
import { Thinner } from "./thinner.ts";
import type { ExchangeSink, Transport } from "./transports/transport.ts";

export interface ReplayArm {
  readonly name: string;
  /** Makes the arm's transport, told where the story of each exchange goes. */
  readonly makeTransport: (sink: ExchangeSink) => Transport;
  readonly requests: RequestSource;
}

export interface ReplayOptions {
  readonly arms: readonly ReplayArm[];
  readonly starts: Iterator<IntendedStart>;
  /** Which arms get a start; asked once for each, in order. All do unless given. */
  readonly assignment?: Pick<Assignment, "armsOf">;
  readonly runId: string;
  readonly seed: string;
  /** More than this many requests in flight in one arm: the start is dropped, and counted. */
  readonly inFlightMax: number;
  /** From the intended start; then the request is given up, as a right-censored `timeout`. */
  readonly timeoutNs: number;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly onObservation: (observation: Observation) => void;
  /** Compares answers with each other; nothing is compared without it. */
  readonly answers?: AnswerWatch;
  /**
   * Called once, with what tells up to which intended start all have ended, in every arm, and with
   * what cuts one arm's load: its starts are dropped from then on, the others go on.
   */
  readonly onBegin?: (
    settledNs: () => number,
    cut: (arm: number) => void,
    thinner: Pick<Thinner, "add" | "release">,
  ) => void;
  /** Called when the first start of a stage is due. */
  readonly onStage?: (stage: number) => void;
}

/** How long a stopped replay waits for the answers that are still to come. */
const DRAIN_NS = 1_000_000_000;
/** Starts that are counted as dropped before the loop is given back. */
const DROPS_PER_TURN = 20_000;

/**
 * Sends every start of the schedule to the arms that it is assigned to at its intended time,
 * whatever the targets do, and resolves when all have ended and the transports are closed. The
 * schedule is the plan: what is due is sent at once, even late; what cannot be sent is a dropped
 * start; nothing is back-filled. The order in which several arms are written at each start is drawn
 * anew from the seed.
 *
 * When the signal is aborted, the starts that are still to come are dropped as `run-stopped`, the
 * answers on their way get one second, and what is then left is `cancelled`.
 */
export async function replay(options: ReplayOptions, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const running = new Replay(options, { resolve, reject });
  try {
    running.begin(signal);
    await promise;
  } finally {
    await running.close();
  }
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #arms: readonly ReplayArmState[];
  readonly #settle: { resolve: () => void; reject: (reason: unknown) => void };
  readonly #over = new AbortController();
  readonly #assignment: Pick<Assignment, "armsOf">;
  readonly #thinner: Thinner;
  #next: IntendedStart | undefined;
  /** A bit for each arm that the next start goes to. */
  #nextArms = 0;
  #stage = -1;
  #stopped = false;

  constructor(
    options: ReplayOptions,
    settle: { resolve: () => void; reject: (reason: unknown) => void },
  ) {
    this.#options = options;
    this.#settle = settle;
    const hooks = {
      guard: (work: () => void) => this.#guard(work),
      fail: (thrown: unknown) => this.#fail(thrown),
      idle: () => this.#settleWhenIdle(),
    };
    this.#thinner = new Thinner(options.seed, options.answers !== undefined);
    this.#assignment = options.assignment ?? duet(options.arms.length);
    this.#arms = options.arms.map((arm, index) => new ReplayArmState(arm, index, options, hooks));
  }

  begin(signal: AbortSignal): void {
    const stop = (): void => this.#guard(() => this.#stop());
    signal.addEventListener("abort", stop, { once: true, signal: this.#over.signal });
    this.#options.onBegin?.(
      () => this.#settledNs(),
      (arm) => this.#guard(() => this.#cut(arm)),
      this.#thinner,
    );
    this.#guard(() => {
      this.#advance();
      if (signal.aborted) this.#stop();
      else this.#awaitNext();
    });
  }

  #settledNs(): number {
    const nextNs = this.#next?.intendedNs ?? Number.POSITIVE_INFINITY;
    return Math.min(nextNs, ...this.#arms.map((arm) => arm.oldestNs));
  }

  async close(): Promise<void> {
    await Promise.all(this.#arms.map((arm) => arm.close()));
  }

  /** The next start is pulled, and made ready, while the one before it is on its way. */
  #advance(): void {
    this.#pull();
    if (this.#next === undefined) return;
    for (let arm = 0; arm < this.#arms.length; arm++) {
      if (this.#goesTo(arm)) this.#arms[arm]!.prepare(this.#next);
    }
  }

  #pull(): void {
    const { value, done } = this.#options.starts.next();
    this.#next = done === true ? undefined : value;
    if (done !== true) this.#nextArms = this.#assignment.armsOf(value);
  }

  #goesTo(arm: number): boolean {
    return ((this.#nextArms >> arm) & 1) === 1;
  }

  /**
   * A bug in a callback must end the replay with its error, not hang it; what is still to happen
   * then happens unseen.
   */
  #guard(work: () => void): void {
    if (this.#over.signal.aborted) return;
    try {
      work();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #fail(thrown: unknown): void {
    if (this.#over.signal.aborted) return;
    this.#end();
    this.#settle.reject(thrown);
  }

  #end(): void {
    this.#over.abort();
    for (const arm of this.#arms) arm.over = true;
  }

  /**
   * Each start is a deadline of its own, also when it is late already: between two of them the
   * loop reads answers and gives up what has run out.
   */
  #awaitNext(): void {
    if (this.#next === undefined) this.#settleWhenIdle();
    else this.#options.deadlines.at(this.#next.intendedNs, this.#startNext);
  }

  readonly #startNext = (): void => {
    if (this.#stopped || this.#over.signal.aborted) return;
    try {
      this.#start(this.#next!);
      this.#advance();
      this.#awaitNext();
    } catch (thrown) {
      this.#fail(thrown);
    }
  };

  #start(planned: IntendedStart): void {
    if (planned.stage !== this.#stage) {
      this.#stage = planned.stage;
      this.#options.onStage?.(planned.stage);
    }
    const count = this.#arms.length;
    const leftOut = this.#thinner.leavesOut(planned);
    if (leftOut !== null) {
      for (let arm = 0; arm < count; arm++) {
        if (this.#goesTo(arm)) this.#arms[arm]!.leaveOut(planned, leftOut);
      }
      return;
    }
    const { first, step } = this.#drawOrder(planned.seq, count);
    for (let i = 0, arm = first; i < count; i++, arm = (arm + step) % count) {
      if (this.#goesTo(arm)) this.#arms[arm]!.start(planned);
    }
  }

  /**
   * Which arm is first, and which way round it goes from there: with both drawn, each of two arms is
   * before the other as often as after it, however many there are.
   */
  #drawOrder(seq: number, count: number): { readonly first: number; readonly step: number } {
    if (count === 1) return { first: 0, step: 1 };
    const draw = keyedDraw(this.#options.seed, "order", seq);
    const first = Math.floor(draw.uniform("first") * count);
    const turned = count > 2 && draw.uniform("turned") < 0.5;
    return { first, step: turned ? count - 1 : 1 };
  }

  /** What is on its way gets its second, as when all is stopped. */
  #cut(index: number): void {
    const arm = this.#arms[index];
    if (arm === undefined || arm.cut) return;
    arm.cut = true;
    const { clock, deadlines } = this.#options;
    deadlines.at(clock.nowNs() + DRAIN_NS, () => arm.giveUpAll("cancelled"));
  }

  #stop(): void {
    this.#stopped = true;
    const { clock, deadlines } = this.#options;
    deadlines.at(clock.nowNs() + DRAIN_NS, () => {
      for (const arm of this.#arms) arm.giveUpAll("cancelled");
    });
    this.#dropRest();
  }

  /** What a long plan still holds may be millions: the loop is given back in between. */
  #dropRest(): void {
    for (let i = 0; this.#next !== undefined && i < DROPS_PER_TURN; i++) {
      for (let arm = 0; arm < this.#arms.length; arm++) {
        if (this.#goesTo(arm)) this.#arms[arm]!.countDropped(this.#next);
      }
      this.#pull();
    }
    if (this.#next === undefined) {
      for (const arm of this.#arms) arm.writeDropped();
      this.#settleWhenIdle();
      return;
    }
    const { clock, deadlines } = this.#options;
    deadlines.at(clock.nowNs(), () => this.#guard(() => this.#dropRest()));
  }

  #settleWhenIdle(): void {
    if (this.#over.signal.aborted || this.#next !== undefined) return;
    if (this.#arms.some((arm) => arm.inFlightCount > 0)) return;
    this.#end();
    this.#settle.resolve();
  }
}
