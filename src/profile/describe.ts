import { NS_PER_S } from "../core/index.ts";
import { indexOfDispersion } from "../stats/index.ts";
import { requestKey } from "./keys.ts";
import { type Popularity, popularityOf } from "./popularity.ts";
import type { Profile, ProfileManifest, ProfileRecord } from "./record.ts";
import { ReuseDistances } from "./reuse.ts";
import { type WorkingSetCurve, workingSetCurve } from "./working-set.ts";

/** How often one value occurs: `share` is of the profile's records, 0…1. */
export interface Share {
  readonly value: string;
  readonly count: number;
  readonly share: number;
}

/** Sizes in bytes of the bodies there are. */
export interface BodySizes {
  readonly count: number;
  readonly minBytes: number;
  readonly medianBytes: number;
  readonly maxBytes: number;
  readonly totalBytes: number;
}

/** What a profile holds, in the figures that a person asks for first. */
export interface ProfileSummary {
  readonly manifest: ProfileManifest;
  readonly requestCount: number;
  /** From the first arrival to the last. */
  readonly durationNs: number;
  /** Null when all requests arrive at one moment. */
  readonly meanRatePerSec: number | null;
  /** The busiest window of that length, wherever it lies; null when the profile is shorter. */
  readonly peakRatePerSec: { readonly over1S: number | null; readonly over10S: number | null };
  /**
   * Coefficient of variation of the gaps between arrivals: 1 for a Poisson process. Null with fewer
   * than two gaps, and when the capture's clock is too coarse to know (mean gap below its precision).
   */
  readonly interArrivalCv: number | null;
  /**
   * Variance ÷ mean of the counts in windows of that length: 1 for a Poisson process. Null with
   * fewer than ten such windows, of which too little can be told.
   */
  readonly dispersion: {
    readonly over1S: number | null;
    readonly over10S: number | null;
    readonly over60S: number | null;
  };
  /** How requests go to keys (see `requestKey`); null where none has a key. */
  readonly popularity: Popularity | null;
  /** What a cache of the least recently used keys would hit, by its size; ascending. */
  readonly cacheHits: readonly { readonly entries: number; readonly hitRatio: number }[];
  /** How the keys that are touched grow with the requests. */
  readonly workingSet: WorkingSetCurve;
  readonly routes: readonly Share[];
  readonly methods: readonly Share[];
  /** Statuses as captured; empty when the capture does not know them. */
  readonly statuses: readonly Share[];
  readonly headerNames: readonly Share[];
  readonly sessionCount: number;
  readonly bodies: BodySizes | null;
}

/** Shares of the values, largest first, equal ones by name. */
function sharesOf(values: Iterable<string>, total: number): Share[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .map(([value, count]) => ({ value, count, share: count / total }))
    .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

/** The most arrivals in any half-open window of this length, per second. */
function peakPerSec(offsetsNs: readonly number[], windowS: number): number | null {
  const windowNs = windowS * NS_PER_S;
  if ((offsetsNs.at(-1) ?? 0) < windowNs) return null;
  let [from, most] = [0, 0];
  for (const [index, offsetNs] of offsetsNs.entries()) {
    while (offsetNs - offsetsNs[from]! >= windowNs) from++;
    most = Math.max(most, index - from + 1);
  }
  return most / windowS;
}

function gapCv(offsetsNs: readonly number[], precisionNs: number): number | null {
  const gapCount = offsetsNs.length - 1;
  const meanNs = (offsetsNs.at(-1) ?? 0) / gapCount;
  if (gapCount < 2 || meanNs === 0 || meanNs < precisionNs) return null;
  let squares = 0;
  for (let i = 1; i <= gapCount; i++) squares += (offsetsNs[i]! - offsetsNs[i - 1]! - meanNs) ** 2;
  return Math.sqrt(squares / (gapCount - 1)) / meanNs;
}

const WINDOWS_MIN = 10;

function dispersionOver(offsetsNs: readonly number[], windowS: number): number | null {
  const windowNs = windowS * NS_PER_S;
  const durationNs = offsetsNs.at(-1) ?? 0;
  if (durationNs < WINDOWS_MIN * windowNs) return null;
  return indexOfDispersion(offsetsNs, windowNs, durationNs);
}

/** A cache's sizes: the powers of ten that are less than all keys, and all keys. */
function cacheSizes(distinct: number): number[] {
  const sizes = [];
  for (let entries = 10; entries < distinct; entries *= 10) sizes.push(entries);
  return [...sizes, distinct];
}

function keyFigures(
  keys: readonly (string | null)[],
): Pick<ProfileSummary, "popularity" | "cacheHits" | "workingSet"> {
  const popularity = popularityOf(keys);
  const workingSet = workingSetCurve(keys);
  if (popularity.requests === 0) return { popularity: null, cacheHits: [], workingSet };
  const distances = ReuseDistances.of(keys);
  const cacheHits = cacheSizes(popularity.distinct).map((entries) => ({
    entries,
    hitRatio: distances.hitRatio(entries),
  }));
  return { popularity, cacheHits, workingSet };
}

/** How many bytes a record's body has on the wire; 0 when it has none. */
export function bodyBytes(record: ProfileRecord): number {
  return record.body === undefined ? 0 : Buffer.byteLength(record.body.data, record.body.encoding);
}

function bodySizes(records: readonly ProfileRecord[]): BodySizes | null {
  const sizes = records.filter(({ body }) => body !== undefined).map(bodyBytes);
  if (sizes.length === 0) return null;
  sizes.sort((a, b) => a - b);
  return {
    count: sizes.length,
    minBytes: sizes[0]!,
    medianBytes: sizes[Math.floor((sizes.length - 1) / 2)]!,
    maxBytes: sizes.at(-1)!,
    totalBytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

/** Summarises a profile. Pure; header names count records that carry them, not repetitions. */
export function describeProfile(profile: Profile): ProfileSummary {
  const { manifest, records } = profile;
  const offsetsNs = records.map(({ offsetNs }) => offsetNs);
  const durationNs = offsetsNs.at(-1) ?? 0;
  const shares = (values: Iterable<string>): Share[] => sharesOf(values, records.length);
  return {
    manifest,
    requestCount: records.length,
    durationNs,
    meanRatePerSec: durationNs > 0 ? records.length / (durationNs / NS_PER_S) : null,
    peakRatePerSec: { over1S: peakPerSec(offsetsNs, 1), over10S: peakPerSec(offsetsNs, 10) },
    interArrivalCv: gapCv(offsetsNs, manifest.timePrecisionNs),
    dispersion: {
      over1S: dispersionOver(offsetsNs, 1),
      over10S: dispersionOver(offsetsNs, 10),
      over60S: dispersionOver(offsetsNs, 60),
    },
    ...keyFigures(records.map((record) => requestKey(record))),
    routes: shares(records.map(({ route }) => route)),
    methods: shares(records.map(({ method }) => method)),
    statuses: shares(
      records.flatMap(({ status }) => (status === undefined ? [] : [String(status)])),
    ),
    headerNames: shares(
      records.flatMap(({ headers }) => [...new Set(headers.map(([name]) => name))]),
    ),
    sessionCount: new Set(records.flatMap(({ session }) => session ?? [])).size,
    bodies: bodySizes(records),
  };
}
