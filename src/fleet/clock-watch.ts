import {
  type AskTime,
  type ClockOffset,
  localUs,
  measureOffset,
  movedApartUs,
} from "./clock-offset.ts";

/** How soon this machine's own clock is looked at again, in µs. */
const LOOK_US = 2_000_000;

/** How wrong a worker's clock may have been, and how far it has moved, in µs. */
export interface WorkerClock {
  readonly worker: string;
  readonly clockErrorUs: number;
  readonly movedUs: number;
}

interface Watched {
  readonly then: ClockOffset;
  movedUs: number;
}

/** Watches the clocks of a run's workers, and this machine's own, against Redis'. */
export class ClockWatch {
  readonly #ask: AskTime;
  readonly #before: ReadonlyMap<string, WorkerClock>;
  readonly #workers = new Map<string, Watched>();
  #then: ClockOffset = { offsetUs: 0, errorUs: 0 };
  #now: ClockOffset = this.#then;
  #lookedUs = 0;

  /** `before`: what whoever led before has seen. */
  constructor(ask: AskTime, before: readonly WorkerClock[] = []) {
    this.#ask = ask;
    this.#before = new Map(before.map((clock) => [clock.worker, clock]));
  }

  /** Measures this machine's clock, just before traffic begins. */
  async begin(): Promise<ClockOffset> {
    this.#then = await measureOffset(this.#ask);
    this.#now = this.#then;
    return this.#then;
  }

  /** Measures it again, now and then. */
  async look(): Promise<void> {
    if (localUs() - this.#lookedUs < LOOK_US) return;
    this.#lookedUs = localUs();
    this.#now = await measureOffset(this.#ask);
  }

  /** A moment of Redis' clock on this machine's. */
  toLocalUs(redisUs: number): number {
    return redisUs - this.#then.offsetUs;
  }

  /** What a worker's clock was at its first start. */
  begun(worker: string, clock: ClockOffset): void {
    const known = this.#workers.get(worker);
    // Of several shards the worst counts.
    if (known !== undefined && known.then.errorUs >= clock.errorUs) return;
    this.#workers.set(worker, { then: clock, movedUs: known?.movedUs ?? 0 });
  }

  /** What it is now. */
  now(worker: string, clock: ClockOffset): void {
    const known = this.#workers.get(worker);
    if (known === undefined) {
      // It began when somebody else led.
      if (this.#before.has(worker)) this.begun(worker, clock);
      return;
    }
    const own = { then: this.#then, now: this.#now };
    known.movedUs = Math.max(known.movedUs, movedApartUs({ then: known.then, now: clock }, own));
  }

  of(worker: string): Omit<WorkerClock, "worker"> {
    const { clockErrorUs = 0, movedUs = 0 } = this.#before.get(worker) ?? {};
    const known = this.#workers.get(worker);
    if (known === undefined) return { clockErrorUs, movedUs };
    return {
      clockErrorUs: Math.max(clockErrorUs, known.then.errorUs + this.#then.errorUs),
      movedUs: Math.max(movedUs, known.movedUs),
    };
  }

  /** The same, of all that were heard of. */
  get all(): readonly WorkerClock[] {
    const heard = new Set([...this.#before.keys(), ...this.#workers.keys()]);
    return [...heard].map((worker) => ({ worker, ...this.of(worker) }));
  }
}
