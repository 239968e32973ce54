import type { Asked } from "./decision.ts";
import type { CallFault, CallOutcome, EmulatedCall } from "../measure/index.ts";

/** One call, as a person who tries a service by hand wants to read it. */
export interface JournalEntry {
  /** Since the emulator's origin. */
  readonly arriveNs: number;
  readonly dependency: string;
  readonly arm: string;
  readonly method: string;
  readonly path: string;
  /** 0 when no status was sent. */
  readonly status: number;
  readonly outcome: CallOutcome;
  readonly fault: CallFault;
  readonly attempt: number;
  readonly early: boolean;
  readonly meantDelayUs: number;
  readonly givenDelayUs: number;
  readonly tookUs: number;
  /** What went wrong in making its answer; null: nothing. */
  readonly note: string | null;
}

/** The last calls, in the order in which they ended; older ones are forgotten. */
export class Journal {
  readonly #max: number;
  #entries: JournalEntry[] = [];
  #next = 0;

  /** `max`: how many calls are remembered; 0: none. */
  constructor(max: number) {
    this.#max = max;
  }

  add(names: { dependency: string; arm: string }, asked: Asked, call: EmulatedCall): void {
    if (this.#max === 0) return;
    const { arriveNs, attempt, early, endNs, fault, givenDelayUs, meantDelayUs, outcome, status } =
      call;
    this.#entries[this.#next] = {
      arriveNs,
      ...names,
      method: asked.method,
      path: asked.path,
      status,
      outcome,
      fault,
      attempt,
      early,
      meantDelayUs,
      givenDelayUs,
      tookUs: (endNs - arriveNs) / 1e3,
      note: asked.note ?? null,
    };
    this.#next = (this.#next + 1) % this.#max;
  }

  /** The oldest first. */
  list(): readonly JournalEntry[] {
    return [...this.#entries.slice(this.#next), ...this.#entries.slice(0, this.#next)];
  }

  clear(): void {
    this.#entries = [];
    this.#next = 0;
  }
}
