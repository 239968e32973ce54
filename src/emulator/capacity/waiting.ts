import { type Clock, type DeadlineHandle, type Deadlines, NS_PER_US } from "../../core/index.ts";
import type { CapacityTicket, Work } from "./capacity.ts";
import type { CapacitySpec } from "./index.ts";

interface Job {
  readonly work: Work;
  left: boolean;
  due: DeadlineHandle | null;
}

/** So many servers, and a queue in front of them. */
export class Waiting {
  readonly #spec: CapacitySpec;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  /** Those taken from the front leave holes that are cut off now and then. */
  #queue: Job[] = [];
  #head = 0;
  /** With when each is meant to be done. */
  readonly #serving = new Map<Job, number>();

  constructor(spec: CapacitySpec, { clock, deadlines }: { clock: Clock; deadlines: Deadlines }) {
    this.#spec = spec;
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  get serving(): number {
    return this.#serving.size;
  }

  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  enter(work: Work): CapacityTicket | null {
    const { queue, servers } = this.#spec;
    // A call is not turned away because a timer of ours is late.
    if (this.serving >= servers && this.waiting >= queue) this.#endOverdue(work.arriveNs);
    const job: Job = { work, left: false, due: null };
    if (this.serving < servers) this.#begin(job, work.arriveNs);
    else if (this.waiting < queue) this.#join(job);
    else return null;
    return { leave: () => this.#leave(job) };
  }

  close(): void {
    for (const job of this.#serving.keys()) {
      job.left = true;
      if (job.due !== null) this.#deadlines.cancel(job.due);
    }
    this.#serving.clear();
    this.#queue = [];
    this.#head = 0;
  }

  #begin(job: Job, beginNs: number): void {
    const doneNs = beginNs + job.work.serviceUs * NS_PER_US;
    this.#serving.set(job, doneNs);
    job.due = this.#deadlines.at(doneNs, () => this.#end(job, doneNs));
  }

  #end(job: Job, doneNs: number): void {
    job.due = null;
    this.#serving.delete(job);
    this.#beginNext(doneNs);
    const { arriveNs, done, serviceUs } = job.work;
    // What is left of the stay when the work is taken off; a hair below 0 is rounding.
    const queuedUs = Math.max((doneNs - arriveNs) / NS_PER_US - serviceUs, 0);
    if (!job.left) done(doneNs, queuedUs);
  }

  #endOverdue(nowNs: number): void {
    const overdue = [...this.#serving].filter(([, doneNs]) => doneNs <= nowNs);
    for (const [job, doneNs] of overdue.toSorted(([, a], [, b]) => a - b)) {
      if (job.due !== null) this.#deadlines.cancel(job.due);
      this.#end(job, doneNs);
    }
  }

  /** A server is free as of `freeNs`. */
  #beginNext(freeNs: number): void {
    const next = this.#take();
    if (next !== undefined) this.#begin(next, Math.max(freeNs, next.work.arriveNs));
  }

  /** A `random` queue is kept shuffled, so that its last is any of those that wait. */
  #join(job: Job): void {
    const end = this.#queue.push(job) - 1;
    if (this.#spec.discipline !== "random") return;
    const at = this.#head + Math.floor(job.work.luck * this.waiting);
    this.#queue[end] = this.#queue[at]!;
    this.#queue[at] = job;
  }

  #take(): Job | undefined {
    if (this.waiting === 0) return undefined;
    if (this.#spec.discipline !== "fifo") return this.#queue.pop();
    const first = this.#queue[this.#head++]!;
    if (this.#head >= 1_024 && this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return first;
  }

  #leave(job: Job): void {
    if (job.left) return;
    job.left = true;
    if (this.#spec.abandoned === "keep") return;
    if (this.#serving.delete(job)) {
      if (job.due !== null) this.#deadlines.cancel(job.due);
      this.#beginNext(this.#clock.nowNs());
      return;
    }
    const at = this.#queue.indexOf(job, this.#head);
    if (at >= 0) this.#queue.splice(at, 1);
  }
}
