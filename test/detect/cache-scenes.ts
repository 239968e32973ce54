import { seededPrng } from "../../src/core/index.ts";
import type { Scenes } from "./scenes.ts";
import type { World } from "./service.ts";
import { evidenceOf, MS, S, startsOf, TRAFFIC } from "./simulate.ts";
import { type CacheTarget, throughCache } from "./targets.ts";

/* What goes wrong with caches, for each detector of it: its test and the bench share them. */

const RECORDS = 100;
const KEYS = 80;
const LENGTH_NS = 8 * S;

/** One to three of eighty keys for each record, popular ones more often (Zipf, s = 0.9). */
export function zipfKeys(seed: string): (seq: number) => readonly number[] {
  const uniform = seededPrng(`keys ${seed}`);
  const weights = Array.from({ length: KEYS }, (_, rank) => 1 / (rank + 1) ** 0.9);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const pick = (): number => {
    let left = uniform() * total;
    return Math.max(
      weights.findIndex((weight) => (left -= weight) < 0),
      0,
    );
  };
  const records = Array.from({ length: RECORDS }, () => {
    const keys = Array.from({ length: 1 + Math.floor(3 * uniform()) }, pick);
    return [...new Set(keys)];
  });
  return (seq) => records[seq % RECORDS]!;
}

/** A control and a variant behind a cache; what each does itself takes it another time. */
const caches =
  (arms: readonly [CacheTarget, CacheTarget], holdMedianNs = 30 * MS) =>
  ({ identity, rate, seed }: World) => {
    const ratePerSec = 150 * rate;
    const starts = startsOf({ ...TRAFFIC, ratePerSec, holdMedianNs, lengthNs: LENGTH_NS }, seed);
    const logOf = (target: CacheTarget, arm: number) => {
      const noise = seededPrng(`noise ${seed}/${arm}`);
      const noisy = starts.map((start) => ({ ...start, thinkNs: (0.2 + noise()) * MS }));
      return throughCache(noisy, zipfKeys(seed), target);
    };
    const dependency = { name: "catalog", cacheTtlNs: arms[0].ttlNs };
    const given = { lengthNs: LENGTH_NS, ratePerSec, dependency, recordCount: RECORDS, identity };
    return evidenceOf([logOf(arms[0], 0), logOf(arms[1], 1)], given);
  };

const BRIEF: CacheTarget = { entries: 500, ttlNs: S };
const LONG: CacheTarget = { entries: 500, ttlNs: 60 * S };
const crowded = { ...BRIEF, singleFlight: false };

export const stampedeScenes: Scenes = {
  healthy: caches([BRIEF, BRIEF]),
  sick: caches([BRIEF, crowded]),
  both: caches([crowded, crowded]),
  lookAlikes: {
    "a cache that thrashes": caches([LONG, { ...LONG, entries: 8 }]),
    "fetches that fail and are tried again": caches([
      BRIEF,
      { ...BRIEF, failing: 0.5, attempts: 4 },
    ]),
    "a dependency that is slow": caches([BRIEF, BRIEF], 300 * MS),
  },
  cause: /^catalog cache stampede/,
  size: null,
  byRates: true,
};

export const thrashScenes: Scenes = {
  healthy: caches([LONG, LONG]),
  sick: caches([LONG, { ...LONG, entries: 16 }]),
  both: caches([
    { ...LONG, entries: 16 },
    { ...LONG, entries: 16 },
  ]),
  lookAlikes: {
    "time to live that runs out, again and again": caches([BRIEF, { ...BRIEF, entries: 100 }]),
    "a stampede": caches([BRIEF, crowded]),
  },
  cause: /^catalog cache thrash/,
  size: null,
  byRates: true,
};
