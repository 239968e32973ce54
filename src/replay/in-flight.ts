import type { Clock, DeadlineHandle, Deadlines } from "../core/index.ts";
import type { ErrorKind } from "../measure/index.ts";

interface Waiting {
  readonly giveUpNs: number;
  giveUp: ((why: ErrorKind) => void) | null;
}

const COMPACT_FROM = 1_024;

/**
 * The requests of one arm that have not ended. All have the same timeout, so they run out in the
 * order in which they were sent: one deadline, for the oldest, is enough.
 */
export class InFlight {
  count = 0;
  readonly #timeoutNs: number;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  // Those that have ended stay in their place until their time would have come. `#head` moves past
  // them: `shift` moves all that follow, which for 50,000 costs a quarter of a second.
  #queue: Waiting[] = [];
  #head = 0;
  #armed: DeadlineHandle | undefined;

  constructor(timeoutNs: number, clock: Clock, deadlines: Deadlines) {
    this.#timeoutNs = timeoutNs;
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  /** Counts one in; the handle is for `remove`. The timeout runs from the intended start. */
  add(intendedNs: number, giveUp: (why: ErrorKind) => void): Waiting {
    const entry: Waiting = { giveUpNs: intendedNs + this.#timeoutNs, giveUp };
    this.#queue.push(entry);
    this.count++;
    this.#arm();
    return entry;
  }

  remove(entry: Waiting): void {
    if (entry.giveUp === null) return;
    entry.giveUp = null;
    this.count--;
  }

  /** Gives up all that have not ended. */
  giveUpAll(why: ErrorKind): void {
    for (let entry = this.#oldest(); entry !== undefined; entry = this.#oldest()) {
      this.#dropOldest();
      entry.giveUp?.(why);
    }
  }

  #arm(): void {
    if (this.#armed !== undefined) return;
    const oldest = this.#oldest();
    if (oldest === undefined) return;
    this.#armed = this.#deadlines.at(oldest.giveUpNs, () => {
      this.#armed = undefined;
      this.#giveUpDue();
      this.#arm();
    });
  }

  #giveUpDue(): void {
    const nowNs = this.#clock.nowNs();
    for (let entry = this.#oldest(); entry !== undefined; entry = this.#oldest()) {
      if (entry.giveUpNs > nowNs) return;
      this.#dropOldest();
      entry.giveUp?.("timeout");
    }
  }

  /** The oldest that has not ended. */
  #oldest(): Waiting | undefined {
    while (this.#queue[this.#head]?.giveUp === null) this.#dropOldest();
    return this.#queue[this.#head];
  }

  #dropOldest(): void {
    this.#head++;
    if (this.#head < COMPACT_FROM || this.#head * 2 < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }
}
