import { newcombe } from "../stats/index.ts";
import type { EmulatedCall } from "../measure/index.ts";
import { CONFIDENCE, type Counted, shareBeside } from "./beside.ts";
import type { CacheFlush, Evidence, FindingEffect, StageWindow } from "./detector.ts";
import { flushesOf, sinceFlush } from "./flushes.ts";
import { cacheEntriesRange, likelyCacheEntries, type Lookups, lruFetches } from "./lru-model.ts";
import { judgedStages } from "./pairs.ts";

const RULE = {
  /** A cache that asks again after this share of the time to live refreshes ahead; that is no fault. */
  ttlRatio: 0.9,
  /** A size is named when the largest that explains the fetches is below this × the smallest (+ 2). */
  rangeMax: 2,
  /** Look-ups that the cache model is run over. */
  lookupsMax: 200_000,
} as const;

/** One fetch of an answer that may be kept, and what its key tells of it. */
interface Fetch {
  readonly atNs: number;
  readonly premature: boolean;
  /** It arrived while the same key was on its way: a missing single-flight. */
  readonly dogpile: boolean;
}

interface FetchReading {
  readonly fetches: readonly Fetch[];
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
function readFetches(
  calls: readonly EmulatedCall[],
  ttlNs: number,
  flushes: readonly CacheFlush[],
): FetchReading {
  const last = new Map<number, EmulatedCall>();
  const emptied = sinceFlush(flushes);
  const onItsWayUntilNs = new Map<number, number>();
  const fetches: Fetch[] = [];
  let [stored, onItsWayNs] = [0, 0];
  for (const call of calls) {
    if (!call.safe) continue;
    const before = last.get(call.key);
    const busyUntilNs = onItsWayUntilNs.get(call.key) ?? -Infinity;
    const dogpile = busyUntilNs > call.arriveNs;
    const early =
      before !== undefined &&
      !emptied(before.arriveNs, call.arriveNs) &&
      call.arriveNs - before.arriveNs < RULE.ttlRatio * ttlNs;
    const premature = !dogpile && early && before.outcome === "ok";
    fetches.push({ atNs: call.arriveNs, premature, dogpile });
    if (!dogpile && call.outcome === "ok") stored++;
    const untilNs = Math.max(busyUntilNs, call.endNs);
    onItsWayNs += untilNs - Math.max(busyUntilNs, call.arriveNs);
    onItsWayUntilNs.set(call.key, untilNs);
    // Of fetches that overlap, one good answer is enough to keep.
    if (!dogpile || before?.outcome !== "ok" || call.outcome === "ok") last.set(call.key, call);
  }
  return { fetches, stored, onItsWayNs, keys: last.size };
}

/** Fetches of an arm in one stage, told by all that it fetched before. */
export interface Side {
  readonly each: readonly Fetch[];
  readonly fetches: number;
  readonly premature: number;
  readonly dogpile: number;
}

function sideIn({ fetches }: FetchReading, { fromNs, toNs }: StageWindow): Side {
  const each = fetches.filter(({ atNs }) => atNs >= fromNs && atNs < toNs);
  return {
    each,
    fetches: each.length,
    premature: each.filter(({ premature }) => premature).length,
    dogpile: each.filter(({ dogpile }) => dogpile).length,
  };
}

export const shareOf = ({ fetches, premature }: Side): number => ratio(premature, fetches);

/**
 * What each request looks up, learnt from what requests for the same record were ever seen to
 * fetch, in this arm or control. Null when the target passes no identity on.
 */
function lookupsOf(evidence: Evidence, arm: number, dependency: number): Lookups[] | null {
  const keysOfRecord = new Map<number, Set<number>>();
  // Another variant may look up what neither of these does.
  for (const other of new Set([0, arm])) {
    for (const call of evidence.calls(other, dependency)) {
      if (call.seq < 0 || !call.safe) continue;
      const record = call.seq % evidence.recordCount;
      const keys = keysOfRecord.get(record) ?? new Set();
      keysOfRecord.set(record, keys.add(call.key));
    }
  }
  if (keysOfRecord.size === 0) return null;
  const lookups: Lookups[] = [];
  const emptied = sinceFlush(flushesOf(evidence, arm));
  let total = 0;
  for (const { seq, startNs } of evidence.requests(arm)) {
    const keys = keysOfRecord.get(seq % evidence.recordCount);
    if (keys === undefined) continue;
    const since = lookups.at(-1)?.atNs ?? startNs;
    lookups.push({ atNs: startNs, keys: [...keys], emptied: emptied(since, startNs) });
    total += keys.size;
    if (total > RULE.lookupsMax) break;
  }
  return lookups;
}

/** What the model makes of all look-ups of an arm; null where they are not known. */
interface CacheModel {
  readonly hitRatio: number | null;
  readonly idealHitRatio: number | null;
  readonly likelyEntries: number | null;
  readonly entries: { readonly least: number; readonly most: number } | null;
}

export interface CacheReading extends CacheModel {
  readonly stage: StageWindow;
  readonly own: Side;
  readonly control: Side;
  /** Keys that were fetched, in the whole run. */
  readonly keys: number;
  /** Null when control fetches nothing. */
  readonly amplification: number | null;
}

/** What the model makes of the look-ups of an arm, beside what was seen of the same requests. */
function modelled(
  evidence: Evidence,
  arm: number,
  dependency: number,
  ttlNs: number,
): CacheModel | null {
  const lookups = lookupsOf(evidence, arm, dependency);
  const total = lookups?.reduce((sum, { keys }) => sum + keys.length, 0) ?? 0;
  if (lookups === null || total === 0) return null;
  const lastNs = lookups.at(-1)!.atNs;
  // The same requests on both sides, should the model's look-ups have been cut short.
  const calls = evidence
    .calls(arm, dependency)
    .filter(({ seq }) => (evidence.request(arm, seq)?.startNs ?? Infinity) <= lastNs);
  const { keys, onItsWayNs, stored } = readFetches(calls, ttlNs, flushesOf(evidence, arm));
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

const UNKNOWN: CacheModel = {
  hitRatio: null,
  idealHitRatio: null,
  likelyEntries: null,
  entries: null,
};

/** How many more of its fetches are premature: over paired blocks, or by counts where those are too few. */
export function prematureBeside({
  control,
  own,
  stage,
}: Pick<CacheReading, "control" | "own" | "stage">): FindingEffect | null {
  const what = "fetches before their time";
  const counted = ({ each }: Side): Counted[] =>
    each.map(({ atNs, premature }) => ({ atNs, numerator: premature ? 1 : 0, denominator: 1 }));
  const { effect } = shareBeside(what, { own: counted(own), control: counted(control) }, stage);
  if (effect !== null || control.fetches === 0) return effect;
  const estimate = shareOf(own) - shareOf(control);
  return { what, kind: "difference", estimate, ...moreOf(own, control), confidence: CONFIDENCE };
}

/** Of the premature share, variant − control, by counts. */
const moreOf = (own: Side, control: Side) =>
  newcombe(
    { events: own.premature, trials: Math.max(own.fetches, 1) },
    { events: control.premature, trials: Math.max(control.fetches, 1) },
    CONFIDENCE,
  );

/** What an arm fetched from a dependency in each judged stage, beside control. */
export function readCache(
  evidence: Evidence,
  { arm, dependency }: { readonly arm: number; readonly dependency: number },
  ttlNs: number,
): CacheReading[] {
  const [all, controls] = [arm, 0].map((side) =>
    readFetches(evidence.calls(side, dependency), ttlNs, flushesOf(evidence, side)),
  ) as [FetchReading, FetchReading];
  if (all.fetches.length + controls.fetches.length === 0) return [];
  const model = modelled(evidence, arm, dependency, ttlNs) ?? UNKNOWN;
  return judgedStages(evidence).map((stage): CacheReading => {
    const [own, control] = [sideIn(all, stage), sideIn(controls, stage)];
    const amplification = control.fetches === 0 ? null : own.fetches / control.fetches;
    return { stage, own, control, keys: all.keys, amplification, ...model };
  });
}
