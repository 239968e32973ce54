import { type Clock, type DeadlineHandle, type Deadlines, NS_PER_US } from "../../core/index.ts";
import type { CapacityTicket, Work } from "./capacity.ts";
import type { CapacitySpec } from "./index.ts";

interface Job {
  readonly work: Work;
  /** Each job's share of work, `#shareNs`, when this one is done. */
  readonly endShareNs: number;
  left: boolean;
}

/**
 * Servers shared evenly by all that are in: with n of them and c servers, each is worked on at the
 * rate min(1, c / n). Everybody has had the same share of work since any moment at which they were
 * all there, so one running total says who is done next.
 * Source: L. Kleinrock, "Time-shared systems: a theoretical treatment", J. ACM 14 (1967).
 */
export class Sharing {
  readonly #spec: CapacitySpec;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  /** The next to be done first. */
  readonly #jobs: Job[] = [];
  /** How much work each that has been in since the beginning has had, as of `#asOfNs`. */
  #shareNs = 0;
  #asOfNs = Number.NEGATIVE_INFINITY;
  #due: DeadlineHandle | null = null;

  constructor(spec: CapacitySpec, { clock, deadlines }: { clock: Clock; deadlines: Deadlines }) {
    this.#spec = spec;
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  get serving(): number {
    return this.#jobs.length;
  }

  get waiting(): number {
    return 0;
  }

  enter(work: Work): CapacityTicket | null {
    const { queue, servers } = this.#spec;
    this.#advance(work.arriveNs);
    if (this.#jobs.length >= servers + queue) return null;
    const endShareNs = this.#shareNs + work.serviceUs * NS_PER_US;
    const job: Job = { work, endShareNs, left: false };
    this.#jobs.splice(this.#placeOf(endShareNs), 0, job);
    this.#arm();
    return { leave: () => this.#leave(job) };
  }

  close(): void {
    this.#jobs.length = 0;
    this.#arm();
  }

  get #rate(): number {
    return Math.min(1, this.#spec.servers / this.#jobs.length);
  }

  /** After all that end no later: equals are done in the order in which they came. */
  #placeOf(endShareNs: number): number {
    let [low, high] = [0, this.#jobs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#jobs[middle]!.endShareNs <= endShareNs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Ends what is done by then, each at its own moment, and moves on to it. */
  #advance(toNs: number): void {
    if (this.#asOfNs === Number.NEGATIVE_INFINITY || this.#jobs.length === 0) {
      this.#asOfNs = Math.max(this.#asOfNs, toNs);
    }
    for (let next = this.#jobs[0]; next !== undefined; next = this.#jobs[0]) {
      const doneNs = this.#asOfNs + (next.endShareNs - this.#shareNs) / this.#rate;
      if (doneNs > toNs) break;
      this.#shareNs = next.endShareNs;
      this.#asOfNs = Math.max(doneNs, this.#asOfNs);
      this.#jobs.shift();
      if (!next.left) next.work.done(doneNs, 0);
    }
    if (toNs <= this.#asOfNs) return;
    if (this.#jobs.length > 0) this.#shareNs += (toNs - this.#asOfNs) * this.#rate;
    this.#asOfNs = toNs;
  }

  #arm(): void {
    if (this.#due !== null) this.#deadlines.cancel(this.#due);
    const [next] = this.#jobs;
    if (next === undefined) {
      this.#due = null;
      return;
    }
    const doneNs = this.#asOfNs + (next.endShareNs - this.#shareNs) / this.#rate;
    this.#due = this.#deadlines.at(doneNs, () => {
      this.#due = null;
      this.#advance(doneNs);
      this.#arm();
    });
  }

  #leave(job: Job): void {
    if (job.left) return;
    job.left = true;
    if (this.#spec.abandoned === "keep") return;
    this.#advance(this.#clock.nowNs());
    const at = this.#jobs.indexOf(job);
    if (at >= 0) this.#jobs.splice(at, 1);
    this.#arm();
  }
}
