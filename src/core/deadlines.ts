import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Clock, MonotonicClock } from "./clock.ts";
import { threadUrl } from "./thread.ts";

/** What the alarm thread shares with its owner. */
export interface AlarmShared {
  readonly state: Int32Array<SharedArrayBuffer>;
  readonly deadline: Float64Array<SharedArrayBuffer>;
  readonly originNs: bigint;
}

export interface DeadlineHandle {
  readonly deadlineNs: number;
  /** Null once fired or cancelled. */
  fire: (() => void) | null;
}

/**
 * Calls functions at deadlines, never early, in deadline order (ties in the order they were set).
 */
export interface Deadlines {
  at(deadlineNs: number, fire: () => void): DeadlineHandle;
  cancel(handle: DeadlineHandle): void;
  /** Forgets what is pending and frees the alarm thread. */
  close(): Promise<void>;
}

/** What wakes the loop: told when, it calls `wake` at or after that moment. */
export interface Waker {
  /** A shorter wait than this is spun, since waking up takes longer; 0 where nothing needs to be. */
  readonly spinBelowNs: number;
  /** `Infinity` means: nothing to wait for. */
  arm(deadlineNs: number): void;
  close(): Promise<void>;
}

/**
 * The loop is given back after this much firing and spinning, however much is due: deadlines that
 * are close together (20,000 a second) would else keep it from ever reading a socket.
 */
const WAKE_MAX_NS = 250_000;
/** What the alarm thread needs to wake the loop, and some more. */
const ALARM_WAKES_WITHIN_NS = 100_000;
/** The alarm is set this much ahead, since waking up takes as long at least. */
const AHEAD_NS = 60_000;
const TIMER_MS_MAX = 2 ** 31 - 1;

interface Entry extends DeadlineHandle {
  readonly order: number;
}

const before = (a: Entry, b: Entry): boolean =>
  a.deadlineNs < b.deadlineNs || (a.deadlineNs === b.deadlineNs && a.order < b.order);

/** A binary heap of deadlines over any waker. */
export class DeadlineQueue implements Deadlines {
  readonly #heap: Entry[] = [];
  readonly #clock: Clock;
  readonly #waker: Waker;
  #orders = 0;
  #armedNs = Number.POSITIVE_INFINITY;
  #firing = false;

  constructor(clock: Clock, makeWaker: (wake: () => void) => Waker) {
    this.#clock = clock;
    this.#waker = makeWaker(() => this.#wake());
  }

  at(deadlineNs: number, fire: () => void): DeadlineHandle {
    const entry: Entry = { deadlineNs, fire, order: this.#orders++ };
    this.#push(entry);
    if (!this.#firing) this.#arm();
    return entry;
  }

  cancel(handle: DeadlineHandle): void {
    // The empty entry is dropped when its turn comes.
    handle.fire = null;
  }

  async close(): Promise<void> {
    this.#heap.length = 0;
    await this.#waker.close();
  }

  #wake(): void {
    this.#armedNs = Number.POSITIVE_INFINITY;
    this.#firing = true;
    const giveBackNs = this.#clock.nowNs() + WAKE_MAX_NS;
    try {
      for (let next = this.#heap[0]; next !== undefined; next = this.#heap[0]) {
        if (next.fire === null) {
          this.#pop();
          continue;
        }
        const nowNs = this.#clock.nowNs();
        const leftNs = next.deadlineNs - nowNs;
        if (leftNs > this.#waker.spinBelowNs || nowNs > giveBackNs) break;
        if (leftNs > 0) continue;
        const { fire } = next;
        next.fire = null;
        this.#pop();
        fire();
      }
    } finally {
      this.#firing = false;
      this.#arm();
    }
  }

  #arm(): void {
    const nextNs = this.#heap[0]?.deadlineNs ?? Number.POSITIVE_INFINITY;
    if (nextNs >= this.#armedNs) return;
    this.#armedNs = nextNs;
    this.#waker.arm(nextNs);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

/**
 * Deadlines that are kept by an alarm thread blocked in `Atomics.wait`: it wakes the loop within
 * about 0.1–0.3 ms at a few per cent of a core, where `setTimeout` is off by up to 1 ms either way
 * and a spinning loop takes the whole core.
 */
export async function createDeadlines(clock: MonotonicClock): Promise<Deadlines> {
  const shared: AlarmShared = {
    state: new Int32Array(new SharedArrayBuffer(8)),
    deadline: new Float64Array(new SharedArrayBuffer(8)).fill(Number.POSITIVE_INFINITY),
    originNs: clock.originNs,
  };
  const thread = new Worker(threadUrl("alarm-thread", import.meta.url), { workerData: shared });
  await once(thread, "online");
  return new DeadlineQueue(clock, (wake) => {
    thread.on("message", wake);
    // A busy host may hold the alarm thread back while the loop could run: whichever is first.
    let backstop: NodeJS.Timeout | undefined;
    const raise = (): void => {
      Atomics.add(shared.state, 0, 1);
      Atomics.notify(shared.state, 0);
    };
    return {
      spinBelowNs: ALARM_WAKES_WITHIN_NS,
      arm(deadlineNs) {
        shared.deadline[0] = deadlineNs - AHEAD_NS;
        raise();
        clearTimeout(backstop);
        if (deadlineNs === Number.POSITIVE_INFINITY) return;
        const leftMs = Math.floor((deadlineNs - clock.nowNs()) / 1e6);
        backstop = setTimeout(wake, Math.min(Math.max(leftMs, 0), TIMER_MS_MAX));
      },
      async close() {
        clearTimeout(backstop);
        const gone = once(thread, "exit");
        Atomics.store(shared.state, 1, 1);
        raise();
        await gone;
      },
    };
  });
}
