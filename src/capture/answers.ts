/** What completes a request: production's status, and when its last byte went out. */
interface Answer {
  readonly status: number | undefined;
  readonly endNs: bigint;
  readonly responseBytes?: number | undefined;
}

/** A request that waits for its answer. */
export interface Asked {
  readonly arrivalNs: bigint;
  /** What it takes in memory, roughly. */
  readonly bytes: number;
  /** Takes the answer, before it is let go. */
  complete(answer: {
    readonly status: number | undefined;
    readonly serviceTimeUs: number | undefined;
    readonly responseBytes: number | undefined;
  }): void;
  /** Called once: the answer has come, or is awaited no more. */
  settle(): void;
}

const WAITING_MAX = 2 ** 16;
const WAITING_MAX_BYTES = 64 * 2 ** 20;

function complete(asked: Asked, { endNs, responseBytes, status }: Answer): void {
  const tookNs = endNs - asked.arrivalNs;
  const serviceTimeUs = tookNs >= 0n ? Number(tookNs) / 1_000 : undefined;
  asked.complete({ status, serviceTimeUs, responseBytes });
  asked.settle();
}

/** Things under ids, in the order in which they came. */
class Waiting<T> {
  readonly #byId = new Map<string, T[]>();
  /** Goes on where it stood: from the beginning, it would step over all that is gone each time. */
  #ids = this.#byId.keys();
  #oldest: string | undefined;
  count = 0;

  add(id: string, thing: T): void {
    const list = this.#byId.get(id);
    if (list === undefined) this.#byId.set(id, [thing]);
    else list.push(thing);
    this.count++;
  }

  /** Takes the first of this id. */
  take(id: string): T | undefined {
    const list = this.#byId.get(id);
    const thing = list?.shift();
    if (list?.length === 0) this.#byId.delete(id);
    if (thing !== undefined) this.count--;
    return thing;
  }

  /** Takes the first of the id that waits longest. */
  takeOldest(): T | undefined {
    if (this.#oldest === undefined || !this.#byId.has(this.#oldest)) this.#oldest = this.#nextId();
    return this.#oldest === undefined ? undefined : this.take(this.#oldest);
  }

  #nextId(): string | undefined {
    const next = this.#ids.next();
    if (next.done !== true) return next.value;
    this.#ids = this.#byId.keys();
    return this.#ids.next().value;
  }
}

/**
 * Pairs the requests and answers of one file by id, whichever comes first; where an id occurs
 * again, the first with the first. At most 65,536 requests (or 64 MB of them) and as many answers
 * wait at a time: then who waits longest is awaited no more.
 */
export class AnswerPairs {
  readonly #asked = new Waiting<Asked>();
  readonly #answers = new Waiting<Answer>();
  #askedBytes = 0;
  #forgotten = 0;

  ask(id: string, asked: Asked): void {
    const answer = this.#answers.take(id);
    if (answer !== undefined) {
      complete(asked, answer);
      return;
    }
    this.#asked.add(id, asked);
    this.#askedBytes += asked.bytes;
    while (this.#asked.count > WAITING_MAX || this.#askedBytes > WAITING_MAX_BYTES) {
      this.#letGo(this.#asked.takeOldest())?.settle();
    }
  }

  answer(id: string, answer: Answer): void {
    const asked = this.#letGo(this.#asked.take(id));
    if (asked !== undefined) {
      complete(asked, answer);
      return;
    }
    this.#answers.add(id, answer);
    if (this.#answers.count <= WAITING_MAX) return;
    this.#answers.takeOldest();
    this.#forgotten++;
  }

  /** No answer will come any more. */
  end(): void {
    while (this.#asked.count > 0) this.#letGo(this.#asked.takeOldest())?.settle();
  }

  /** Answers whose request is not there. */
  get orphanCount(): number {
    return this.#forgotten + this.#answers.count;
  }

  #letGo(asked: Asked | undefined): Asked | undefined {
    this.#askedBytes -= asked?.bytes ?? 0;
    return asked;
  }
}
