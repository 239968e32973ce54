import { randomBytes } from "node:crypto";
import { ShakedownError } from "../core/index.ts";
import { expireAll, KEPT_S, type RunKeys } from "./keys.ts";
import { localUs } from "./clock-offset.ts";
import type { Redis } from "./redis.ts";
import { LOST_MS } from "./shard-care.ts";
import { every } from "./ticker.ts";

const BEAT_MS = 500;
/** The leader's sign of life; see `LEADERLESS_MS`. While it lasts nobody else leads. */
export const LEAD_MS = 3_000;
/** Redis has been away when a beat took so long. */
const AWAY_MS = 2_000;
const RENEW_BEATS = 60;

/** Renews the sign of life of who leads, or makes it where there is none: whether it did. */
const RENEW = `
local leads = redis.call("GET", KEYS[1])
if leads and leads ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
return 1`;

export interface LeadHooks {
  /** Up to which message each attempt has been heard. */
  readonly heard: () => Readonly<Record<string, number>>;
  /** The last entry of the stream up that was read: those before it may go. */
  readonly lastId: () => string;
  /** Every half minute: what is to be kept besides the run's own keys. */
  readonly onRenew?: () => Promise<void>;
  /** A worker cannot take part. */
  readonly onFailed: (words: string) => void;
  /** At each beat that Redis answered; `away`: it had not for a while. */
  readonly onBeat: (away: boolean) => Promise<void> | void;
  readonly onLost: (thrown: unknown) => void;
  /** Somebody else leads now: nothing of the run may be touched any more. */
  readonly onTaken: (error: ShakedownError) => void;
}

export const ledByAnother = (runId: string): ShakedownError =>
  new ShakedownError("RUN_LED", `another process leads run ${runId}`, {
    hint: "let it finish, or end it; what it said last is where it was started",
  });

/**
 * Tells the workers of a run that somebody leads, and what was heard of them, twice a second. One at a
 * time does: who could not say so for a while is not sure of it until it has asked again.
 */
export class Lead implements Disposable {
  readonly #redis: Redis;
  readonly #keys: RunKeys;
  readonly #hooks: LeadHooks;
  readonly #id = randomBytes(6).toString("hex");
  readonly #ticking: Disposable;
  #beganMs: number | null = null;
  #beats = 0;
  /** Until then nobody else can lead. */
  #surelyUntilMs = 0;
  #beaten = Promise.withResolvers<void>();
  #taken = false;
  #disposed = false;

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
      if (!(await this.#tell())) return;
      this.#surelyUntilMs = nowMs + LEAD_MS;
      this.#beaten.resolve();
      this.#beaten = Promise.withResolvers();
      await this.#hooks.onBeat(localUs() / 1_000 - nowMs > AWAY_MS);
    } catch (thrown) {
      this.#hooks.onLost(thrown);
    } finally {
      this.#beganMs = null;
    }
  }

  /**
   * Resolves once it is sure that nobody else leads: to true. To false when this is disposed of, before
   * which it does not resolve where somebody else does.
   */
  async sure(): Promise<boolean> {
    while (!this.#disposed && localUs() / 1_000 >= this.#surelyUntilMs) {
      // oxlint-disable-next-line no-await-in-loop -- until a beat has come in time
      await this.#beaten.promise;
    }
    return !this.#disposed;
  }

  /** Whether it leads still. */
  async #tell(): Promise<boolean> {
    const { failed, heard, lead, prefix, up } = this.#keys;
    if (this.#taken) return false;
    // Only who leads may say what was heard, and take it away.
    const leads = await this.#redis.eval(RENEW, 1, lead, this.#id, LEAD_MS);
    if (leads !== 1) {
      this.#taken = true;
      this.#hooks.onTaken(ledByAnother(this.#keys.runId));
      return false;
    }
    const known = this.#hooks.heard();
    const telling = this.#redis.pipeline().lrange(failed, 0, -1);
    telling.xtrim(up, "MINID", this.#hooks.lastId());
    if (Object.keys(known).length > 0) telling.hset(heard, known);
    const [told] = (await telling.exec()) ?? [];
    for (const words of (told?.[1] ?? []) as readonly string[]) this.#hooks.onFailed(words);
    if (this.#beats++ % RENEW_BEATS === 0) {
      await expireAll(this.#redis, prefix, KEPT_S);
      await this.#hooks.onRenew?.();
    }
    return true;
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#beaten.resolve();
    this.#ticking[Symbol.dispose]();
  }
}
