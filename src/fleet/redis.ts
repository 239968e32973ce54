import { Redis } from "ioredis";
import { messageOf, ShakedownError, withoutPasswords } from "../core/index.ts";
import { pause } from "./ticker.ts";

export type { Redis } from "ioredis";

/** `XTRIM … MINID` came with it. */
const OLDEST = { major: 6, minor: 2 };
const CONNECT_WITHIN_MS = 5_000;
/** How long to wait before a lost connection is tried again. */
const AGAIN_MS = { first: 50, most: 1_000 };

/** Where a Redis is, without what may be secret. */
export function placeOf(url: string): string {
  const { host, protocol } = parsed(url);
  return `${protocol}//${host}`;
}

/** A Redis' URL, which may be written down: without its password. */
export function publicUrl(url: string): string {
  const whole = new URL(parsed(url));
  whole.password = "";
  return whole.href;
}

function parsed(url: string): URL {
  try {
    const { protocol } = new URL(url);
    if (protocol === "redis:" || protocol === "rediss:") return new URL(url);
  } catch {
    // Told below.
  }
  throw new ShakedownError("USAGE", `"${withoutPasswords(url)}" is not the URL of a Redis`, {
    hint: "write redis://host:6379, or rediss://:password@host:6379 for TLS",
  });
}

/**
 * Connects to a Redis (or Valkey) that a fleet can use. A connection that is lost later is made again
 * for as long as it takes, and what was asked meanwhile is asked then. `password` is for a URL without
 * one. With `rediss:` the system's authorities are trusted, and those of NODE_EXTRA_CA_CERTS.
 * @throws USAGE when it is no such URL
 * @throws FLEET_UNREACHABLE when nothing answers there, it is too old, refuses us, or cannot be written to
 */
export async function connectRedis(url: string, password?: string): Promise<Redis> {
  const { password: own } = parsed(url);
  let usable = false;
  let last: unknown;
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_WITHIN_MS,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (usable ? Math.min(times * AGAIN_MS.first, AGAIN_MS.most) : null),
    ...(own === "" && password !== undefined ? { password } : {}),
  });
  // Told by whoever waits for an answer; without a listener it would end the process.
  redis.on("error", (error) => (last = error));
  try {
    await inTime(redis.connect().then(() => checkUsable(redis, url)));
    usable = true;
    return redis;
  } catch (thrown) {
    redis.disconnect();
    if (thrown instanceof ShakedownError) throw thrown;
    throw unusable(url, last ?? thrown);
  }
}

/** What takes a connection and then says nothing is no Redis, or one that hangs. */
async function inTime(connecting: Promise<void>): Promise<void> {
  const over = new AbortController();
  const late = pause(CONNECT_WITHIN_MS, over.signal).then(() => {
    if (!over.signal.aborted) throw new Error(`no answer in ${CONNECT_WITHIN_MS} ms`);
  });
  try {
    await Promise.race([connecting, late]);
  } finally {
    over.abort();
  }
}

async function checkUsable(redis: Redis, url: string): Promise<void> {
  const info = await redis.info("server");
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? "";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor)) {
    throw new ShakedownError(
      "FLEET_UNREACHABLE",
      `the Redis at ${placeOf(url)} is version ${version}, and a fleet needs ${OLDEST.major}.${OLDEST.minor}`,
      { hint: "take a newer Redis, or a Valkey" },
    );
  }
  const probe = `shakedown:probe:${process.pid}`;
  await redis.set(probe, "", "PX", 1_000);
}

/** What Redis says when it will not take a write, and what to do about it. */
const REFUSALS: readonly (readonly [pattern: RegExp, what: string, hint: string])[] = [
  [/^OOM /, "is out of memory", "raise its maxmemory, or take a Redis of the fleet's own"],
  [/^READONLY /, "is a read-only replica", "name the primary"],
  [/^MISCONF /, "cannot save to its disk, and takes no writes", "see its log"],
  [
    /^(NOAUTH|WRONGPASS) /,
    "wants a password",
    "redis://:password@host, or SHAKEDOWN_REDIS_PASSWORD",
  ],
  [/^NOPERM /, "does not let this user write", "a fleet needs +@all on keys ~shakedown:*"],
];

/** An error of Redis as one of ours, which says what is the matter. */
export function unusable(url: string, thrown: unknown): ShakedownError {
  const hint =
    "see that it is there, and that the URL has its scheme (rediss: for TLS), host and port";
  return refused(url, thrown) ?? trouble(url, `cannot be used: ${messageOf(thrown)}`, hint, thrown);
}

/** One that came back empty before a run could begin. */
export const forgottenBefore = (place: string): ShakedownError =>
  new ShakedownError("FLEET_UNREACHABLE", `the Redis at ${place} forgot the run before it began`, {
    hint: "run again",
  });

/** One that was there, and is lost to a run. */
export function redisLost(url: string, thrown: unknown): ShakedownError {
  const hint = "what was told before is kept; see Redis' log";
  return refused(url, thrown) ?? trouble(url, `was lost: ${messageOf(thrown)}`, hint, thrown);
}

function refused(url: string, thrown: unknown): ShakedownError | null {
  const known = REFUSALS.find(([pattern]) => pattern.test(messageOf(thrown)));
  return known === undefined ? null : trouble(url, known[1], known[2], thrown);
}

const trouble = (url: string, what: string, hint: string, cause: unknown): ShakedownError =>
  new ShakedownError("FLEET_UNREACHABLE", `the Redis at ${placeOf(url)} ${what}`, { hint, cause });
