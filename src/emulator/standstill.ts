import { type Clock, NS_PER_MS } from "../core/index.ts";

/** Less is what a busy machine does to a timer. */
const LEAST_NS = 250 * NS_PER_MS;

/**
 * How long this thread did not do anything: what is asked meanwhile seems to come when it wakes, so that
 * no answer looks late. To be looked at every period.
 */
export class Standstill {
  readonly #clock: Pick<Clock, "nowNs">;
  readonly #periodNs: number;
  #lastNs: number | null = null;
  #sumNs = 0;

  constructor(clock: Pick<Clock, "nowNs">, periodMs: number) {
    this.#clock = clock;
    this.#periodNs = periodMs * NS_PER_MS;
  }

  /** Counts from now on. */
  begin(): void {
    this.#lastNs = this.#clock.nowNs();
  }

  /** The sum until now, in ms. */
  look(): number {
    if (this.#lastNs !== null) {
      const nowNs = this.#clock.nowNs();
      const stoodNs = nowNs - this.#lastNs - this.#periodNs;
      this.#lastNs = nowNs;
      if (stoodNs >= LEAST_NS) this.#sumNs += stoodNs;
    }
    return Math.round(this.#sumNs / NS_PER_MS);
  }
}
