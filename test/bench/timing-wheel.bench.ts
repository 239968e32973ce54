/*
 * What keeping deadlines costs: the binary heap of `core/deadlines.ts` beside a hierarchical timing
 * wheel (Varghese and Lauck, 1987) and beside setTimeout, in nanoseconds of one deadline's life.
 *
 *     node test/bench/timing-wheel.bench.ts [lives per figure]
 *
 * Heap and wheel run on a clock of the benchmark's own, both in order and to the microsecond: the
 * wheel sorts each slot when its turn comes. setTimeout has the machine's clock: its figure is the
 * processor's time, and it is off by up to a millisecond.
 */
import { type DeadlineHandle, type Deadlines, seededPrng } from "../../src/core/index.ts";
import { DeadlineQueue } from "../../src/core/deadlines.ts";

const LIVES = Number(process.argv[2] ?? 300_000);
const RATE_PER_SEC = 10_000;
const ROUNDS = 5;
const SLOT_NS = 100_000;
const SLOTS = 256;
const LEVELS = 4;

/** A place in a slot's ring; the slot itself is the ring's head. */
interface Place {
  previous: Place;
  next: Place;
}

interface Timer extends DeadlineHandle, Place {
  readonly order: number;
  /** Null: its slot's turn has come. */
  level: number | null;
}

function ring(): Place {
  const head = {} as Place;
  head.previous = head;
  head.next = head;
  return head;
}

/** 100 µs slots, 256 to a level, four levels: 119 hours ahead. */
class TimingWheel implements Pick<Deadlines, "at" | "cancel"> {
  readonly #slots = Array.from({ length: LEVELS * SLOTS }, ring);
  readonly #counts = new Uint32Array(LEVELS);
  /** Of the slots whose turn has come, in order, the next one last. */
  readonly #due: Timer[] = [];
  #tick = 0;
  #orders = 0;

  at(deadlineNs: number, fire: () => void): DeadlineHandle {
    const order = this.#orders++;
    const timer = { deadlineNs, fire, order, level: null, previous: null!, next: null! } as Timer;
    this.#place(timer);
    return timer;
  }

  cancel(handle: DeadlineHandle): void {
    handle.fire = null;
    const timer = handle as Timer;
    if (timer.level === null) return;
    timer.previous.next = timer.next;
    timer.next.previous = timer.previous;
    this.#counts[timer.level]!--;
    timer.level = null;
  }

  /** Fires the next deadline and returns when it was due; none: Infinity. */
  step(): number {
    for (;;) {
      const timer = this.#due.pop();
      if (timer === undefined) {
        if (!this.#turn()) return Infinity;
      } else if (timer.fire !== null) {
        const { fire } = timer;
        timer.fire = null;
        fire();
        return timer.deadlineNs;
      }
    }
  }

  #place(timer: Timer): void {
    const tick = Math.floor(timer.deadlineNs / SLOT_NS);
    const ahead = tick - this.#tick;
    if (ahead <= 0) {
      this.#insertDue(timer);
      return;
    }
    let level = 0;
    let width = 1;
    while (level < LEVELS - 1 && ahead >= width * SLOTS) {
      level++;
      width *= SLOTS;
    }
    const slot = this.#slots[level * SLOTS + (Math.floor(tick / width) % SLOTS)]!;
    timer.level = level;
    timer.previous = slot.previous;
    timer.next = slot;
    slot.previous.next = timer;
    slot.previous = timer;
    this.#counts[level]!++;
  }

  /** Into the slot whose turn it is: a few deadlines, kept sorted. */
  #insertDue(timer: Timer): void {
    const due = this.#due;
    let at = due.length;
    while (at > 0 && isBefore(due[at - 1]!, timer)) at--;
    due.splice(at, 0, timer);
  }

  /** Empties a slot. */
  #take(level: number, index: number, take: (timer: Timer) => void): void {
    const slot = this.#slots[level * SLOTS + index]!;
    let each = slot.next;
    slot.previous = slot;
    slot.next = slot;
    while (each !== slot) {
      const timer = each as Timer;
      each = each.next;
      this.#counts[level]!--;
      timer.level = null;
      take(timer);
    }
  }

  readonly #replace = (timer: Timer): void => this.#place(timer);
  readonly #makeDue = (timer: Timer): void => void this.#due.push(timer);

  /** On to the next slot with something in it; false: there is none. */
  #turn(): boolean {
    const counts = this.#counts;
    while (this.#due.length === 0) {
      if (counts[0] === 0 && counts[1] === 0 && counts[2] === 0 && counts[3] === 0) return false;
      this.#tick += counts[0] === 0 ? SLOTS - (this.#tick % SLOTS) : 1;
      let width = SLOTS;
      for (let level = 1; level < LEVELS && this.#tick % width === 0; level++) {
        this.#take(level, Math.floor(this.#tick / width) % SLOTS, this.#replace);
        width *= SLOTS;
      }
      this.#take(0, this.#tick % SLOTS, this.#makeDue);
      if (this.#due.length > 1) {
        this.#due.sort((a, b) => b.deadlineNs - a.deadlineNs || b.order - a.order);
      }
    }
    return true;
  }
}

const isBefore = (a: Timer, b: Timer): boolean =>
  a.deadlineNs < b.deadlineNs || (a.deadlineNs === b.deadlineNs && a.order < b.order);

/** A store of deadlines with a hand that goes from one to the next. */
interface Store extends Pick<Deadlines, "at" | "cancel"> {
  /** Fires the next deadline; returns when it was due. */
  step(): number;
}

function heap(): Store {
  let nowNs = 0;
  let armedNs = Infinity;
  let wake: () => void = () => {};
  const clock = { nowNs: () => nowNs, sleepUntilNs: async () => {} };
  const queue = new DeadlineQueue(clock, (wakeUp) => {
    wake = wakeUp;
    return { arm: (atNs) => void (armedNs = atNs), close: async () => {} };
  });
  return {
    at: (deadlineNs, fire) => queue.at(deadlineNs, fire),
    cancel: (handle) => queue.cancel(handle),
    step() {
      nowNs = armedNs;
      wake();
      return nowNs;
    },
  };
}

const gaps = (meanNs: number): (() => number) => {
  const prng = seededPrng("timing wheel");
  const drawn = Float64Array.from({ length: 65_536 }, () => -Math.log(1 - prng()) * meanNs);
  let next = 0;
  return () => drawn[next++ & 65_535]!;
};

/** So many are always pending; each that expires is followed by another. In ns for each. */
function expiring(make: () => Store, pending: number): number {
  const gap = gaps((pending / RATE_PER_SEC) * 1e9);
  const store = make();
  let nowNs = 0;
  let fired = 0;
  const fire = (): void => void fired++;
  for (let i = 0; i < pending; i++) store.at(gap(), fire);
  const began = process.hrtime.bigint();
  while (fired < LIVES) {
    nowNs = store.step();
    store.at(nowNs + gap(), fire);
  }
  return Number(process.hrtime.bigint() - began) / fired;
}

/** As timeouts are: each is cancelled half-way, when its call has its answer. In ns for each. */
function cancelling(make: () => Store, pending: number): number {
  const store = make();
  const periodNs = 1e9 / RATE_PER_SEC;
  const timeoutNs = 2 * pending * periodNs;
  const handles: DeadlineHandle[] = Array.from({ length: pending });
  // A beat at the rate at which calls come moves the clock, in both stores alike.
  let nowNs = 0;
  const beat = (): void => void store.at((nowNs += periodNs), () => {});
  const live = (i: number): void => {
    const place = i % pending;
    if (handles[place] !== undefined) store.cancel(handles[place]);
    handles[place] = store.at(nowNs + timeoutNs, () => {});
    beat();
    store.step();
  };
  for (let i = 0; i < 3 * pending; i++) live(i);
  const began = process.hrtime.bigint();
  for (let i = 0; i < LIVES; i++) live(i);
  return Number(process.hrtime.bigint() - began) / LIVES;
}

const cpuNs = (since: NodeJS.CpuUsage): number => {
  const { system, user } = process.cpuUsage(since);
  return (system + user) * 1e3;
};

/** So many timers within a tenth of a second, as often as makes up the lives. */
async function timersExpiring(pending: number): Promise<number> {
  const gap = gaps(30);
  const batches = Math.ceil(LIVES / 5 / pending);
  const since = process.cpuUsage();
  for (let batch = 0; batch < batches; batch++) {
    await new Promise<void>((resolve) => {
      let left = pending;
      const fire = (): void => void (--left === 0 && resolve());
      for (let i = 0; i < pending; i++) setTimeout(fire, Math.min(gap(), 100));
    });
  }
  return cpuNs(since) / (batches * pending);
}

function timersCancelling(pending: number): number {
  const handles: (NodeJS.Timeout | undefined)[] = Array.from({ length: pending });
  const since = process.cpuUsage();
  for (let i = 0; i < LIVES; i++) {
    clearTimeout(handles[i % pending]);
    handles[i % pending] = setTimeout(() => {}, 60_000);
  }
  const ns = cpuNs(since) / LIVES;
  for (const handle of handles) clearTimeout(handle);
  return ns;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1]!;

function tell(mix: string, pending: number, figures: Readonly<Record<string, number>>): void {
  const { heap: heapNs = Number.NaN } = figures;
  const told = Object.entries(figures).map(
    ([name, ns]) => `${name} ${ns.toFixed(0)} ns (${(ns / heapNs).toFixed(2)})`,
  );
  console.log(`${mix} ${String(pending).padStart(7)} pending: ${told.join(", ")}`);
}

const wheel = (): Store => new TimingWheel();
console.log("a deadline's life, and its ratio to the heap's; medians of rounds, taken in turn");
for (const pending of [1_000, 10_000, 100_000]) {
  for (const [mix, play] of [
    ["set, expire", expiring],
    ["set, cancel", cancelling],
  ] as const) {
    const rounds = Array.from({ length: ROUNDS }, () => [
      play(heap, pending),
      play(wheel, pending),
    ]);
    const timers =
      mix === "set, expire" ? await timersExpiring(pending) : timersCancelling(pending);
    const [heapNs, wheelNs] = [0, 1].map((which) => median(rounds.map((each) => each[which]!)));
    tell(mix, pending, { heap: heapNs!, wheel: wheelNs!, setTimeout: timers });
  }
}
