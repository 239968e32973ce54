import { randomBytes } from "node:crypto";
import { expireAll, KEPT_S, type RunKeys } from "./keys.ts";
import { localUs } from "./clock-offset.ts";
import type { Redis } from "./redis.ts";
import { LOST_MS } from "./shard-care.ts";
import { every } from "./ticker.ts";

const BEAT_MS = 500;
/** The leader's sign of life; see `LEADERLESS_MS`. */
const LEAD_MS = 3_000;
/** Redis has been away when a beat took so long. */
const AWAY_MS = 2_000;
const RENEW_BEATS = 60;

export interface LeadHooks {
  /** Up to which message each attempt has been heard. */
  readonly heard: () => Readonly<Record<string, number>>;
  /** The last entry of the stream up that was read: those before it may go. */
  readonly lastId: () => string;
  /** A worker cannot take part. */
  readonly onFailed: (words: string) => void;
  /** At each beat that Redis answered; `away`: it had not for a while. */
  readonly onBeat: (away: boolean) => Promise<void> | void;
  readonly onLost: (thrown: unknown) => void;
}

/** Tells the workers of a run that somebody leads, and what was heard of them, twice a second. */
export class Lead implements Disposable {
  readonly #redis: Redis;
  readonly #keys: RunKeys;
  readonly #hooks: LeadHooks;
  readonly #id = randomBytes(6).toString("hex");
  readonly #ticking: Disposable;
  #beganMs: number | null = null;
  #beats = 0;

  constructor(redis: Redis, keys: RunKeys, hooks: LeadHooks) {
    this.#redis = redis;
    this.#keys = keys;
    this.#hooks = hooks;
    this.#ticking = every(BEAT_MS, () => void this.beat());
  }

  /** One at a time: where Redis is away, the one that waits for it is all that there is. */
  async beat(): Promise<void> {
    const nowMs = localUs() / 1_000;
    if (this.#beganMs !== null) {
      const awayMs = nowMs - this.#beganMs;
      if (awayMs > LOST_MS) this.#hooks.onLost(new Error(`no answer for ${LOST_MS / 1_000} s`));
      return;
    }
    this.#beganMs = nowMs;
    try {
      await this.#tell();
      await this.#hooks.onBeat(localUs() / 1_000 - nowMs > AWAY_MS);
    } catch (thrown) {
      this.#hooks.onLost(thrown);
    } finally {
      this.#beganMs = null;
    }
  }

  async #tell(): Promise<void> {
    const { failed, heard, lead, prefix, up } = this.#keys;
    const telling = this.#redis
      .pipeline()
      .set(lead, this.#id, "PX", LEAD_MS)
      .lrange(failed, 0, -1)
      .xtrim(up, "MINID", this.#hooks.lastId());
    const known = this.#hooks.heard();
    if (Object.keys(known).length > 0) telling.hset(heard, known);
    const [, told] = (await telling.exec()) ?? [];
    for (const words of (told?.[1] ?? []) as readonly string[]) this.#hooks.onFailed(words);
    if (this.#beats++ % RENEW_BEATS === 0) await expireAll(this.#redis, prefix, KEPT_S);
  }

  [Symbol.dispose](): void {
    this.#ticking[Symbol.dispose]();
  }
}
