import { messageOf, ShakedownError } from "../core/index.ts";
import { workerKeys } from "./keys.ts";
import type { RunCall, WorkerCard } from "./messages.ts";
import type { Redis } from "./redis.ts";
import { callWorkers, releaseWorkers, takeWorkers, type Wanted } from "./roster.ts";

export interface CrewParts {
  readonly redis: Redis;
  readonly wanted: Wanted;
  /** @throws USAGE when these cannot do it */
  readonly check: (cards: readonly WorkerCard[]) => void;
  /** What who has a place is asked to do; `of`: how many there are. */
  readonly callOf: (place: number, of: number) => RunCall;
  /** One went away, and no other could come for it. */
  readonly onFailed: (error: ShakedownError) => void;
  /** Nobody is wanted any more. */
  readonly over: AbortSignal;
}

/** The workers of a run, each at its place. */
export class Crew {
  readonly #parts: CrewParts;
  #cards: readonly WorkerCard[] = [];
  #replacing = false;

  constructor(parts: CrewParts) {
    this.#parts = parts;
  }

  get cards(): readonly WorkerCard[] {
    return this.#cards;
  }

  /** @throws FLEET_UNREACHABLE when there are too few; USAGE; the signal's reason */
  async take(signal: AbortSignal): Promise<void> {
    const { check, redis, wanted } = this.#parts;
    this.#cards = await takeWorkers(redis, wanted, signal);
    check(this.#cards);
  }

  /** Asks all to come. */
  call(): Promise<void> {
    return this.#call(() => true);
  }

  /**
   * Before a run begins: another comes for each that is gone, or has left it, where `awaited` says that
   * somebody is still to. To be asked at every beat; does not wait until they have come.
   */
  async seeAbsence(awaited: (place: number) => boolean = () => true): Promise<void> {
    const { onFailed, redis, wanted } = this.#parts;
    if (this.#replacing) return;
    const left = await Promise.all(
      this.#cards.map(async ({ id }) => {
        const { card, takenBy } = workerKeys(id);
        const [there, by] = await Promise.all([redis.exists(card), redis.get(takenBy)]);
        return there === 0 || by !== wanted.runId;
      }),
    );
    const gone = this.#cards.filter((_, place) => left[place] && awaited(place));
    if (gone.length === 0 || this.#replacing) return;
    this.#replacing = true;
    this.#replace(gone).then(
      () => (this.#replacing = false),
      (thrown: unknown) => onFailed(wentAway(gone[0]!, thrown)),
    );
  }

  async #replace(gone: readonly WorkerCard[]): Promise<void> {
    const { check, over, redis, wanted } = this.#parts;
    await releaseWorkers(redis, gone, wanted.runId);
    const fresh = [...(await takeWorkers(redis, { ...wanted, count: gone.length }, over))];
    const came = new Set(fresh);
    this.#cards = this.#cards.map((card) => (gone.includes(card) ? fresh.pop()! : card));
    check(this.#cards);
    await this.#call((card) => came.has(card));
  }

  async #call(whom: (card: WorkerCard) => boolean): Promise<void> {
    const { callOf, redis } = this.#parts;
    const calls = this.#cards.flatMap((card, place) =>
      whom(card) ? [{ card, call: callOf(place, this.#cards.length) }] : [],
    );
    await callWorkers(redis, calls);
  }
}

function wentAway({ id }: WorkerCard, thrown: unknown): ShakedownError {
  const message = `worker ${id} went away before the start; ${messageOf(thrown)}`;
  const hint = "see what it said last, and run again";
  return new ShakedownError("FLEET_UNREACHABLE", message, { hint });
}
