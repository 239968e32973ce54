import { NS_PER_S } from "../../core/index.ts";
import type { ErrorKind, Observation } from "../../measure/index.ts";

/** Nothing but these, so often and for so long: the target is gone. One that resets is there. */
const NO_CONNECTION: ReadonlySet<ErrorKind> = new Set(["refused", "connect"]);
const GONE_NS = 3 * NS_PER_S;
const GONE_TRIES = 3;

/** Notices an arm that takes no connections any more: one that was not spawned has no process to watch. */
export class GoneWatch {
  readonly #since: (number | null)[];
  readonly #tries: number[];
  readonly #onGone: (arm: number, forNs: number) => void;

  constructor(arms: number, onGone: (arm: number, forNs: number) => void) {
    this.#since = Array.from({ length: arms }, () => null);
    this.#tries = Array.from({ length: arms }, () => 0);
    this.#onGone = onGone;
  }

  see(observation: Observation): void {
    if (observation.kind === "dropped") return;
    const { arm, endNs } = observation;
    if (observation.kind === "response" || !NO_CONNECTION.has(observation.error)) {
      this.#since[arm] = null;
      this.#tries[arm] = 0;
      return;
    }
    const since = (this.#since[arm] ??= endNs);
    const tries = ++this.#tries[arm]!;
    if (tries >= GONE_TRIES && endNs - since >= GONE_NS) this.#onGone(arm, GONE_NS);
  }
}
