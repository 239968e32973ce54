import { formatCount, formatDurationNs, formatRatio } from "../core/index.ts";
import { beganIn, besideControl, besideWords, worstOf } from "./beside.ts";
import { type CacheReading, prematureBeside, readCache, shareOf } from "./cache-reading.ts";
import type { Detector, Evidence, Finding } from "./detector.ts";
import { about, judgeEachPair } from "./pairs.ts";
import { requestsIn } from "./probed/index.ts";
import { tooLittle } from "./too-little.ts";

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
  /** Beside a control that has it too: so many of its fetches, as few are no share; and more by this factor. */
  few: 10,
  factor: 1.5,
  /**
   * Premature fetches beside those that pile up on one that is under way: in a stampede on a busy
   * machine some come just when that is over (live: 22 beside 108).
   */
  dogpileRatio: 0.5,
} as const;

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
  const { amplification, control, hitRatio, idealHitRatio, keys, own, stage } = reading;
  const hits =
    hitRatio === null || idealHitRatio === null
      ? ""
      : `, it answers ${formatRatio(hitRatio)} of the look-ups where ${formatRatio(idealHitRatio)} could be had`;
  const called =
    amplification === null ? "" : ` ${name} is called ${amplification.toFixed(1)} × as often;`;
  return (
    `the ${name} cache${sizeWords(reading)} thrashes on a working set of ${formatCount(keys)} keys, ` +
    `from stage ${stage.name} on: ${formatRatio(shareOf(own))} of its fetches ask again for a key fetched less than ` +
    `its time to live (${formatDurationNs(ttlNs)}) ago (control ${formatRatio(shareOf(control))})${hits};` +
    `${called} ${formatCount(keys)} entries would do`
  );
}

function healthyWords(name: string, ttlNs: number, { keys, own }: CacheReading): string {
  if (own.fetches < RULE.fetches) {
    return `only ${formatCount(own.fetches)} fetches from ${name}, for ${formatCount(keys)} keys: too few to thrash`;
  }
  return (
    `${formatRatio(shareOf(own))} of ${formatCount(own.fetches)} fetches from ${name} ` +
    `came before their time (${formatCount(keys)} keys, ${formatDurationNs(ttlNs)} to live): ` +
    `the cache holds its working set`
  );
}

const thrashes = ({ own }: CacheReading): boolean =>
  own.fetches >= RULE.fetches &&
  shareOf(own) > RULE.prematureRatio &&
  own.premature >= RULE.dogpileRatio * own.dogpile;

/** What a cache that thrashes is called, how large it is, and how it stands beside control. */
function sicknessOf(reading: CacheReading, name: string, ttlNs: number) {
  const { control, keys, likelyEntries, own, stage } = reading;
  const besides = besideControl({
    sick: true,
    controlWorks: control.fetches > 0,
    controlSick: control.premature >= RULE.few && shareOf(control) > RULE.prematureRatio,
    more: shareOf(own) >= RULE.factor * shareOf(control),
  });
  return {
    ...besides,
    began: beganIn(stage),
    size:
      likelyEntries === null
        ? null
        : { what: "entries in the cache", value: likelyEntries, unit: "entries" },
    effect: prematureBeside(reading),
    cause: causeWords(name, reading),
    summary: `${thrashWords(name, ttlNs, reading)}${besideWords(besides)}`,
    cure: `a cache of ${formatCount(keys)} entries`,
  };
}

const evidenceOf = (reading: CacheReading, ttlNs: number): Finding["evidence"] => ({
  stage: reading.stage.name,
  fetches: reading.own.fetches,
  prematureFetches: reading.own.premature,
  prematureRatio: shareOf(reading.own),
  dogpileFetches: reading.own.dogpile,
  keys: reading.keys,
  ttlS: ttlNs / 1e9,
  controlFetches: reading.control.fetches,
  controlPrematureRatio: shareOf(reading.control),
  amplification: reading.amplification,
  hitRatio: reading.hitRatio,
  idealHitRatio: reading.idealHitRatio,
  likelyEntries: reading.likelyEntries,
  entriesLeast: reading.entries?.least ?? null,
  entriesMost: reading.entries?.most ?? null,
});

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const { cacheTtlNs: ttlNs, name } = evidence.dependencies[dependency]!;
  if (ttlNs === null) return null;
  const readings = readCache(evidence, { arm, dependency }, ttlNs);
  const busiest = readings.toSorted((a, b) => b.own.fetches - a.own.fetches)[0];
  if (busiest === undefined) return null;
  const base = { detector: "cache-thrash", ...about(evidence, arm, dependency) };
  const sick = readings.filter(thrashes);
  const worst = worstOf(
    sick.map((each) => ({
      ...base,
      ...sicknessOf(each, name, ttlNs),
      evidence: evidenceOf(each, ttlNs),
    })),
  );
  if (worst !== undefined) return worst;
  const { own, stage } = busiest;
  const requests = requestsIn(evidence.requests(arm), stage).length;
  const doubtful = shareOf(own) > RULE.prematureRatio || requests < 5 * RULE.fetches;
  // Where many come and little is fetched, the cache does what it is there for.
  if (own.fetches < RULE.fetches && doubtful) {
    const have = { have: own.fetches, need: RULE.fetches, stage };
    const little = tooLittle({ ...have, what: `fetches from ${name}`, toTell: "of thrash" });
    return { ...base, ...little, evidence: evidenceOf(busiest, ttlNs) };
  }
  return {
    ...base,
    status: "pass",
    summary: healthyWords(name, ttlNs, busiest),
    evidence: evidenceOf(busiest, ttlNs),
  };
}

/** Names a cache that evicts before expiry, its likely size and its working set. */
export const cacheThrash: Detector = {
  name: "cache-thrash",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
