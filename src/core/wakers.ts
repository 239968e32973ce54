import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import type { Clock, MonotonicClock } from "./clock.ts";
import { startThread } from "./thread.ts";

/** What wakes the loop: told when, it calls `wake` at or after that moment. */
export interface Waker {
  /** `Infinity` means: nothing to wait for. */
  arm(deadlineNs: number): void;
  close(): Promise<void>;
}

export type MakeWaker = (wake: () => void) => Waker;

/** What the alarm thread shares with its owner. */
export interface AlarmShared {
  readonly state: Int32Array<SharedArrayBuffer>;
  readonly deadline: Float64Array<SharedArrayBuffer>;
  readonly originNs: bigint;
}

/**
 * What is nearer than this is awaited by turning the loop: an alarm would come later. A turn reads
 * the sockets, so that an answer that comes meanwhile is seen when it comes.
 */
const NEAR_NS = 120_000;
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * How long a turn of a spinning loop goes on looking at the clock. Each turn leaves some 300 bytes
 * of garbage (the immediate, and Node's stack of contexts) and costs 5 µs: at five turns where one
 * would do, the collector comes twice as often. An answer is read by that much later at most.
 */
const LOOK_NS = 15_000;
/** A clock that stands still (a virtual one) must not keep the turn. */
const LOOKS_MAX = 1_000;

/** Turns of the loop, each a short look at the clock: exact to a microsecond or two, and takes a whole core. */
export function spinWaker(clock: Clock, wake: () => void): Waker {
  let armedNs = Number.POSITIVE_INFINITY;
  let turning = false;
  const looksUntilDue = (): boolean => {
    const untilNs = clock.nowNs() + LOOK_NS;
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      const nowNs = clock.nowNs();
      if (nowNs >= armedNs) return true;
      if (nowNs >= untilNs) return false;
    }
    return false;
  };
  const turn = (): void => {
    turning = false;
    if (looksUntilDue()) {
      armedNs = Number.POSITIVE_INFINITY;
      try {
        wake();
      } finally {
        goOn();
      }
    } else goOn();
  };
  const goOn = (): void => {
    if (turning || armedNs === Number.POSITIVE_INFINITY) return;
    turning = true;
    setImmediate(turn);
  };
  return {
    arm(deadlineNs) {
      armedNs = deadlineNs;
      goOn();
    },
    async close() {
      armedNs = Number.POSITIVE_INFINITY;
    },
  };
}

/** `setTimeout` alone: costs nothing, and is off by up to a millisecond and more. */
export function timerWaker(clock: Clock, wake: () => void): Waker {
  let timer: NodeJS.Timeout | undefined;
  return {
    arm(deadlineNs) {
      clearTimeout(timer);
      if (deadlineNs === Number.POSITIVE_INFINITY) return;
      const leftMs = Math.ceil((deadlineNs - clock.nowNs()) / 1e6);
      timer = setTimeout(wake, Math.min(Math.max(leftMs, 0), TIMER_MS_MAX));
    },
    async close() {
      clearTimeout(timer);
    },
  };
}

/** Alarm threads that are kept, asleep, for whoever is next: to begin one takes up to 100 ms of CPU. */
const IDLE_MAX = 2;
const idle: Alarm[] = [];

/** A thread that waits for one moment at a time, for one owner after the other. */
class Alarm {
  onAlarm: () => void = () => {};
  readonly #shared: AlarmShared;
  readonly #thread: Worker;

  private constructor(shared: AlarmShared, thread: Worker) {
    this.#shared = shared;
    this.#thread = thread;
    thread.on("message", () => this.onAlarm());
  }

  static async take(originNs: bigint): Promise<Alarm> {
    const kept = idle.pop();
    if (kept !== undefined) {
      kept.#thread.ref();
      return kept;
    }
    const shared: AlarmShared = {
      state: new Int32Array(new SharedArrayBuffer(8)),
      deadline: new Float64Array(new SharedArrayBuffer(8)).fill(Number.POSITIVE_INFINITY),
      originNs,
    };
    const thread = startThread("alarm-thread", import.meta.url, { workerData: shared });
    await once(thread, "online");
    return new Alarm(shared, thread);
  }

  /** From when it counts. */
  get originNs(): bigint {
    return this.#shared.originNs;
  }

  set(atNs: number): void {
    this.#shared.deadline[0] = atNs;
    Atomics.add(this.#shared.state, 0, 1);
    Atomics.notify(this.#shared.state, 0);
  }

  async giveBack(): Promise<void> {
    this.onAlarm = () => {};
    if (idle.length < IDLE_MAX) {
      this.set(Number.POSITIVE_INFINITY);
      // Asleep, it keeps nobody from ending, and ends with its owner.
      this.#thread.unref();
      idle.push(this);
    } else await this.end();
  }

  async end(): Promise<void> {
    this.#thread.ref();
    const gone = once(this.#thread, "exit");
    Atomics.store(this.#shared.state, 1, 1);
    this.set(0);
    await gone;
  }
}

/** Ends those that are kept: who goes first from now on needs alarms that do so, too. */
export async function endIdleAlarms(): Promise<void> {
  await Promise.all(idle.splice(0).map((alarm) => alarm.end()));
}

/**
 * An alarm thread blocked in `Atomics.wait` wakes the loop a little ahead, and turns of the loop
 * await the rest: within about 0.1–0.3 ms at a few per cent of a core, where `setTimeout` is off by
 * up to 1 ms either way and a spinning loop takes the whole core. Where deadlines are close
 * together, it spins.
 */
export async function startAlarm(clock: MonotonicClock): Promise<MakeWaker> {
  const alarm = await Alarm.take(clock.originNs);
  const sinceNs = Number(clock.originNs - alarm.originNs);
  const setAlarm = (atNs: number): void => alarm.set(atNs + sinceNs);
  return (wake) => {
    const near = spinWaker(clock, wake);
    let armedNs = Number.POSITIVE_INFINITY;
    // A busy host may hold the alarm thread back while the loop could run: whichever is first.
    let backstop: NodeJS.Timeout | undefined;
    // An alarm may be one for a deadline since replaced: what is armed now decides, near or far.
    const comeNear = (): void => arm(armedNs);
    const arm = (deadlineNs: number): void => {
      const hadAlarm = armedNs !== Number.POSITIVE_INFINITY;
      armedNs = deadlineNs;
      clearTimeout(backstop);
      const leftNs = deadlineNs - clock.nowNs();
      if (leftNs <= NEAR_NS) return near.arm(deadlineNs);
      near.arm(Number.POSITIVE_INFINITY);
      if (deadlineNs === Number.POSITIVE_INFINITY) {
        if (hadAlarm) setAlarm(deadlineNs);
        return;
      }
      setAlarm(deadlineNs - NEAR_NS);
      backstop = setTimeout(comeNear, Math.min(Math.floor(leftNs / 1e6), TIMER_MS_MAX));
    };
    alarm.onAlarm = comeNear;
    return {
      arm,
      async close() {
        clearTimeout(backstop);
        await near.close();
        await alarm.giveBack();
      },
    };
  };
}
