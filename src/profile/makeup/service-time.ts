import type { Makeup } from "./schema.ts";
import { Quantiles } from "./quantiles.ts";

/** The steps in which service times are captured: nanoseconds, then tens of microseconds on. */
const STEPS_US: readonly number[] = [1e6, 1e5, 1e4, 1e3, 100, 10, 1];
/** Less than a microsecond. */
const STEP_FINEST_US = 0.001;

/** Finds the longest step of which all times are multiples. Times of 0 tell nothing. */
export class TimeStep {
  #rung = 0;
  #seen = false;

  add(timeUs: number): void {
    if (timeUs === 0) return;
    this.#seen = true;
    while (this.#rung < STEPS_US.length && timeUs % STEPS_US[this.#rung]! !== 0) this.#rung++;
  }

  /** Null when nothing was told. */
  get stepUs(): number | null {
    return this.#seen ? (STEPS_US[this.#rung] ?? STEP_FINEST_US) : null;
  }
}

/** Service times of all records, and how finely they were captured. */
export class ServiceTimes {
  readonly quantiles = new Quantiles();
  readonly #step = new TimeStep();

  add(serviceTimeUs: number | undefined): void {
    if (serviceTimeUs === undefined) return;
    this.quantiles.record(serviceTimeUs);
    this.#step.add(serviceTimeUs);
  }

  figures(): Pick<Makeup, "serviceTimeUs" | "serviceTimeStepUs"> {
    return { serviceTimeUs: this.quantiles.summary(), serviceTimeStepUs: this.#step.stepUs };
  }
}
