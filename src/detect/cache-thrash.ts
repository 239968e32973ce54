import { formatCount, formatDurationNs, formatRatio } from "../core/index.ts";
import type { EmulatedCall } from "../measure/index.ts";
import { newcombe } from "../stats/index.ts";
import type { Detector, Evidence, Finding } from "./detector.ts";
import { likelyCacheEntries, type Lookups, lruFetches } from "./lru-model.ts";
import { judgeEachPair } from "./pairs.ts";

/*
 * The emulator is the origin: it sees a cache's misses only. A cache that holds its working set
 * asks for a key again when its time to live has passed; one that evicts before expiry asks
 * earlier. The share of such premature refetches needs no access to the cache.
 */
const RULE = {
  /** Premature share of fetches that counts as thrash, and the fetches needed to judge. */
  prematureRatio: 0.05,
  fetches: 100,
  /** Look-ups that the cache model is run over. */
  lookupsMax: 200_000,
} as const;

interface FetchReading {
  readonly fetches: number;
  readonly premature: number;
  /** Fetches that arrived while the same key was on its way: a missing single-flight. */
  readonly dogpile: number;
  readonly keys: number;
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** `calls` in order of arrival; retries of failed fetches are no refetches. */
function readFetches(calls: readonly EmulatedCall[], ttlNs: number): FetchReading {
  const lastGood = new Map<number, EmulatedCall>();
  const onItsWayUntilNs = new Map<number, number>();
  const reading = { fetches: 0, premature: 0, dogpile: 0 };
  const keys = new Set<number>();
  for (const call of calls) {
    if (!call.safe) continue;
    reading.fetches++;
    keys.add(call.key);
    const before = lastGood.get(call.key);
    if ((onItsWayUntilNs.get(call.key) ?? -1) > call.arriveNs) reading.dogpile++;
    else if (before !== undefined && call.arriveNs - before.endNs < ttlNs) reading.premature++;
    onItsWayUntilNs.set(call.key, Math.max(onItsWayUntilNs.get(call.key) ?? 0, call.endNs));
    if (call.outcome === "ok") lastGood.set(call.key, call);
  }
  return { ...reading, keys: keys.size };
}

/**
 * What each request looks up, learnt from what requests for the same record were ever seen to
 * fetch, in any arm. Null when the target passes no identity on.
 */
function lookupsOf(evidence: Evidence, arm: number, dependency: number): Lookups[] | null {
  const keysOfRecord = new Map<number, Set<number>>();
  for (let other = 0; other < evidence.arms.length; other++) {
    for (const call of evidence.calls(other, dependency)) {
      if (call.seq < 0 || !call.safe) continue;
      const record = call.seq % evidence.recordCount;
      const keys = keysOfRecord.get(record) ?? new Set();
      keysOfRecord.set(record, keys.add(call.key));
    }
  }
  if (keysOfRecord.size === 0) return null;
  const lookups: Lookups[] = [];
  let total = 0;
  for (const { seq, startNs } of evidence.requests(arm)) {
    const keys = keysOfRecord.get(seq % evidence.recordCount);
    if (keys === undefined) continue;
    lookups.push({ atNs: startNs, keys: [...keys] });
    total += keys.size;
    if (total > RULE.lookupsMax) break;
  }
  return lookups;
}

interface CacheReading {
  readonly own: FetchReading;
  readonly control: FetchReading;
  readonly amplification: number;
  readonly hitRatio: number | null;
  readonly likelyEntries: number | null;
  readonly idealHitRatio: number | null;
}

function readCache(
  evidence: Evidence,
  arm: number,
  dependency: number,
  ttlNs: number,
): CacheReading {
  const calls = evidence.calls(arm, dependency);
  const own = readFetches(calls, ttlNs);
  const control = readFetches(evidence.calls(0, dependency), ttlNs);
  const lookups = lookupsOf(evidence, arm, dependency);
  const total = lookups?.reduce((sum, { keys }) => sum + keys.length, 0) ?? 0;
  const lastNs = lookups?.at(-1)?.atNs ?? 0;
  // The same stretch of time on both sides, should the model's look-ups have been cut short.
  const seen = calls.filter(
    (call) => call.safe && call.attempt === 1 && call.arriveNs <= lastNs + 1e9,
  ).length;
  const modelled = lookups !== null && total > 0;
  return {
    own,
    control,
    amplification: ratio(own.fetches, control.fetches),
    hitRatio: modelled ? Math.max(1 - seen / total, 0) : null,
    likelyEntries: modelled
      ? likelyCacheEntries(lookups, ttlNs, { fetches: seen, keys: own.keys })
      : null,
    idealHitRatio: modelled ? 1 - lruFetches(lookups, own.keys, ttlNs) / total : null,
  };
}

function summaryOf(name: string, ttlNs: number, reading: CacheReading): string {
  const { amplification, control, hitRatio, idealHitRatio, likelyEntries, own } = reading;
  const size = likelyEntries === null ? "" : ` of about ${likelyEntries} entries`;
  const hits =
    hitRatio === null || idealHitRatio === null
      ? ""
      : `, it answers ${formatRatio(hitRatio)} of the look-ups where ${formatRatio(idealHitRatio)} could be had`;
  return (
    `the ${name} cache${size} thrashes on a working set of ${formatCount(own.keys)} keys: ` +
    `${formatRatio(ratio(own.premature, own.fetches))} of its fetches ask again for a key fetched less than ` +
    `its ${formatDurationNs(ttlNs)} to live ago (control ${formatRatio(ratio(control.premature, control.fetches))})${hits}; ` +
    `${name} is called ${amplification.toFixed(1)} × as often; ${formatCount(own.keys)} entries would do`
  );
}

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const { cacheTtlNs: ttlNs, name } = evidence.dependencies[dependency]!;
  if (ttlNs === null) return null;
  const reading = readCache(evidence, arm, dependency, ttlNs);
  const { control, own } = reading;
  if (own.fetches === 0 && control.fetches === 0) return null;
  const share = ratio(own.premature, own.fetches);
  const thrashes = own.fetches >= RULE.fetches && share > RULE.prematureRatio;
  const beside = newcombe(
    { events: own.premature, trials: Math.max(own.fetches, 1) },
    { events: control.premature, trials: Math.max(control.fetches, 1) },
    0.99,
  );
  // In counts too: few fetches of a healthy control make its share jump.
  const newOrWorse = beside.low > 0 || own.premature > 2 * Math.max(control.premature, 10);
  const shared = thrashes && !newOrWorse;
  const summary = summaryOf(name, ttlNs, reading);
  return {
    detector: "cache-thrash",
    subject: `${evidence.arms[arm]} ${name}`,
    status: thrashes && newOrWorse ? "fail" : "pass",
    ...(thrashes ? { cause: `${name} cache thrash` } : {}),
    summary: thrashes
      ? `${summary}${shared ? "; control has it too" : ""}`
      : `${formatRatio(share)} of ${formatCount(own.fetches)} fetches from ${name} came before their time ` +
        `(${formatCount(own.keys)} keys, ${formatDurationNs(ttlNs)} to live): the cache holds its working set`,
    evidence: {
      fetches: own.fetches,
      prematureFetches: own.premature,
      prematureRatio: share,
      dogpileFetches: own.dogpile,
      keys: own.keys,
      ttlS: ttlNs / 1e9,
      controlFetches: control.fetches,
      controlPrematureRatio: ratio(control.premature, control.fetches),
      amplification: reading.amplification,
      hitRatio: reading.hitRatio,
      idealHitRatio: reading.idealHitRatio,
      likelyEntries: reading.likelyEntries,
      controlToo: shared,
    },
  };
}

/** Names a cache that evicts before expiry, its likely size and its working set. */
export const cacheThrash: Detector = {
  name: "cache-thrash",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
