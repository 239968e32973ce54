import { formatCount } from "../../core/index.ts";
import { blockDifference, type BlockEstimate } from "../../stats/index.ts";
import { requestKey } from "../keys.ts";
import { sessionOf } from "../in-record/session-of.ts";
import { popularityOf, type ZipfFit } from "../popularity.ts";
import type { ProfileRecord } from "../record.ts";
import { workingSetAt, workingSetOfTimes } from "../working-set.ts";
import { type BlockedProfile, type Pair, sum } from "./blocks.ts";
import { type Compared, type DriftDetail, untold } from "./drift.ts";
import { compareRatio } from "./rate.ts";

const KEYED_MIN = 100;
const POPULARITY_MATTERS_FROM = 1.2;
const WORKING_SET_MATTERS_FROM = 1.2;
const KNOWN_MATTERS_FROM = 0.05;
/** Blocks on either side of one in which the same users may go on, where sessions are not known. */
const NEAR = 1;

/** The keys of one profile's requests, by block. */
interface KeyBlocks {
  readonly blocks: readonly (readonly string[])[];
  readonly all: readonly string[];
  readonly times: ReadonlyMap<string, number>;
  /** How often each block asks for each of its keys. */
  readonly perBlock: readonly ReadonlyMap<string, number>[];
}

function timesOf(keys: Iterable<string>): Map<string, number> {
  const times = new Map<string, number>();
  for (const key of keys) times.set(key, (times.get(key) ?? 0) + 1);
  return times;
}

function keyBlocks({ blocks }: BlockedProfile): KeyBlocks {
  return ofKeys(blocks.map((records) => records.flatMap((record) => requestKey(record) ?? [])));
}

/** Without what a session asks for again. */
function keyBlocksOnce({ blocks }: BlockedProfile): KeyBlocks {
  const asked = new Map<string, Set<string>>();
  const isNew = (session: string | null, key: string): boolean => {
    if (session === null) return true;
    const keys = asked.get(session) ?? new Set();
    asked.set(session, keys);
    return keys.size < keys.add(key).size;
  };
  const firstKey = (record: ProfileRecord): string[] => {
    const key = requestKey(record);
    return key !== null && isNew(sessionOf(record), key) ? [key] : [];
  };
  return ofKeys(blocks.map((records) => records.flatMap(firstKey)));
}

function ofKeys(blocks: readonly (readonly string[])[]): KeyBlocks {
  const all = blocks.flat();
  return { blocks, all, times: timesOf(all), perBlock: blocks.map(timesOf) };
}

/**
 * ln of the chance that two requests of different blocks ask for the same key, with each block's
 * part in it. Of pairs, so that it is the same for a long profile and a short one; of different
 * blocks, because a session that asks twice is no sign of popularity.
 * Source: Simpson 1949; the influence of a block on a ratio of U-statistics, Hoeffding 1948.
 */
function logRepeat({ all, perBlock, times }: KeyBlocks): BlockEstimate {
  const sizes = perBlock.map((block) => sum([...block.values()]));
  const within = perBlock.map((block) => sum([...block.values()].map((count) => count ** 2)));
  const same = sum([...times.values()].map((count) => count ** 2)) - sum(within);
  const pairs = all.length ** 2 - sum(sizes.map((size) => size ** 2));
  const chance = same / pairs;
  const influence = perBlock.map((block, b) => {
    const withOthers = sum([...block].map(([key, count]) => count * times.get(key)!)) - within[b]!;
    const pairsWithOthers = sizes[b]! * (all.length - sizes[b]!);
    return (2 * (withOthers - chance * pairsWithOthers)) / (pairs * chance);
  });
  return { estimate: Math.log(chance), influence };
}

const zipfDetail = (before: ZipfFit | null, after: ZipfFit | null): DriftDetail[] =>
  (["exponent", "low", "high"] as const).map((what) => ({
    what: what === "exponent" ? "Zipf exponent" : `Zipf exponent, ${what} end of its 95 % interval`,
    before: before?.[what] ?? null,
    after: after?.[what] ?? null,
  }));

function comparePopularity(before: KeyBlocks, after: KeyBlocks): Compared {
  const estimates = [logRepeat(before), logRepeat(after)] as const;
  if (estimates.some(({ estimate }) => !Number.isFinite(estimate))) {
    return untold("popularity", "chance", "hardly any key is asked for twice");
  }
  const known = {
    aspect: "popularity",
    unit: "chance",
    mattersFrom: POPULARITY_MATTERS_FROM,
  } as const;
  const [was, is] = [popularityOf(before.all), popularityOf(after.all)];
  return {
    ...compareRatio(known, ...estimates),
    details: [
      ...zipfDetail(was.zipf, is.zipf),
      { what: "share of the hottest key", before: was.hottestShare, after: is.hottestShare },
    ],
  };
}

/**
 * The share of a profile's requests whose keys it knows from elsewhere in it: what another profile
 * of the same traffic would know, or a little less. Blocks next to a request's own do not count,
 * nor does what its session asks for again.
 */
function knownWithin({ all, blocks, perBlock, times }: KeyBlocks): BlockEstimate {
  const known = blocks.map((keys, b) => {
    const near = perBlock.slice(Math.max(0, b - NEAR), b + NEAR + 1);
    const elsewhere = (key: string): number =>
      times.get(key)! - sum(near.map((block) => block.get(key) ?? 0));
    return keys.filter((key) => elsewhere(key) > 0).length;
  });
  return shareOf(known, blocks, all.length);
}

function knownElsewhere({ all, blocks }: KeyBlocks, { times }: KeyBlocks): BlockEstimate {
  const known = blocks.map((keys) => keys.filter((key) => times.has(key)).length);
  return shareOf(known, blocks, all.length);
}

function shareOf(
  known: readonly number[],
  blocks: readonly (readonly string[])[],
  count: number,
): BlockEstimate {
  const estimate = sum(known) / count;
  return { estimate, influence: known.map((n, b) => (n - estimate * blocks[b]!.length) / count) };
}

const DISJOINT =
  "not one key is in both: another catalogue, or pseudonyms that were made with other keys";

/** One-sided: that more is known than by chance is no drift. */
function compareKnown(before: KeyBlocks, after: KeyBlocks): Compared {
  const [within, across] = [knownWithin(before), knownElsewhere(after, before)];
  if (across.estimate === 0) return untold("known-keys", "share", DISJOINT);
  const { estimate, high, low, pBelow } = blockDifference(within, across);
  return {
    aspect: "known-keys",
    unit: "share",
    before: within.estimate,
    after: across.estimate,
    effect: {
      measure: "share-difference",
      value: Math.min(estimate, 0),
      low,
      high,
      mattersFrom: KNOWN_MATTERS_FROM,
    },
    pValue: pBelow,
    because: null,
    details: [],
  };
}

/** ln of the distinct keys of so many requests, with each block's part in it, by leaving it out. */
function logDistinct({ all, perBlock, times }: KeyBlocks, requests: number): BlockEstimate {
  const of = (counts: Iterable<number>, size: number): number =>
    Math.log(workingSetAt(workingSetOfTimes(counts, size), requests));
  const estimate = of(times.values(), all.length);
  const left = perBlock.map((block) => {
    const rest = [...times].map(([key, count]) => count - (block.get(key) ?? 0));
    const size = all.length - sum([...block.values()]);
    return of(
      rest.filter((count) => count > 0),
      size,
    );
  });
  // The pseudo-values of the jackknife, about their mean.
  const blocks = left.length;
  const mean = sum(left) / blocks;
  return { estimate, influence: left.map((one) => ((mean - one) * (blocks - 1)) / blocks) };
}

/**
 * At half of the smaller profile's requests: enough remains where a block is left out. Without
 * what sessions ask for again: choosing requests of a long profile by lot, as rarefaction does,
 * would lose such repetitions and keep those of a short one.
 */
function compareWorkingSets(before: KeyBlocks, after: KeyBlocks): Compared {
  const requests = Math.floor(Math.min(before.all.length, after.all.length) / 2);
  const known = {
    aspect: "working-set",
    unit: "keys",
    mattersFrom: WORKING_SET_MATTERS_FROM,
  } as const;
  const [was, is] = [logDistinct(before, requests), logDistinct(after, requests)];
  return {
    ...compareRatio(known, was, is),
    because: `among ${formatCount(requests)} requests, what a session asks for again left out`,
  };
}

/** Key popularity, keys that are known already, and how many different ones come. */
export function compareKeys(pair: Pair): Compared[] {
  const [before, after] = [keyBlocks(pair.before), keyBlocks(pair.after)];
  const fewest = Math.min(before.all.length, after.all.length);
  if (fewest < KEYED_MIN) {
    const because = `${fewest} requests for something that has a key; it takes ${KEYED_MIN}`;
    return [
      untold("popularity", "chance", because),
      untold("known-keys", "share", because),
      untold("working-set", "keys", because),
    ];
  }
  const popularity = comparePopularity(before, after);
  const once = [keyBlocksOnce(pair.before), keyBlocksOnce(pair.after)] as const;
  const fewestOnce = Math.min(...once.map(({ all }) => all.length));
  if (fewestOnce < KEYED_MIN) {
    const because = `${fewestOnce} such requests but for what sessions ask for again; it takes ${KEYED_MIN}`;
    return [
      popularity,
      untold("known-keys", "share", because),
      untold("working-set", "keys", because),
    ];
  }
  return [popularity, compareKnown(...once), compareWorkingSets(...once)];
}
