import { z } from "zod";

/** One call that a captured request made to a dependency. */
export const dependencyCallSchema = z.strictObject({
  /** The dependency's name, as a scenario names it. */
  dependency: z.string().min(1),
  /** Method and path template: `POST /charges/{id}`; absent when the capture knows only the name. */
  route: z.string().optional(),
  /** From the request's arrival to the call's start. */
  offsetUs: z.number().min(0),
  /** From the call's start to the end of its answer. */
  latencyUs: z.number().min(0),
  /** HTTP status; absent when there was no answer, or no HTTP. */
  status: z.number().int().optional(),
  /** The call failed, whatever its status; absent: it failed when its status is 500 or more. */
  failed: z.boolean().optional(),
  /** 2 for the first call that repeats a failed one, 3 for the next, …; absent: it repeats none. */
  attempt: z.number().int().min(2).optional(),
  /**
   * Which thing of its route is asked for: the identities in the path and query, after redaction,
   * or the pseudonym of a statement. Absent when there is none, or none is known.
   */
  key: z.string().min(1).optional(),
  /** How long the answer told the caller to wait before it calls again. */
  retryAfterMs: z.number().min(0).optional(),
});
export type DependencyCall = z.output<typeof dependencyCallSchema>;

const quantilesSchema = z
  .array(z.tuple([z.number().min(0).max(1), z.number().min(0)]))
  .min(2)
  .refine(
    (points) =>
      points[0]![0] === 0 &&
      points.at(-1)![0] === 1 &&
      points.every(([p, us], i) => i === 0 || (p > points[i - 1]![0] && us >= points[i - 1]![1])),
    "quantiles rise strictly from 0 to 1, and their latencies never fall",
  );

/**
 * A model as a scenario writes it: `kind` and that kind's fields, durations with their unit. Which
 * kinds there are is the emulator's to say, so it is checked where it is used.
 */
export const writtenModelSchema = z.looseObject({ kind: z.string().min(1) });
export type WrittenModel = z.output<typeof writtenModelSchema>;

export const dependencyFitSchema = z.strictObject({
  /** Null: calls of all routes. */
  route: z.string().nullable(),
  /** `2xx` … `5xx`; null: calls of any status, and of none. */
  statusClass: z
    .string()
    .regex(/^[1-9]xx$/, "a status class is written 2xx")
    .nullable(),
  /** Calls that it was fitted to. */
  count: z.number().int().min(1),
  /** What regenerates these latencies. */
  latency: writtenModelSchema,
  /** The latencies themselves, in µs, as far as they are needed to regenerate them. */
  quantiles: quantilesSchema,
  /** Of `latency` from the capture: the largest difference of the distribution functions. */
  ksDistance: z.number().min(0).max(1),
});
export type DependencyFit = z.output<typeof dependencyFitSchema>;

/** Calls of one thing until it succeeded, or was given up. */
const attemptsSchema = z.strictObject({
  logicalCalls: z.number().int().min(1),
  /** Attempts for each logical call, on average. */
  mean: z.number().min(1),
  /** Logical calls with one attempt, with two, …; the last is not 0. */
  counts: z.array(z.number().int().min(0)).min(1),
  /** Of all calls, those that repeat a failed one. */
  retryRatio: z.number().min(0).max(1),
  /** From the end of an attempt to the start of the next, in µs; null: none was seen. */
  backOff: z
    .strictObject({
      count: z.number().int().min(1),
      quantiles: quantilesSchema,
      /** Gaps after the same number of attempts differ; null: too few to tell. */
      jittered: z.boolean().nullable(),
    })
    .nullable(),
});
export type ProfileAttempts = z.output<typeof attemptsSchema>;

/** How the requests of one of the service's own routes call the dependency, retries aside. */
const fanOutSchema = z.strictObject({
  route: z.string(),
  requests: z.number().int().min(1),
  /** Calls of each request, of those that make none included. */
  mean: z.number().min(0),
  p50: z.number().min(0),
  p99: z.number().min(0),
  max: z.number().int().min(0),
  /** Of the requests, those that call it at all. */
  callingRatio: z.number().min(0).max(1),
  /**
   * Of the calls after a request's first, those that began while another was under way: 0 where
   * calls go one after the other, 1 in parallel. Null: no request made two.
   */
  overlapRatio: z.number().min(0).max(1).nullable(),
});
export type ProfileFanOut = z.output<typeof fanOutSchema>;

/** How unevenly the calls go to what they ask for. */
const keysSchema = z.strictObject({
  /** Calls whose key is known; the rest is left out. */
  calls: z.number().int().min(1),
  distinct: z.number().int().min(1),
  oneHitShare: z.number().min(0).max(1),
  hottestShare: z.number().min(0).max(1),
  /** With its 95 % interval; null: too few keys are seen often enough. */
  zipf: z
    .strictObject({
      exponent: z.number(),
      low: z.number(),
      high: z.number(),
      ranks: z.number().int(),
    })
    .nullable(),
  /** What a cache of the least recently used keys would hit, by its size; ascending. */
  cacheHits: z.array(
    z.strictObject({ entries: z.number().int().min(1), hitRatio: z.number().min(0).max(1) }),
  ),
});
export type ProfileKeys = z.output<typeof keysSchema>;

/** Calls that were refused for there being too many: 429, or 503 with the time to wait. */
const limitSchema = z.strictObject({
  refused: z.number().int().min(1),
  refusedRatio: z.number().min(0).max(1),
  /** The limit that they imply, as a scenario's `limit` writes it; null: cannot be told. */
  limit: writtenModelSchema.nullable(),
  /** Of what the limit would refuse, the share that was; and of what was refused, what it would. */
  precision: z.number().min(0).max(1),
  recall: z.number().min(0).max(1),
  /** Why no limit is told; null when one is. */
  because: z.string().nullable(),
});
export type ProfileLimit = z.output<typeof limitSchema>;

/** What was in flight, and what that did to latency. */
const capacitySchema = z.strictObject({
  /** Calls that are captured, at once: of a sample of the traffic, a part of what there was. */
  inFlightMax: z.number().int().min(1),
  /** Calls that found between `from` and `to` in flight, themselves included. */
  levels: z
    .array(
      z.strictObject({
        from: z.number().int().min(1),
        to: z.number().int().min(1),
        calls: z.number().int().min(1),
        medianUs: z.number().min(0),
      }),
    )
    .min(1),
  /** As a scenario's `capacity` writes it; null: not seen saturated. */
  capacity: z.looseObject({ servers: z.number().int().min(1), discipline: z.string() }).nullable(),
  /** Latency rises with what is in flight, whether servers explain it or not; null: too few calls. */
  rises: z.boolean().nullable(),
  /** What a call takes of a server, the wait for one taken off; as `fits`. Empty without a capacity. */
  fits: z.array(dependencyFitSchema),
});
export type ProfileCapacity = z.output<typeof capacitySchema>;

/** How one dependency was seen to behave. */
export const profileDependencySchema = z.strictObject({
  calls: z.number().int().min(1),
  /** Calls for each request of the profile: 1.5 when every second request made one more. */
  callsPerRequest: z.number().min(0),
  errorRatio: z.number().min(0).max(1),
  /** The failures, as a scenario's `errors` writes them; null: none was seen. */
  errors: writtenModelSchema.nullable(),
  /**
   * Of all calls first; then by route, by status class, and by both, where there were enough. What
   * a limit refused is in those of its status class alone, unless there was nothing else.
   */
  fits: z.array(dependencyFitSchema).min(1),
  /*
   * Absent from profiles of before: what is not there is not known. Null: it was looked for, and
   * was not there.
   */
  attempts: attemptsSchema.optional(),
  /** By the service's own routes, the one with most calls first; those that never call it left out. */
  fanOut: z.array(fanOutSchema).optional(),
  keys: keysSchema.nullable().optional(),
  limit: limitSchema.nullable().optional(),
  capacity: capacitySchema.optional(),
});
export type ProfileDependency = z.output<typeof profileDependencySchema>;

/** By the dependency's name, in alphabetical order. */
export const profileDependenciesSchema = z.record(z.string().min(1), profileDependencySchema);
export type ProfileDependencies = z.output<typeof profileDependenciesSchema>;
