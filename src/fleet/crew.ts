import { messageOf, ShakedownError } from "../core/index.ts";
import { TAKEN_MS, workerKeys } from "./keys.ts";
import type { RunCall, WorkerCard } from "./messages.ts";
import type { Redis } from "./redis.ts";
import { callWorkers, takeWorkers, type Wanted } from "./roster.ts";

/** A hold that nobody has is made again at a worker's next beat: only after some looks has it left. */
const LEFT_LOOKS = 5;

export interface CrewParts {
  readonly redis: Redis;
  readonly wanted: Wanted;
  /** @throws USAGE when these cannot do it */
  readonly check: (cards: readonly WorkerCard[]) => void;
  /** What who has a place is asked to do. */
  readonly callOf: (at: {
    readonly place: number;
    /** How many places there are. */
    readonly of: number;
    /** From 1; one more for each that went away. */
    readonly attempt: number;
  }) => RunCall;
  /** Another has the place from now on. */
  readonly onReplaced?: (place: number, attempt: number) => void;
  /** One went away, and no other could come for it. */
  readonly onFailed: (error: ShakedownError) => void;
}

interface Member {
  readonly card: WorkerCard;
  readonly attempt: number;
  /** Looks in which no run had it. */
  unheld: number;
}

/** The workers of a run, each at its place. */
export class Crew implements Disposable {
  readonly #parts: CrewParts;
  readonly #whole = new AbortController();
  readonly #replaced: WorkerCard[] = [];
  #members: readonly Member[] = [];
  #called = false;
  #replacing = false;

  constructor(parts: CrewParts) {
    this.#parts = parts;
  }

  get cards(): readonly WorkerCard[] {
    return this.#members.map(({ card }) => card);
  }

  /** With those that others came for: one that stood still may wake, and have a part of the run yet. */
  get ever(): readonly WorkerCard[] {
    return [...this.cards, ...this.#replaced];
  }

  /** @throws FLEET_UNREACHABLE when there are too few; USAGE; the signal's reason */
  async take(signal: AbortSignal): Promise<void> {
    const { check, redis, wanted } = this.#parts;
    const cards = await takeWorkers(redis, wanted, signal);
    this.#members = cards.map((card) => ({ card, attempt: 1, unheld: 0 }));
    check(cards);
  }

  /** Asks all to come. */
  async call(): Promise<void> {
    this.#called = true;
    await this.#call(this.#members);
  }

  /** Who is there now is who the run begins with: nobody is replaced from here on. */
  [Symbol.dispose](): void {
    this.#whole.abort();
  }

  /**
   * Before a run begins: another comes for each that is gone, or has left it, where `awaited` says that
   * somebody is still to, and the others are held on to. To be asked at every beat; does not wait until
   * they have come.
   */
  async seeAbsence(awaited: (place: number) => boolean = () => true): Promise<void> {
    const { onFailed, redis, wanted } = this.#parts;
    if (this.#replacing || this.#whole.signal.aborted) return;
    const left = await Promise.all(
      this.#members.map(async (member) => {
        const { card, takenBy } = workerKeys(member.card.id);
        const [there, by] = await Promise.all([redis.exists(card), redis.get(takenBy)]);
        if (by === wanted.runId) await redis.pexpire(takenBy, TAKEN_MS);
        member.unheld = by === null ? member.unheld + 1 : 0;
        const isOthers = by !== null && by !== wanted.runId;
        return there === 0 || isOthers || member.unheld >= LEFT_LOOKS;
      }),
    );
    const gone = this.#members.filter((_, place) => left[place] && awaited(place));
    if (gone.length === 0 || this.#replacing || this.#whole.signal.aborted) return;
    this.#replacing = true;
    this.#replace(gone).then(
      () => (this.#replacing = false),
      (thrown: unknown) => {
        // What begins without them begins by what it has.
        if (!this.#whole.signal.aborted) onFailed(wentAway(gone[0]!.card, thrown));
      },
    );
  }

  /** What the gone have in hold runs out by itself: one that stood still must not be another run's yet. */
  async #replace(gone: readonly Member[]): Promise<void> {
    const { check, onReplaced, redis, wanted } = this.#parts;
    const count = gone.length;
    const cards = [...(await takeWorkers(redis, { ...wanted, count }, this.#whole.signal))];
    const came: Member[] = [];
    this.#members = this.#members.map((member, place) => {
      if (!gone.includes(member)) return member;
      const fresh = { card: cards.pop()!, attempt: member.attempt + 1, unheld: 0 };
      this.#replaced.push(member.card);
      came.push(fresh);
      onReplaced?.(place, fresh.attempt);
      return fresh;
    });
    check(this.cards);
    if (this.#called) await this.#call(came);
  }

  async #call(whom: readonly Member[]): Promise<void> {
    const { callOf, redis } = this.#parts;
    const of = this.#members.length;
    const calls = this.#members.flatMap((member, place) => {
      const { attempt, card } = member;
      return whom.includes(member) ? [{ card, call: callOf({ place, of, attempt }) }] : [];
    });
    await callWorkers(redis, calls);
  }
}

function wentAway({ id }: WorkerCard, thrown: unknown): ShakedownError {
  const message = `worker ${id} went away before the start; ${messageOf(thrown)}`;
  const hint = "see what it said last, and run again";
  return new ShakedownError("FLEET_UNREACHABLE", message, { hint });
}
