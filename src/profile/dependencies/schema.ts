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

/** How one dependency was seen to behave. */
export const profileDependencySchema = z.strictObject({
  calls: z.number().int().min(1),
  /** Calls for each request of the profile: 1.5 when every second request made one more. */
  callsPerRequest: z.number().min(0),
  errorRatio: z.number().min(0).max(1),
  /** The failures, as a scenario's `errors` writes them; null: none was seen. */
  errors: writtenModelSchema.nullable(),
  /** Of all calls first; then by route, by status class, and by both, where there were enough. */
  fits: z.array(dependencyFitSchema).min(1),
});
export type ProfileDependency = z.output<typeof profileDependencySchema>;

/** By the dependency's name, in alphabetical order. */
export const profileDependenciesSchema = z.record(z.string().min(1), profileDependencySchema);
export type ProfileDependencies = z.output<typeof profileDependenciesSchema>;
