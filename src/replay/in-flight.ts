import type { Clock, DeadlineHandle, Deadlines } from "../core/index.ts";
import type { ErrorKind } from "../measure/index.ts";

interface Waiting {
  readonly giveUpNs: number;
  giveUp: ((why: ErrorKind) => void) | null;
}

/**
 * The requests of one arm that have not ended. All have the same timeout, so they run out in the
 * order in which they were sent: one deadline, for the oldest, is enough.
 */
export class InFlight {
  count = 0;
  readonly #timeoutNs: number;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  #queue: Waiting[] = [];
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
    const waiting = this.#queue;
    this.#queue = [];
    for (const entry of waiting) entry.giveUp?.(why);
  }

  #arm(): void {
    if (this.#armed !== undefined) return;
    while (this.#queue[0]?.giveUp === null) this.#queue.shift();
    const oldest = this.#queue[0];
    if (oldest === undefined) return;
    this.#armed = this.#deadlines.at(oldest.giveUpNs, () => {
      this.#armed = undefined;
      const nowNs = this.#clock.nowNs();
      for (let entry = this.#queue[0]; entry !== undefined; entry = this.#queue[0]) {
        if (entry.giveUp !== null && entry.giveUpNs > nowNs) break;
        this.#queue.shift();
        entry.giveUp?.("timeout");
      }
      this.#arm();
    });
  }
}
