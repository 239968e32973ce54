import {
  blockDifference,
  type BlockEstimate,
  blockRankDifference,
  sortedDistribution,
  type ValueBlocks,
} from "../../stats/index.ts";
import { bodyBytes } from "../body.ts";
import type { ProfileRecord } from "../record.ts";
import { type Pair, sum } from "./blocks.ts";
import {
  type Compared,
  type DriftAspect,
  type DriftEffect,
  type DriftTest,
  matters,
  untold,
} from "./drift.ts";

/** Fewer values than this in either profile are not compared. */
const VALUES_MIN = 200;
/** Blocks that have values: a variance from fewer says little. */
const BLOCKS_MIN = 20;
/** Routes that are compared one by one: those with the most values. */
const ROUTES_MAX = 10;
/** Romano's negligible effect is below 0.147; what is 0.1 is seen where distributions are narrow. */
const MATTERS_FROM = 0.1;
const NORMAL_95 = 1.959964;
const TAIL = 0.9;
/** Of the share above the 90th percentile of both. */
const TAIL_MATTERS_FROM = 0.05;

interface Known {
  readonly aspect: DriftAspect;
  readonly unit: DriftTest["unit"];
  readonly noun: string;
}

/** The share of values above a bound, with each block's part in it. */
function shareAbove(blocks: ValueBlocks, bound: number): BlockEstimate {
  const count = sum(blocks.map(({ length }) => length));
  const above = blocks.map((block) => block.filter((value) => value > bound).length);
  const estimate = sum(above) / count;
  return { estimate, influence: above.map((n, b) => (n - estimate * blocks[b]!.length) / count) };
}

interface Told {
  readonly effect: DriftEffect;
  readonly pValue: number;
}

function rankEffect(before: ValueBlocks, after: ValueBlocks): Told {
  const { cliffsDelta, pValue, se } = blockRankDifference(before, after);
  return {
    pValue,
    effect: {
      measure: "cliffs-delta",
      value: cliffsDelta,
      low: Math.max(cliffsDelta - NORMAL_95 * se, -1),
      high: Math.min(cliffsDelta + NORMAL_95 * se, 1),
      mattersFrom: MATTERS_FROM,
    },
  };
}

function tailEffect(before: ValueBlocks, after: ValueBlocks): Told {
  const bound = sortedDistribution([before, after].flat(2)).quantile(TAIL);
  const difference = blockDifference(shareAbove(before, bound), shareAbove(after, bound));
  const { estimate: value, high, low, pValue } = difference;
  return {
    pValue,
    effect: { measure: "tail-difference", value, low, high, mattersFrom: TAIL_MATTERS_FROM },
  };
}

/** Of the effects that are large enough to matter, or else of all, the one that is surest. */
function clearest(all: readonly Told[]): Told {
  const large = all.filter(({ effect }) => matters(effect));
  return (large.length > 0 ? large : all).toSorted((a, b) => a.pValue - b.pValue)[0]!;
}

const filled = (blocks: ValueBlocks): number => blocks.filter(({ length }) => length > 0).length;

/**
 * Whether two profiles' values are distributed alike: their ranks (a shift of the middle), and the
 * share that lies above the 90th percentile of both (the tail), each at half the error.
 */
export function compareValues(known: Known, before: ValueBlocks, after: ValueBlocks): Compared {
  const { aspect, noun, unit } = known;
  const counts = [before, after].map((blocks) => sum(blocks.map(({ length }) => length)));
  if (counts.includes(0)) {
    const which = counts.every((count) => count === 0) ? "neither profile" : "one of the profiles";
    return untold(aspect, unit, `${which} knows ${noun}`);
  }
  if (Math.min(...counts) < VALUES_MIN) {
    return untold(aspect, unit, `${Math.min(...counts)} ${noun}; it takes ${VALUES_MIN}`);
  }
  if (Math.min(filled(before), filled(after)) < BLOCKS_MIN) {
    return untold(aspect, unit, `the ${noun} lie within a small part of the profile's time`);
  }
  const [was, is] = [before, after].map((blocks) => sortedDistribution(blocks.flat()));
  const told = clearest([rankEffect(before, after), tailEffect(before, after)]);
  return {
    aspect,
    unit,
    before: was!.quantile(0.5),
    after: is!.quantile(0.5),
    effect: told.effect,
    pValue: Math.min(1, 2 * told.pValue),
    because: null,
    details: [0.5, 0.9, 0.99].map((p) => ({
      what: `p${p * 100}`,
      before: counts[0]! * (1 - p) < 1 ? null : was!.quantile(p),
      after: counts[1]! * (1 - p) < 1 ? null : is!.quantile(p),
    })),
  };
}

type ValueOf = (record: ProfileRecord) => number | undefined;

/** The routes that have most of the values in both profiles. */
function routesWith(pair: Pair, valueOf: ValueOf): string[] {
  const counts = [pair.before, pair.after].map(({ profile }) => {
    const ofRoutes = new Map<string, number>();
    for (const record of profile.records) {
      if (valueOf(record) === undefined) continue;
      ofRoutes.set(record.route, (ofRoutes.get(record.route) ?? 0) + 1);
    }
    return ofRoutes;
  });
  const [before, after] = counts as [Map<string, number>, Map<string, number>];
  const both = (route: string): number => Math.min(before.get(route)!, after.get(route) ?? 0);
  return [...before.keys()]
    .filter((route) => both(route) >= VALUES_MIN)
    .toSorted((a, b) => both(b) - both(a) || (a < b ? -1 : 1))
    .slice(0, ROUTES_MAX);
}

/** Compares a value of the records by route; of all together where no route has enough. */
function compareByRoute(pair: Pair, known: Known, valueOf: ValueOf): Compared[] {
  const blocksOf = (side: keyof Pair, route?: string): number[][] =>
    pair[side].blocks.map((records) =>
      records
        .filter((record) => route === undefined || record.route === route)
        .flatMap((record) => valueOf(record) ?? []),
    );
  const routes = routesWith(pair, valueOf);
  if (routes.length === 0) return [compareValues(known, blocksOf("before"), blocksOf("after"))];
  return routes.map((route) => ({
    ...compareValues(known, blocksOf("before", route), blocksOf("after", route)),
    route,
  }));
}

const requestBytes: ValueOf = (record) =>
  record.body === undefined ? undefined : bodyBytes(record);

/** Body sizes and service times, by route. */
export function compareSizesAndTimes(pair: Pair): Compared[] {
  const comparisons: readonly [Known, ValueOf][] = [
    [{ aspect: "request-size", unit: "bytes", noun: "request bodies" }, requestBytes],
    [
      { aspect: "response-size", unit: "bytes", noun: "response sizes" },
      ({ responseBytes }) => responseBytes,
    ],
    [
      { aspect: "service-time", unit: "us", noun: "service times" },
      ({ serviceTimeUs }) => serviceTimeUs,
    ],
  ];
  return comparisons.flatMap(([known, valueOf]) => compareByRoute(pair, known, valueOf));
}
