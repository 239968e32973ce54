import {
  type Clock,
  type Deadlines,
  keyedDraw,
  requestIdOf,
  traceparentOf,
} from "../core/index.ts";
import type { DropReason, ErrorKind, Observation } from "../measure/index.ts";
import type { IntendedStart } from "../schedule/index.ts";
import { InFlight } from "./in-flight.ts";
import type { ExchangeSink, PreparedRequest, Transport } from "./transports/transport.ts";

export interface ReplayArm {
  readonly name: string;
  readonly transport: Transport;
  /** One for each record of the profile; start `seq` sends number `seq` modulo their count. */
  readonly requests: readonly PreparedRequest[];
}

export interface ReplayOptions {
  readonly arms: readonly ReplayArm[];
  readonly starts: Iterator<IntendedStart>;
  readonly runId: string;
  readonly seed: string;
  /** More than this many requests in flight in one arm: the start is dropped, and counted. */
  readonly inFlightMax: number;
  /** From the intended start; then the request is given up, as a right-censored `timeout`. */
  readonly timeoutNs: number;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly onObservation: (observation: Observation) => void;
  /** Called when the first start of a stage is due. */
  readonly onStage?: (stage: number) => void;
}

/** How long a stopped replay waits for the answers that are still to come. */
const DRAIN_NS = 1_000_000_000;

/**
 * Sends every start of the schedule to every arm at its intended time, whatever the targets do,
 * and resolves when all have ended. The schedule is the plan: what is due is sent at once, even
 * late; what cannot be sent is a dropped start; nothing is back-filled. The order in which the
 * arms are written at each start is drawn anew from the seed.
 *
 * When the signal is aborted, the starts that are still to come are dropped as `run-stopped`, the
 * answers on their way get one second, and what is then left is `cancelled`.
 */
export function replay(options: ReplayOptions, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => new Replay(options, { resolve, reject }).begin(signal));
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #inFlight: readonly InFlight[];
  readonly #settle: { resolve: () => void; reject: (reason: unknown) => void };
  #next: IntendedStart | undefined;
  #stage = -1;
  #stopped = false;
  readonly #over = new AbortController();

  constructor(
    options: ReplayOptions,
    settle: { resolve: () => void; reject: (reason: unknown) => void },
  ) {
    this.#options = options;
    this.#settle = settle;
    const { arms, clock, deadlines, timeoutNs } = options;
    this.#inFlight = arms.map(() => new InFlight(timeoutNs, clock, deadlines));
  }

  begin(signal: AbortSignal): void {
    const stop = (): void => this.#guard(() => this.#stop());
    signal.addEventListener("abort", stop, { once: true, signal: this.#over.signal });
    this.#guard(() => {
      this.#advance();
      if (signal.aborted) this.#stop();
      else this.#awaitNext();
    });
  }

  #advance(): void {
    const { value, done } = this.#options.starts.next();
    this.#next = done === true ? undefined : value;
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
      this.#over.abort();
      this.#settle.reject(thrown);
    }
  }

  /**
   * Each start is a deadline of its own, also when it is late already: between two of them the
   * loop reads answers and gives up what has run out.
   */
  #awaitNext(): void {
    const planned = this.#next;
    if (planned === undefined) return this.#settleWhenIdle();
    const start = (): void => {
      if (this.#stopped) return;
      this.#start(planned);
      this.#advance();
      this.#awaitNext();
    };
    this.#options.deadlines.at(planned.intendedNs, () => this.#guard(start));
  }

  #start(planned: IntendedStart): void {
    const { arms, onStage, seed } = this.#options;
    if (planned.stage !== this.#stage) {
      this.#stage = planned.stage;
      onStage?.(planned.stage);
    }
    const first = Math.floor(keyedDraw(seed, "order", planned.seq).uniform("first") * arms.length);
    for (let i = 0; i < arms.length; i++) this.#startInArm(planned, (first + i) % arms.length);
  }

  #startInArm(planned: IntendedStart, armIndex: number): void {
    const { arms, inFlightMax, runId } = this.#options;
    const arm = arms[armIndex]!;
    const request = arm.requests[planned.seq % arm.requests.length]!;
    const inFlight = this.#inFlight[armIndex]!;
    if (inFlight.count >= inFlightMax) return this.#drop(planned, armIndex, "in-flight-cap");
    const identity = { runId, seq: planned.seq, armIndex };
    const { sink, onEnd } = this.#exchange(planned, armIndex, request);
    let giveUp: ((why: ErrorKind) => void) | undefined;
    const entry = inFlight.add(planned.intendedNs, (why) => giveUp?.(why));
    onEnd(() => {
      inFlight.remove(entry);
      this.#settleWhenIdle();
    });
    giveUp = arm.transport.send(
      request,
      ["traceparent", traceparentOf(identity), "x-request-id", requestIdOf(identity)],
      sink,
    );
  }

  #exchange(planned: IntendedStart, arm: number, request: PreparedRequest) {
    const { clock, onObservation } = this.#options;
    const { intendedNs, seq, stage } = planned;
    const common = { arm, stage, seq, route: request.route, intendedNs };
    const sentNs = clock.nowNs();
    let startNs = sentNs;
    let firstByteNs = 0;
    let status = 0;
    let ended = (): void => {};
    const sink: ExchangeSink = {
      start() {
        startNs = clock.nowNs();
      },
      firstByte(given) {
        firstByteNs = clock.nowNs();
        status = given;
      },
      end: (bytesIn) =>
        this.#guard(() => {
          const endNs = clock.nowNs();
          const { bytesOut } = request;
          onObservation({
            kind: "response",
            ...common,
            startNs,
            firstByteNs,
            endNs,
            status,
            bytesIn,
            bytesOut,
          });
          ended();
        }),
      fail: (error) =>
        this.#guard(() => {
          onObservation({ kind: "error", ...common, startNs, endNs: clock.nowNs(), error });
          ended();
        }),
    };
    return { sink, onEnd: (callback: () => void) => (ended = callback) };
  }

  #drop(planned: IntendedStart, arm: number, reason: DropReason): void {
    const { arms, onObservation } = this.#options;
    const { requests } = arms[arm]!;
    const { route } = requests[planned.seq % requests.length]!;
    const { intendedNs, seq, stage } = planned;
    onObservation({ kind: "dropped", arm, stage, seq, route, intendedNs, reason });
  }

  #stop(): void {
    this.#stopped = true;
    for (; this.#next !== undefined; this.#advance()) {
      for (let arm = 0; arm < this.#options.arms.length; arm++) {
        this.#drop(this.#next, arm, "run-stopped");
      }
    }
    const { clock, deadlines } = this.#options;
    deadlines.at(clock.nowNs() + DRAIN_NS, () => {
      for (const arm of this.#inFlight) arm.giveUpAll("cancelled");
    });
    this.#settleWhenIdle();
  }

  #settleWhenIdle(): void {
    if (this.#over.signal.aborted || this.#next !== undefined) return;
    if (this.#inFlight.some((arm) => arm.count > 0)) return;
    this.#over.abort();
    this.#settle.resolve();
  }
}
