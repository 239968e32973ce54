import { z } from "zod";

const count = () => z.number().int().min(0);
const share = () => z.number().min(0).max(1);
const known = () => z.number().min(0).nullable();

/** How often one value occurs: `share` is of the profile's records, 0…1. */
const shareSchema = z.strictObject({ value: z.string(), count: count(), share: share() });
export type Share = Readonly<z.output<typeof shareSchema>>;

/**
 * The order statistics of some values, in the unit that the name of its place ends with; true to
 * three digits. p90 is null with fewer than 10 values, p99 with fewer than 100.
 */
export const quantileSummarySchema = z.strictObject({
  count: count().min(1),
  min: z.number().min(0),
  p50: z.number().min(0),
  p90: known(),
  p99: known(),
  max: z.number().min(0),
  mean: z.number().min(0),
});
export type QuantileSummary = Readonly<z.output<typeof quantileSummarySchema>>;

const routeSchema = shareSchema.extend({
  /** Null when all requests arrive at one moment. */
  ratePerSec: known(),
  /** `2xx` …, and `none` for records without a status, where others have one; largest first. */
  statusClasses: z.array(shareSchema),
  /** See `serviceTimeStepUs`: what lies below one step is known no better than that. */
  serviceTimeUs: quantileSummarySchema.nullable(),
  /** Of the bodies there are. */
  requestBytes: quantileSummarySchema.nullable(),
  responseBytes: quantileSummarySchema.nullable(),
});

const headerNameSchema = shareSchema.extend({
  /**
   * How its values go: one for all records; a few (up to 20); one for each session, which keeps it;
   * another each time; many, which is none of these. Null of names that come once.
   */
  values: z.enum(["constant", "few", "per-session", "unique", "many"]).nullable(),
});

const sessionsSchema = z.strictObject({
  /** Of the profile's records, those that belong to a session; by connection where that is all. */
  share: share(),
  requests: quantileSummarySchema,
  /** From a session's first arrival to its last, of sessions with two requests and more. */
  lengthUs: quantileSummarySchema.nullable(),
  /**
   * Between a session's requests: from the end of the one before where its service time is known,
   * else from its arrival. Requests in parallel have none.
   */
  thinkTimeUs: quantileSummarySchema.nullable(),
  /** Of the requests after a session's first, those that came before the earlier ones had ended. */
  parallelShare: share(),
  /** Of the think times, the share that counts from an end. */
  thinkFromEndShare: share(),
  /** The most sessions that were between their first and last arrivals at one moment. */
  concurrentMax: count(),
});

/** What the traffic of a profile is made of. Lists are the largest first. */
export const makeupSchema = z.strictObject({
  requestCount: count(),
  /** From the first arrival to the last. */
  durationNs: z.number().min(0),
  /** Null when all requests arrive at one moment. */
  meanRatePerSec: known(),
  /** The busiest window of that length, wherever it lies; null when the profile is shorter. */
  peakRatePerSec: z.strictObject({ over1S: known(), over10S: known() }),
  /**
   * Coefficient of variation of the gaps between arrivals: 1 for a Poisson process. Null with fewer
   * than two gaps, and when the capture's clock is too coarse to know (mean gap below its precision).
   */
  interArrivalCv: known(),
  /**
   * Variance ÷ mean of the counts in windows of that length: 1 for a Poisson process. Null with
   * fewer than ten such windows, of which too little can be told.
   */
  dispersion: z.strictObject({ over1S: known(), over10S: known(), over60S: known() }),
  /** Arrivals in consecutive windows of a round length, the last one cut short by the end. */
  rateSeries: z.strictObject({ windowNs: z.number().min(1), counts: z.array(count()) }),
  /** How requests go to keys (see `requestKey`); null where none has a key. */
  popularity: z
    .strictObject({
      /** Requests that have a key. */
      requests: count(),
      distinct: count(),
      /** Of the distinct keys, those seen once. */
      oneHitShare: share(),
      /** Of the requests, those for the hottest key. */
      hottestShare: share(),
      /** f(r) ∝ r^−exponent over the ranks 1 to `ranks`, with its 95 % interval. */
      zipf: z
        .strictObject({
          exponent: z.number(),
          low: z.number(),
          high: z.number(),
          ranks: count(),
        })
        .nullable(),
    })
    .nullable(),
  /** Distinct other keys between two uses of one; null where none is used twice. */
  reuseDistance: quantileSummarySchema.nullable(),
  /** What a cache of the least recently used keys would hit, by its size; ascending. */
  cacheHits: z.array(z.strictObject({ entries: count(), hitRatio: share() })),
  /** The distinct keys that so many requests touch, from one request to all; ascending. */
  workingSetCurve: z.array(z.strictObject({ requests: count(), distinct: z.number().min(0) })),
  /** d ln W / d ln n at the curve's end, 0…1: 0 when nothing new comes any more. */
  workingSetGrowth: share(),
  routeCount: count(),
  routes: z.array(routeSchema),
  methods: z.array(shareSchema),
  /** Statuses as captured; empty when the capture does not know them. */
  statuses: z.array(shareSchema),
  /**
   * The step in which service times were captured, in µs, as their values show: 1,000 when all are
   * whole milliseconds. Null where none was captured.
   */
  serviceTimeStepUs: known(),
  serviceTimeUs: quantileSummarySchema.nullable(),
  /** Of the bodies there are. */
  requestBytes: quantileSummarySchema.nullable(),
  /** See `responseBytes` of a record. */
  responseBytes: quantileSummarySchema.nullable(),
  headerNames: z.array(headerNameSchema),
  /** The most frequent sets of header names. */
  headerSets: z.array(
    z.strictObject({ names: z.array(z.string()), count: count(), share: share() }),
  ),
  /** How many sets there are; of more than a thousand, the later ones were not counted. */
  headerSetCount: count(),
  /** Shares of records that carry what decides whether an answer can come from a cache. */
  cacheability: z.strictObject({
    cookie: share(),
    authorization: share(),
    cacheControl: share(),
    acceptEncoding: share(),
    /** If-None-Match or If-Modified-Since. */
    conditional: share(),
  }),
  sessionCount: count(),
  /** Null where no record has one. */
  sessions: sessionsSchema.nullable(),
});
export type Makeup = Readonly<z.output<typeof makeupSchema>>;
export type RouteMakeup = Makeup["routes"][number];
export type HeaderName = Makeup["headerNames"][number];
export type SessionMakeup = NonNullable<Makeup["sessions"]>;
