import { keyedDraw } from "../../src/core/index.ts";
import { Agenda, type ArmLog, call, MS, S, type Start } from "./simulate.ts";

/* The targets that are simulated: one with a connection pool, one with a cache, one that retries. */

export interface PoolTarget {
  /** Connections; callers queue for them, first come, first served. */
  readonly size: number;
  readonly acquireTimeoutNs?: number;
  /** From the end of one call to the arrival of the next on the same connection. */
  readonly handOverNs?: number;
  /** Nothing but a connection is ever waited for; set it to model a slow target. */
  readonly ownWorkNs?: number;
}

/** Requests that call through a pool; who gets no connection in time answers 503. */
export function throughPool(starts: readonly Start[], target: PoolTarget): ArmLog {
  const { acquireTimeoutNs = 2 * S, handOverNs = 0.2 * MS, ownWorkNs = 0, size } = target;
  const freeNs = Array.from({ length: size }, () => 0);
  const log: ArmLog = { requests: [], calls: [] };
  for (const { atNs: startNs, calls, holdNs, seq, thinkNs } of starts) {
    const askNs = startNs + thinkNs + ownWorkNs;
    let status = 200;
    let endNs = askNs + thinkNs;
    if (calls) {
      const first = freeNs.indexOf(Math.min(...freeNs));
      const arriveNs = Math.max(freeNs[first]!, askNs);
      if (arriveNs - askNs > acquireTimeoutNs) {
        status = 503;
        endNs = askNs + acquireTimeoutNs;
      } else {
        log.calls.push(call({ seq, key: seq, arriveNs, endNs: arriveNs + holdNs }));
        freeNs[first] = arriveNs + holdNs + handOverNs;
        endNs = arriveNs + holdNs + thinkNs;
      }
    }
    log.requests.push({ seq, startNs, endNs, status });
  }
  return log;
}

export interface CacheTarget {
  /** Entries of a least-recently-used cache. */
  readonly entries: number;
  readonly ttlNs: number;
  /** Whether look-ups of a key that is on its way wait for it. */
  readonly singleFlight?: boolean;
  /** The share of fetches that fail, and how often such a fetch is tried in all. */
  readonly failing?: number;
  readonly attempts?: number;
}

/** Requests that look keys up in a cache, all at once, and fetch those that it does not hold. */
export function throughCache(
  starts: readonly Start[],
  keysOf: (seq: number) => readonly number[],
  target: CacheTarget,
): ArmLog {
  const { attempts = 1, entries, failing = 0, singleFlight = true, ttlNs } = target;
  const agenda = new Agenda();
  const stored = new Map<number, number>();
  const onItsWay = new Map<number, number>();
  const log: ArmLog = { requests: [], calls: [] };
  const fetch = (start: Start, key: number, attempt: number, arriveNs: number): number => {
    const draw = keyedDraw("cache", start.seq, key, attempt);
    const endNs = arriveNs + start.holdNs * (0.8 + 0.4 * draw.uniform("hold"));
    const failed = draw.uniform("fails") < failing;
    const outcome = failed ? "error" : "ok";
    log.calls.push(call({ seq: start.seq, key, attempt, arriveNs, endNs, outcome }));
    if (failed && attempt < attempts) return fetch(start, key, attempt + 1, endNs + 20 * MS);
    onItsWay.set(key, endNs);
    agenda.at(endNs, (nowNs) => {
      if (onItsWay.get(key) === endNs) onItsWay.delete(key);
      if (failed) return;
      stored.delete(key);
      stored.set(key, nowNs);
      if (stored.size > entries) stored.delete(stored.keys().next().value!);
    });
    return endNs;
  };
  const lookUp = (start: Start, key: number, nowNs: number): number => {
    const storedNs = stored.get(key);
    if (storedNs !== undefined && nowNs - storedNs < ttlNs) {
      stored.delete(key);
      stored.set(key, storedNs);
      return nowNs;
    }
    const comingNs = onItsWay.get(key);
    return singleFlight && comingNs !== undefined ? comingNs : fetch(start, key, 1, nowNs);
  };
  for (const start of starts) {
    agenda.at(start.atNs + start.thinkNs, (nowNs) => {
      const ends = keysOf(start.seq).map((key) => lookUp(start, key, nowNs));
      const endNs = Math.max(nowNs, ...ends) + start.thinkNs;
      log.requests.push({ seq: start.seq, startNs: start.atNs, endNs, status: 200 });
    });
  }
  agenda.run();
  return log;
}

export interface RetryTarget {
  /** In all, the first one included. */
  readonly attempts: number;
  readonly delayNs?: number;
  /** `full`: uniform in (0, delay); `none`: exactly the delay. */
  readonly jitter?: "none" | "full";
  /** How much later than that its timers fire, on average, by an exponential distribution. */
  readonly lateNs?: number;
  /** Each delay is this much longer than the one before. */
  readonly backoff?: number;
  /** `spread`: its own delay comes on top. */
  readonly honoursRetryAfter?: boolean | "spread";
  /** After a refusal it calls nobody for so long, and fails. */
  readonly staysAwayNs?: number;
  /** Retries that a share of the calls may cause, as a budget. */
  readonly budgetRatio?: number;
  /** Calls that each request makes, all for different keys: what a cache that misses would do. */
  readonly callsPerRequest?: number;
  /** What a request asks for; something of its own unless given. */
  readonly keyOf?: (seq: number) => number;
}

export interface FlakyDependency {
  readonly failing: number;
  /** A token bucket, or so many calls in each window, and to wait exactly until the next; none when left out. */
  readonly limit?: {
    readonly ratePerSec: number;
    readonly burst: number;
    readonly windowNs?: number;
  };
}

/** Requests whose failed calls are sent again, to a dependency that is flaky and limits its callers. */
export function withRetries(
  starts: readonly Start[],
  target: RetryTarget,
  dependency: FlakyDependency,
): ArmLog {
  const { attempts, backoff = 1, budgetRatio = Infinity, delayNs = 0, staysAwayNs = 0 } = target;
  const unitNs = dependency.limit?.windowNs === undefined ? S : MS;
  let awayUntilNs = -Infinity;
  const agenda = new Agenda();
  const log: ArmLog = { requests: [], calls: [] };
  const waitOf = limiterOf(dependency.limit);
  let [firsts, retries] = [0, 0];
  const send = (start: Start, key: number, attempt: number, arriveNs: number): void => {
    const draw = keyedDraw("retry", start.seq, key, attempt);
    const waitNs = waitOf(arriveNs);
    const failed = draw.uniform("fails") < dependency.failing;
    const limited = waitNs > 0;
    const endNs = arriveNs + (limited ? 0.5 * MS : start.holdNs);
    const retryAfterMs = limited ? (Math.ceil(waitNs / unitNs) * unitNs) / MS : 0;
    if (limited) awayUntilNs = arriveNs + staysAwayNs;
    const outcome = limited ? "limited" : failed ? "error" : "ok";
    log.calls.push(call({ seq: start.seq, key, attempt, arriveNs, endNs, outcome, retryAfterMs }));
    if (attempt === 1) firsts++;
    if (outcome === "ok" || attempt >= attempts || retries + 1 > budgetRatio * firsts) return;
    retries++;
    const spread = target.jitter === "full" ? draw.uniform("jitter") : 1;
    const ownNs = delayNs * backoff ** (attempt - 1) * spread;
    const toldNs = (target.honoursRetryAfter ?? false) === false ? 0 : retryAfterMs * MS;
    const waitedNs =
      target.honoursRetryAfter === "spread" ? toldNs + ownNs : Math.max(ownNs, toldNs);
    const againNs = endNs + waitedNs + lateNs(target, draw.uniform("timer"));
    agenda.at(againNs, (nowNs) => send(start, key, attempt + 1, nowNs));
  };
  for (const start of starts) {
    const { atNs: startNs, seq, thinkNs } = start;
    const request = { seq, startNs, endNs: startNs + 50 * MS, status: 200 };
    log.requests.push(request);
    if (!start.calls) continue;
    if (staysAwayNs > 0) {
      agenda.at(startNs + thinkNs, (nowNs) => {
        if (nowNs < awayUntilNs) request.status = 503;
        else send(start, seq * 16, 1, nowNs);
      });
      continue;
    }
    for (let nth = 0; nth < (target.callsPerRequest ?? 1); nth++) {
      const key = (target.keyOf?.(seq) ?? seq) * 16 + nth;
      agenda.at(startNs + thinkNs, (nowNs) => send(start, key, 1, nowNs));
    }
  }
  agenda.run();
  return log;
}

const lateNs = ({ lateNs: meanNs = 0 }: RetryTarget, uniform: number): number =>
  (0.1 + 0.4 * uniform) * MS - Math.log(1 - uniform) * meanNs;

/** How long a call that comes now has to wait: 0 when it is admitted. */
function limiterOf(limit: FlakyDependency["limit"]): (nowNs: number) => number {
  if (limit === undefined) return () => 0;
  if (limit.windowNs !== undefined) return windowed(limit.ratePerSec, limit.windowNs);
  const tokenNs = S / limit.ratePerSec;
  let fullAtNs = -Infinity;
  return (nowNs) => {
    const waitNs = fullAtNs - (limit.burst - 1) * tokenNs - nowNs;
    if (waitNs > 0) return waitNs;
    fullAtNs = Math.max(fullAtNs, nowNs) + tokenNs;
    return 0;
  };
}

/** So many calls a second, all of a window's at its beginning. */
function windowed(ratePerSec: number, windowNs: number): (nowNs: number) => number {
  const quota = (ratePerSec * windowNs) / S;
  let [window, used] = [-1, 0];
  return (nowNs) => {
    const current = Math.floor(nowNs / windowNs);
    if (current !== window) [window, used] = [current, 0];
    if (used < quota) {
      used++;
      return 0;
    }
    return (current + 1) * windowNs - nowNs;
  };
}
