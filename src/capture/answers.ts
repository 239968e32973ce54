/** What completes a request: production's status, and when its last byte went out. */
interface Answer {
  readonly status: number | undefined;
  readonly endNs: bigint;
}

/** A request that waits for its answer. */
export interface Asked {
  readonly arrivalNs: bigint;
  status?: number | undefined;
  serviceTimeUs?: number | undefined;
}

function complete(asked: Asked, { status, endNs }: Answer): void {
  if (status !== undefined) asked.status = status;
  const tookNs = endNs - asked.arrivalNs;
  if (tookNs >= 0n) asked.serviceTimeUs = Number(tookNs) / 1_000;
}

/**
 * Pairs the requests and answers of one file by id, whichever comes first; where an id occurs
 * again, the first with the first.
 */
export class AnswerPairs {
  readonly #asked = new Map<string, Asked[]>();
  readonly #answers = new Map<string, Answer[]>();

  ask(id: string, asked: Asked): void {
    const waiting = this.#answers.get(id);
    const answer = waiting?.shift();
    if (waiting?.length === 0) this.#answers.delete(id);
    if (answer !== undefined) complete(asked, answer);
    else this.#asked.set(id, [...(this.#asked.get(id) ?? []), asked]);
  }

  answer(id: string, answer: Answer): void {
    const waiting = this.#asked.get(id);
    const asked = waiting?.shift();
    if (waiting?.length === 0) this.#asked.delete(id);
    if (asked !== undefined) complete(asked, answer);
    else this.#answers.set(id, [...(this.#answers.get(id) ?? []), answer]);
  }

  /** Answers whose request is not there. */
  get orphanCount(): number {
    return [...this.#answers.values()].reduce((sum, list) => sum + list.length, 0);
  }
}
