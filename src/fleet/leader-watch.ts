import { KEPT_S, type RunKeys } from "./keys.ts";
import { localUs } from "./clock-offset.ts";
import type { Redis } from "./redis.ts";
import { every } from "./ticker.ts";

const BEAT_MS = 500;
/** With the life of the leader's own sign (`LEAD_MS`): workers that nobody leads stop within 10 s. */
const LEADERLESS_MS = 7_000;
/** A Redis that takes so long was away, and is waited for so long. */
const AWAY_MS = 2_000;
const AWAY_MS_MAX = 10_000;

export interface LeaderHooks {
  /** At each look: up to which message each attempt has been heard. */
  readonly onHeard: (heard: Readonly<Record<string, string>>) => void;
  /** Nobody has led for a while; may be told again. */
  readonly onLeaderless: () => void;
}

const nowMs = (): number => localUs() / 1_000;

/** Sees, for who works for a run, whether somebody leads it, and what has been heard; one look at a time. */
export class LeaderWatch implements Disposable {
  readonly #redis: Redis;
  readonly #keys: RunKeys;
  readonly #hooks: LeaderHooks;
  readonly #ticking: Disposable;
  #ledAtMs = nowMs();
  #beganMs: number | null = null;

  constructor(redis: Redis, keys: RunKeys, hooks: LeaderHooks) {
    this.#redis = redis;
    this.#keys = keys;
    this.#hooks = hooks;
    this.#ticking = every(BEAT_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const beganMs = nowMs();
    if (beganMs - this.#ledAtMs > (this.#beganMs === null ? LEADERLESS_MS : AWAY_MS_MAX)) {
      this.#hooks.onLeaderless();
    }
    if (this.#beganMs !== null) return;
    this.#beganMs = beganMs;
    const { down, heard, job, lead, up } = this.#keys;
    const asking = this.#redis.pipeline().get(lead).hgetall(heard);
    for (const key of [up, down, heard, job]) asking.expire(key, KEPT_S);
    const [led, told] = (await asking.exec().catch(() => null)) ?? [];
    this.#beganMs = null;
    // While Redis was away nobody could be seen to lead.
    const away = nowMs() - beganMs > AWAY_MS;
    if (away || typeof led?.[1] === "string") this.#ledAtMs = nowMs();
    this.#hooks.onHeard((told?.[1] ?? {}) as Readonly<Record<string, string>>);
  }

  [Symbol.dispose](): void {
    this.#ticking[Symbol.dispose]();
  }
}
