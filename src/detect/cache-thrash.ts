import { formatCount, formatDurationNs, formatRatio } from "../core/index.ts";
import type { EmulatedCall } from "../measure/index.ts";
import { newcombe } from "../stats/index.ts";
import { beganIn } from "./beside.ts";
import type { Detector, Evidence, Finding } from "./detector.ts";
import { cacheEntriesRange, likelyCacheEntries, type Lookups, lruFetches } from "./lru-model.ts";
import { about, judgeEachPair } from "./pairs.ts";

/*
 * The emulator is the origin: it sees a cache's misses only. A cache that holds its working set
 * asks for a key again when its time to live has passed; one that evicts before expiry asks
 * earlier. The share of such premature refetches needs no access to the cache.
 */
const RULE = {
  /**
   * Premature share of fetches that counts as thrash, and the fetches needed to judge. Simulated
   * (20 seeds): healthy caches show 0 %, those of about half their working set and less 73 to 99 %.
   */
  prematureRatio: 0.05,
  fetches: 100,
  /**
   * Premature fetches beside those that pile up on one that is under way: in a stampede on a busy
   * machine some come just when that is over (live: 22 beside 108).
   */
  dogpileRatio: 0.5,
  /** A cache that asks again after this share of the time to live refreshes ahead; that is no fault. */
  ttlRatio: 0.9,
  /** A size is named when the largest that explains the fetches is below this × the smallest (+ 2). */
  rangeMax: 2,
  /** Look-ups that the cache model is run over. */
  lookupsMax: 200_000,
} as const;

interface FetchReading {
  readonly fetches: number;
  readonly premature: number;
  /** Fetches that arrived while the same key was on its way: a missing single-flight. */
  readonly dogpile: number;
  /** Fetches that put an answer into the cache: good ones, one of each dogpile. */
  readonly stored: number;
  readonly keys: number;
  /** Time that keys were on their way, summed over keys. */
  readonly onItsWayNs: number;
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/**
 * `calls` in order of arrival. Counted from arrival to arrival: whether a cache's clock starts with
 * the question or with the answer is its own affair. What follows a failed fetch is no refetch,
 * since there was nothing to keep.
 */
function readFetches(calls: readonly EmulatedCall[], ttlNs: number): FetchReading {
  const last = new Map<number, EmulatedCall>();
  const onItsWayUntilNs = new Map<number, number>();
  const reading = { fetches: 0, premature: 0, dogpile: 0, stored: 0, onItsWayNs: 0 };
  for (const call of calls) {
    if (!call.safe) continue;
    reading.fetches++;
    const before = last.get(call.key);
    const busyUntilNs = onItsWayUntilNs.get(call.key) ?? -Infinity;
    const onItsWay = busyUntilNs > call.arriveNs;
    const early = before !== undefined && call.arriveNs - before.arriveNs < RULE.ttlRatio * ttlNs;
    if (onItsWay) reading.dogpile++;
    else {
      if (early && before.outcome === "ok") reading.premature++;
      if (call.outcome === "ok") reading.stored++;
    }
    const untilNs = Math.max(busyUntilNs, call.endNs);
    reading.onItsWayNs += untilNs - Math.max(busyUntilNs, call.arriveNs);
    onItsWayUntilNs.set(call.key, untilNs);
    // Of fetches that overlap, one good answer is enough to keep.
    if (!onItsWay || before?.outcome !== "ok" || call.outcome === "ok") last.set(call.key, call);
  }
  return { ...reading, keys: last.size };
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
  /** Null when control fetches nothing. */
  readonly amplification: number | null;
  readonly hitRatio: number | null;
  readonly idealHitRatio: number | null;
  readonly likelyEntries: number | null;
  readonly entries: { readonly least: number; readonly most: number } | null;
}

/** What the model makes of the look-ups of an arm, beside what was seen of the same requests. */
function modelled(evidence: Evidence, arm: number, dependency: number, ttlNs: number) {
  const lookups = lookupsOf(evidence, arm, dependency);
  const total = lookups?.reduce((sum, { keys }) => sum + keys.length, 0) ?? 0;
  if (lookups === null || total === 0) return null;
  const lastNs = lookups.at(-1)!.atNs;
  // The same requests on both sides, should the model's look-ups have been cut short.
  const calls = evidence
    .calls(arm, dependency)
    .filter(({ seq }) => (evidence.request(arm, seq)?.startNs ?? Infinity) <= lastNs);
  const { keys, onItsWayNs, stored } = readFetches(calls, ttlNs);
  const seen = { fetches: stored, keys };
  const range = cacheEntriesRange(lookups, ttlNs, seen);
  // The model keeps a key from the question on; a cache from the answer on, beside those it holds.
  const onItsWay = onItsWayNs / Math.max(lastNs - lookups[0]!.atNs, 1);
  const held = (entries: number): number => Math.max(Math.round(entries - onItsWay), 1);
  const entries = { least: held(range.least), most: held(range.most) };
  const named = entries.most <= RULE.rangeMax * entries.least + 2;
  return {
    hitRatio: Math.max(
      1 - calls.filter((call) => call.safe && call.attempt === 1).length / total,
      0,
    ),
    idealHitRatio: 1 - lruFetches(lookups, keys, ttlNs) / total,
    likelyEntries: named ? held(likelyCacheEntries(lookups, ttlNs, seen)) : null,
    entries,
  };
}

function readCache(
  evidence: Evidence,
  arm: number,
  dependency: number,
  ttlNs: number,
): CacheReading {
  const own = readFetches(evidence.calls(arm, dependency), ttlNs);
  const control = readFetches(evidence.calls(0, dependency), ttlNs);
  const nothing = { hitRatio: null, idealHitRatio: null, likelyEntries: null, entries: null };
  return {
    own,
    control,
    amplification: control.fetches === 0 ? null : own.fetches / control.fetches,
    ...(modelled(evidence, arm, dependency, ttlNs) ?? nothing),
  };
}

function sizeWords({ entries, likelyEntries }: CacheReading): string {
  if (entries === null) return "";
  return likelyEntries === null
    ? ` of at most ${formatCount(entries.most)} entries`
    : ` of about ${formatCount(likelyEntries)} entries`;
}

function causeWords(name: string, reading: CacheReading): string {
  const size = sizeWords(reading);
  return `${name} cache thrash${size === "" ? "" : ` (a cache${size})`}`;
}

function thrashWords(name: string, ttlNs: number, reading: CacheReading): string {
  const { amplification, control, hitRatio, idealHitRatio, own } = reading;
  const hits =
    hitRatio === null || idealHitRatio === null
      ? ""
      : `, it answers ${formatRatio(hitRatio)} of the look-ups where ${formatRatio(idealHitRatio)} could be had`;
  const called =
    amplification === null ? "" : ` ${name} is called ${amplification.toFixed(1)} × as often;`;
  return (
    `the ${name} cache${sizeWords(reading)} thrashes on a working set of ${formatCount(own.keys)} keys: ` +
    `${formatRatio(ratio(own.premature, own.fetches))} of its fetches ask again for a key fetched less than ` +
    `its time to live (${formatDurationNs(ttlNs)}) ago (control ${formatRatio(ratio(control.premature, control.fetches))})${hits};` +
    `${called} ${formatCount(own.keys)} entries would do`
  );
}

function healthyWords(name: string, ttlNs: number, { own }: CacheReading): string {
  if (own.fetches < RULE.fetches) {
    return `only ${formatCount(own.fetches)} fetches from ${name}, for ${formatCount(own.keys)} keys: too few to thrash`;
  }
  return (
    `${formatRatio(ratio(own.premature, own.fetches))} of ${formatCount(own.fetches)} fetches from ${name} ` +
    `came before their time (${formatCount(own.keys)} keys, ${formatDurationNs(ttlNs)} to live): ` +
    `the cache holds its working set`
  );
}

/** Whether this is more than control shows: by share, or by count where control fetches little. */
function isNewOrWorse({ control, own }: CacheReading): boolean {
  const beside = newcombe(
    { events: own.premature, trials: Math.max(own.fetches, 1) },
    { events: control.premature, trials: Math.max(control.fetches, 1) },
    0.99,
  );
  // Few fetches of a healthy control make its share jump.
  return beside.low > 0 || own.premature > 2 * Math.max(control.premature, 10);
}

/** What a cache that thrashes is called, how large it is, and how it stands beside control. */
function sicknessOf(
  evidence: Evidence,
  reading: CacheReading,
  { name, shared }: { readonly name: string; readonly shared: boolean },
) {
  const { control, likelyEntries, own } = reading;
  const sickToo = ratio(control.premature, control.fetches) > RULE.prematureRatio;
  const entries = likelyEntries ?? null;
  const first = evidence.stages.find((stage) => stage.judged);
  return {
    comparison: shared ? ("shared" as const) : sickToo ? ("worse" as const) : ("new" as const),
    began: first === undefined ? null : beganIn(first),
    size:
      entries === null ? null : { what: "entries in the cache", value: entries, unit: "entries" },
    cause: causeWords(name, reading),
    cure: `a cache of ${formatCount(own.keys)} entries`,
  };
}

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const { cacheTtlNs: ttlNs, name } = evidence.dependencies[dependency]!;
  if (ttlNs === null) return null;
  const reading = readCache(evidence, arm, dependency, ttlNs);
  const { control, own } = reading;
  if (own.fetches === 0 && control.fetches === 0) return null;
  const share = ratio(own.premature, own.fetches);
  const thrashes =
    own.fetches >= RULE.fetches &&
    share > RULE.prematureRatio &&
    own.premature >= RULE.dogpileRatio * own.dogpile;
  const shared = thrashes && !isNewOrWorse(reading);
  return {
    detector: "cache-thrash",
    ...about(evidence, arm, dependency),
    status: thrashes ? (shared ? "shared" : "fail") : "pass",
    ...(thrashes ? sicknessOf(evidence, reading, { name, shared }) : {}),
    summary: thrashes
      ? `${thrashWords(name, ttlNs, reading)}${shared ? "; control has it too" : ""}`
      : healthyWords(name, ttlNs, reading),
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
      entriesLeast: reading.entries?.least ?? null,
      entriesMost: reading.entries?.most ?? null,
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
