import type { Clock, Deadlines } from "../../core/index.ts";
import { isFitted, unresolvedFit } from "../fitted.ts";
import type { CapacitySpec, WrittenCapacity } from "./index.ts";
import { Sharing } from "./sharing.ts";
import { Waiting } from "./waiting.ts";

/** One call's work. */
export interface Work {
  /** What it takes of one server alone, in microseconds. */
  readonly serviceUs: number;
  readonly arriveNs: number;
  /** Uniform in (0, 1): its place in a `random` queue. */
  readonly luck: number;
  /**
   * Called once when the work is done, with when it was meant to be (`doneNs`, at or before now)
   * and how long it had waited for a server (0 with processor sharing).
   */
  readonly done: (doneNs: number, queuedUs: number) => void;
}

/** A place in a dependency's capacity. */
export interface CapacityTicket {
  /** The caller has given up: `done` will not be called, whatever becomes of the work. */
  leave(): void;
}

/**
 * Plays one arm's servers. Times are the model's own: work that begins when other work ends begins
 * at that one's meant end, not when our timer fired, so that being late never adds up.
 */
export class Capacity {
  /** What becomes of a call for which there is no place. */
  readonly whenFull: CapacitySpec["whenFull"];
  readonly #queue: Waiting | Sharing;

  /** @throws SCENARIO_INVALID when it is an unresolved fit */
  constructor(spec: WrittenCapacity, time: { clock: Clock; deadlines: Deadlines }) {
    if (isFitted(spec)) throw unresolvedFit("a capacity");
    this.whenFull = spec.whenFull;
    this.#queue =
      spec.discipline === "processor-sharing" ? new Sharing(spec, time) : new Waiting(spec, time);
  }

  /** Null: there is no place. */
  enter(work: Work): CapacityTicket | null {
    return this.#queue.enter(work);
  }

  /** Calls being worked on, those left behind by callers that gave up included. */
  get serving(): number {
    return this.#queue.serving;
  }

  /** Calls that wait for a server. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  /** Forgets all work; nothing more is called. */
  close(): void {
    this.#queue.close();
  }
}
