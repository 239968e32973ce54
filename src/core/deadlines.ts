import type { Clock, MonotonicClock } from "./clock.ts";
import { type MakeWaker, spinWaker, startAlarm, timerWaker, type Waker } from "./wakers.ts";

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

/**
 * The loop is given back after this much firing, however much is due: deadlines that are close
 * together (20,000 a second) would else keep it from ever reading a socket.
 */
const WAKE_MAX_NS = 250_000;

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

  constructor(clock: Clock, makeWaker: MakeWaker) {
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
        if (next.deadlineNs > nowNs || nowNs > giveBackNs) break;
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

/** How the loop is woken in time; see the wakers. */
export const PACINGS = ["spin", "alarm", "timer"] as const;
export type Pacing = (typeof PACINGS)[number];

/** Deadlines on the machine's clock, kept in the given way: by an alarm thread unless told. */
export async function createDeadlines(
  clock: MonotonicClock,
  pacing: Pacing = "alarm",
): Promise<Deadlines> {
  switch (pacing) {
    case "spin":
      return new DeadlineQueue(clock, (wake) => spinWaker(clock, wake));
    case "timer":
      return new DeadlineQueue(clock, (wake) => timerWaker(clock, wake));
    case "alarm":
      return new DeadlineQueue(clock, await startAlarm(clock));
  }
}
