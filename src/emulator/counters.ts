/**
 * What is counted at each listener. Always: calls = good answers + errors + limited + rejected +
 * aborted + inFlight; `early` are calls made before the time their caller had been told to wait
 * for, whatever became of them; `connections` are those open now, `accepted` all that were; `timed`
 * are answers that were meant to come at a certain time, `late` those that did not (see `isLate`).
 */
const COUNTED = [
  "calls",
  "inFlight",
  "errors",
  "limited",
  "early",
  "rejected",
  "aborted",
  "connections",
  "accepted",
  "timed",
  "late",
] as const;
export type Counted = (typeof COUNTED)[number];

/** Dependency → arm → counts, as they are now. */
export type EmulatorSnapshot = Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<Counted, number>>>>>
>;

/**
 * Rows handed to the spool; rows known to be in the file; keys forgotten by `Ordinals`; calls that
 * asked for a limit that is shared; those of them that were decided without the others; how long the
 * thread stood still while there was traffic.
 */
const TOTALS = ["rows", "rowsKept", "evictions", "asked", "alone", "stoodStillMs"] as const;

/** One listener's counts. */
export interface ListenerCounters {
  get(name: Counted): number;
  add(name: Counted, change: 1 | -1): void;
  set(name: Counted, value: number): void;
}

/**
 * The emulator's live counts, in shared memory: written by the thread that serves, read by any
 * other at no cost, and still there when the serving thread has died.
 */
export class EmulatorCounters {
  readonly shared: Int32Array<SharedArrayBuffer>;
  readonly #arms: readonly string[];
  readonly #dependencies: readonly string[];

  constructor(
    arms: readonly string[],
    dependencies: readonly string[],
    shared?: Int32Array<SharedArrayBuffer>,
  ) {
    const slots = TOTALS.length + arms.length * dependencies.length * COUNTED.length;
    this.shared = shared ?? new Int32Array(new SharedArrayBuffer(4 * slots));
    this.#arms = arms;
    this.#dependencies = dependencies;
  }

  listener(dependency: number, arm: number): ListenerCounters {
    const base = TOTALS.length + (dependency * this.#arms.length + arm) * COUNTED.length;
    const { shared } = this;
    return {
      get: (name) => Atomics.load(shared, base + COUNTED.indexOf(name)),
      add: (name, change) => void Atomics.add(shared, base + COUNTED.indexOf(name), change),
      set: (name, value) => void Atomics.store(shared, base + COUNTED.indexOf(name), value),
    };
  }

  total(name: (typeof TOTALS)[number]): number {
    return Atomics.load(this.shared, TOTALS.indexOf(name));
  }

  addTotal(name: (typeof TOTALS)[number]): void {
    Atomics.add(this.shared, TOTALS.indexOf(name), 1);
  }

  /** What ends up in `EmulatorTotals` as it is. */
  told(): Readonly<Record<"calls" | "evictions" | "asked" | "alone" | "stoodStillMs", number>> {
    return {
      calls: this.calls(),
      evictions: this.total("evictions"),
      asked: this.total("asked"),
      alone: this.total("alone"),
      stoodStillMs: this.total("stoodStillMs"),
    };
  }

  setTotal(name: (typeof TOTALS)[number], value: number): void {
    Atomics.store(this.shared, TOTALS.indexOf(name), value);
  }

  snapshot(): EmulatorSnapshot {
    const perDependency = this.#dependencies.map((dependency, d) => {
      const perArm = this.#arms.map((arm, a) => {
        const counters = this.listener(d, a);
        const counts = COUNTED.map((name) => [name, counters.get(name)] as const);
        return [arm, Object.fromEntries(counts) as Record<Counted, number>] as const;
      });
      return [dependency, Object.fromEntries(perArm)] as const;
    });
    return Object.fromEntries(perDependency);
  }

  /** Calls at all listeners since the start. */
  calls(): number {
    const perListener = Object.values(this.snapshot()).flatMap((arms) => Object.values(arms));
    return perListener.reduce((sum, { calls }) => sum + calls, 0);
  }
}
