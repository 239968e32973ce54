import { NS_PER_S } from "../../core/index.ts";
import type { ErrorKind, Observation } from "../../measure/index.ts";

/** Nothing but these for so long: the target is gone. */
const NO_CONNECTION: ReadonlySet<ErrorKind> = new Set(["refused", "reset", "connect"]);
const GONE_NS = 3 * NS_PER_S;

/** Notices an arm that takes no connections any more: one that was not spawned has no process to watch. */
export class GoneWatch {
  readonly #since: (number | null)[];
  readonly #onGone: (arm: number, forNs: number) => void;

  constructor(arms: number, onGone: (arm: number, forNs: number) => void) {
    this.#since = Array.from({ length: arms }, () => null);
    this.#onGone = onGone;
  }

  see(observation: Observation): void {
    if (observation.kind === "response") {
      this.#since[observation.arm] = null;
      return;
    }
    if (observation.kind === "dropped") return;
    const { arm, endNs, error } = observation;
    if (!NO_CONNECTION.has(error)) {
      this.#since[arm] = null;
      return;
    }
    const since = (this.#since[arm] ??= endNs);
    if (endNs - since >= GONE_NS) this.#onGone(arm, GONE_NS);
  }
}
