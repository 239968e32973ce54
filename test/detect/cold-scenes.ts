import { keyedDraw, seededPrng } from "../../src/core/index.ts";
import type { CacheFlush, Evidence, StageWindow } from "../../src/detect/index.ts";
import {
  Agenda,
  type ArmLog,
  call,
  evidenceOf,
  MS,
  S,
  type Start,
  startsOf,
  TRAFFIC,
} from "./simulate.ts";

/* Caches that are emptied while requests go on, before an origin that serves so many calls at once. */

const RATE_PER_SEC = 120;
export const FLUSH_NS = 24 * S;
const TTL_NS = 20 * S;

/** How an arm looks up what it is asked for: one key a request. */
export interface ColdTarget {
  /** Keys that requests ask for, popular ones more often (Zipf). */
  readonly keys: number;
  readonly exponent?: number;
  readonly ttlNs?: number;
  /** Answers that are put in together run out together. */
  readonly inWaves?: boolean;
  /** It says that its cache is empty, and it is not. */
  readonly keeps?: boolean;
  /** Without a cache each look-up is a fetch. */
  readonly cached?: boolean;
  readonly singleFlight?: boolean;
  /** A fetch is given up after so long, and fills nothing. */
  readonly timeoutNs?: number;
  /** Servers of the origin, which work for nobody, too; unbounded unless given. */
  readonly servers?: number;
}

function keysOf({ exponent = 0.9, keys }: ColdTarget, seed: string): (seq: number) => number {
  let total = 0;
  const upTo = Array.from({ length: keys }, (_, rank) => (total += 1 / (rank + 1) ** exponent));
  return (seq) => {
    const at = keyedDraw("key", seed, seq).uniform("key") * total;
    return upTo.findIndex((sum) => sum > at);
  };
}

function emptied(starts: readonly Start[], target: ColdTarget, seed: string): ArmLog {
  const { cached = true, servers = 0, singleFlight = true, timeoutNs = Infinity } = target;
  const { ttlNs = TTL_NS } = target;
  const agenda = new Agenda();
  /** By key, until when it is kept: all are at first, each for some part of its time to live. */
  const stored = new Map<number, number>();
  const luckOf = (key: number, nowNs: number): number =>
    target.inWaves === true ? 0 : keyedDraw("to live", seed, key, nowNs).uniform("share");
  if (cached) for (let key = 0; key < target.keys; key++) stored.set(key, luckOf(key, 0) * ttlNs);
  const onItsWay = new Map<number, { readonly endNs: number; readonly ok: boolean }>();
  const freeNs = Array.from({ length: servers }, () => 0);
  const keyOf = keysOf(target, seed);
  const log: ArmLog = { requests: [], calls: [] };
  const answeredNs = (nowNs: number, holdNs: number): number => {
    if (servers === 0) return nowNs + holdNs;
    const first = freeNs.indexOf(Math.min(...freeNs));
    freeNs[first] = Math.max(freeNs[first]!, nowNs) + holdNs;
    return freeNs[first];
  };
  const fetch = ({ holdNs, seq }: Start, key: number, nowNs: number) => {
    const wholeNs = answeredNs(nowNs, holdNs);
    const endNs = Math.min(wholeNs, nowNs + timeoutNs);
    const ok = wholeNs <= endNs;
    log.calls.push(
      call({ seq, key, attempt: 1, arriveNs: nowNs, endNs, outcome: ok ? "ok" : "aborted" }),
    );
    const fetched = { endNs, ok };
    onItsWay.set(key, fetched);
    agenda.at(endNs, () => {
      if (onItsWay.get(key) === fetched) onItsWay.delete(key);
      if (ok && cached) stored.set(key, endNs + (1 + 0.2 * luckOf(key, endNs)) * ttlNs);
    });
    return fetched;
  };
  agenda.at(FLUSH_NS + 5 * MS, () => {
    if (target.keeps !== true) stored.clear();
  });
  for (const start of starts) {
    agenda.at(start.atNs + start.thinkNs, (nowNs) => {
      const key = keyOf(start.seq);
      const coming = singleFlight ? onItsWay.get(key) : undefined;
      const { endNs, ok } =
        (stored.get(key) ?? 0) > nowNs
          ? { endNs: nowNs, ok: true }
          : (coming ?? fetch(start, key, nowNs));
      const status = ok ? 200 : 503;
      log.requests.push({
        seq: start.seq,
        startNs: start.atNs,
        endNs: endNs + start.thinkNs,
        status,
      });
    });
  }
  agenda.run();
  return log;
}

const DONE: CacheFlush = { fromNs: FLUSH_NS, toNs: FLUSH_NS + 10 * MS, ok: true };

/** A warm-up, the usual, emptied caches, and the same load on: of two arms, flushed as is told. */
export function emptiedCaches(
  arms: readonly [ColdTarget, ColdTarget],
  given: {
    readonly seed: string;
    readonly identity?: boolean;
    readonly ratePerSec?: number;
    /** What is known of the flush, by arm; it was done unless given, and null is that nobody tells. */
    readonly flushes?: readonly (CacheFlush | null)[] | null;
  },
): Evidence {
  const { flushes = [DONE, DONE], identity = true, ratePerSec = RATE_PER_SEC, seed } = given;
  const stage = (name: string, fromNs: number, toNs: number, judged = true): StageWindow => ({
    name,
    ratePerSec,
    startNs: fromNs,
    fromNs,
    toNs,
    judged,
  });
  const cold = { ...stage("cold", FLUSH_NS, FLUSH_NS + 6 * S), probe: { cold: true as const } };
  const stages = [
    stage("warm-up", 0, 12 * S, false),
    stage("usual", 12 * S, FLUSH_NS),
    flushes === null ? stage("cold", FLUSH_NS, FLUSH_NS + 6 * S) : { ...cold, flushes },
    stage("after", FLUSH_NS + 6 * S, FLUSH_NS + 20 * S),
  ];
  const lengthNs = FLUSH_NS + 20 * S;
  const traffic = { ...TRAFFIC, ratePerSec, lengthNs, holdMedianNs: 40 * MS };
  const starts = startsOf(traffic, seed);
  const logs = arms.map((target, arm) => {
    const noise = seededPrng(`noise ${seed}/${arm}`);
    const noisy = starts.map((start) => ({ ...start, thinkNs: (0.2 + noise()) * MS }));
    return emptied(noisy, target, seed);
  });
  const dependency = { name: "catalog", cacheTtlNs: arms[0].ttlNs ?? TTL_NS };
  return evidenceOf([logs[0]!, logs[1]!], {
    lengthNs,
    ratePerSec,
    stages,
    dependency,
    identity,
    recordCount: Number.POSITIVE_INFINITY,
  });
}
