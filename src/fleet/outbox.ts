import { encodeMessage, type Entry, type Origin, type ShardMessage } from "./messages.ts";
import type { Redis } from "./redis.ts";

/** More than this that nobody has heard yet is not waited for in memory. */
const WAITING_BYTES_MAX = 16 * 2 ** 20;

interface Waiting extends Entry {
  readonly n: number;
  /** Redis has it. */
  taken: boolean;
}

/** What was told and not heard yet. */
export interface Unheard {
  readonly messages: number;
  readonly bytes: number;
}

export const sumOf = (all: readonly Unheard[]): Unheard => ({
  messages: all.reduce((sum, { messages }) => sum + messages, 0),
  bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
});

/**
 * What one attempt at a shard tells, numbered, and kept until whoever leads has heard it: Redis may
 * lose it, or be away, and is then told again. What comes twice is known by its number.
 */
export class Outbox {
  readonly #redis: Redis;
  readonly #up: string;
  readonly #from: Omit<Origin, "n">;
  #waiting: Waiting[] = [];
  #next = 0;
  #lettingGo = false;
  #waitingBytes = 0;
  #idle = Promise.withResolvers<void>();

  constructor(redis: Redis, up: string, from: Omit<Origin, "n">) {
    this.#redis = redis;
    this.#up = up;
    this.#from = from;
    this.#idle.resolve();
  }

  /** Whether more may be told that can wait elsewhere, as what is in files can. */
  get hasRoom(): boolean {
    return this.#waitingBytes < WAITING_BYTES_MAX;
  }

  /** Resolves to whether Redis has taken it; it is kept, and told again, either way. */
  tell(told: ShardMessage): Promise<boolean> {
    const n = this.#next++;
    const entry = { n, taken: false, ...encodeMessage({ ...this.#from, n }, told) };
    if (this.#waiting.length === 0) this.#idle = Promise.withResolvers<void>();
    this.#waiting.push(entry);
    this.#waitingBytes += entry.bytes.length + entry.words.length;
    return this.#put(entry);
  }

  /** All before `next` have been heard. */
  heard(next: number): void {
    this.#keep(({ n }) => n >= next);
  }

  /** Nobody is there to hear: what Redis has, or takes later, is kept no longer. */
  letGo(): void {
    this.#lettingGo = true;
    this.#keep(({ taken }) => !taken);
  }

  /** Tells all again that has not been heard. */
  async again(): Promise<void> {
    await Promise.all(this.#waiting.map((entry) => this.#put(entry)));
  }

  /** What nobody has heard, in messages and bytes. */
  get unheard(): Unheard {
    return { messages: this.#waiting.length, bytes: this.#waitingBytes };
  }

  /** Resolves when all that was told has been heard. */
  get allHeard(): Promise<void> {
    return this.#idle.promise;
  }

  #keep(wanted: (entry: Waiting) => boolean): void {
    this.#waiting = this.#waiting.filter(wanted);
    this.#waitingBytes = this.#waiting.reduce(
      (sum, { bytes, words }) => sum + bytes.length + words.length,
      0,
    );
    if (this.#waiting.length === 0) this.#idle.resolve();
  }

  async #put(entry: Waiting): Promise<boolean> {
    const { bytes, words } = entry;
    try {
      await this.#redis.xadd(this.#up, "*", "words", words, "bytes", bytes);
      entry.taken = true;
      if (this.#lettingGo) this.#keep(({ taken }) => !taken);
      return true;
    } catch {
      // Out of memory, or the connection was given up: it is told again until it is heard.
      return false;
    }
  }
}
