import { z } from "zod";
import { dependencyCallSchema, profileDependenciesSchema } from "./dependencies/schema.ts";
import { makeupSchema } from "./makeup/schema.ts";

/** The schema version of the profile files that this build writes and reads. */
export const PROFILE_SCHEMA_VERSION = 1;

// oxlint-disable-next-line no-control-regex -- control characters are what is refused
export const HEADER_VALUE = /^[^\x00\r\n\u0100-\uffff]*$/;
export const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
export const METHOD = /^[A-Z]+$/;
export const PATH = /^\/[\x21-\x7e]*$/;

/**
 * One captured request, as it is kept in a profile: one JSON object a line.
 * Header names are lower-case, in captured order; `host`, `content-length` and hop-by-hop headers
 * are left out, since the replay makes its own.
 */
export const profileRecordSchema = z.strictObject({
  /** Arrival, in nanoseconds after the profile's first arrival. Non-decreasing through a profile. */
  offsetNs: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  method: z.string().regex(METHOD),
  /** Path and query as sent, beginning with `/`: printable ASCII, no spaces. */
  path: z.string().regex(PATH),
  /** Values hold one character a byte (Latin-1), and never a line break: they go out as they are. */
  headers: z.array(z.tuple([z.string().regex(HEADER_NAME), z.string().regex(HEADER_VALUE)])),
  /** The request body: text when it is valid UTF-8, else base64. Absent when there was none. */
  body: z
    .discriminatedUnion("encoding", [
      z.strictObject({ encoding: z.literal("utf8"), data: z.string() }),
      z.strictObject({ encoding: z.literal("base64"), data: z.string() }),
    ])
    .optional(),
  /** Method and path template: `GET /products/{slug}`. */
  route: z.string(),
  /** What production answered, where the capture knows: status, and time to the last byte. */
  status: z.number().int().optional(),
  serviceTimeUs: z.number().min(0).optional(),
  /**
   * How many bytes production answered with, where the capture knows. Of the answer's body as it
   * was sent (compressed, if it was), without its head; ALB, CloudFront, HAProxy and logs that have
   * only all bytes sent (`$bytes_sent`, `%O`) count the head as well.
   */
  responseBytes: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  /** Pseudonym of the captured session, or of its connection, where the capture knows. */
  session: z.string().optional(),
  connection: z.string().optional(),
  /** What the request called in its turn, by rising offset, where the capture knows. */
  dependencyCalls: z.array(dependencyCallSchema).optional(),
});
export type ProfileRecord = z.output<typeof profileRecordSchema>;

/** Always: `records = kept + filtered + Σ rejected.count`. */
export const ledgerSchema = z.strictObject({
  records: z.number().int(),
  kept: z.number().int(),
  filtered: z.number().int(),
  rejected: z.array(z.strictObject({ reason: z.string(), count: z.number().int() })),
});
export type Ledger = z.output<typeof ledgerSchema>;

/** The first line of a profile: what it is, where it came from, and what it holds. */
export const profileManifestSchema = z.strictObject({
  shakedownProfile: z.literal(PROFILE_SCHEMA_VERSION),
  name: z.string(),
  /** The captures it was made from. `sha256` is of the file's bytes as read. */
  source: z.array(
    z.strictObject({
      file: z.string(),
      format: z.string(),
      bytes: z.number().int(),
      sha256: z.string(),
    }),
  ),
  provenance: z.strictObject({
    madeBy: z.string(),
    attribution: z.string().optional(),
    licence: z.string().optional(),
  }),
  /** The capture's own clock resolution: 1 for GoReplay, 1e6 for HAR, 1e9 for common logs. */
  timePrecisionNs: z.number().int().min(1),
  /** First arrival, ISO 8601; absent when the capture has no absolute time. */
  startedAt: z.string().optional(),
  durationNs: z.number().min(0),
  counts: z.strictObject({
    records: z.number().int(),
    routes: z.number().int(),
    sessions: z.number().int(),
    bodies: z.number().int(),
  }),
  ledger: ledgerSchema,
  /** What was redacted: how many values, by rule. */
  redaction: z.strictObject({
    enabled: z.boolean(),
    values: z.array(z.strictObject({ rule: z.string(), count: z.number().int() })),
  }),
  /** Path templates that were given by the user instead of inferred: `/users/{name}/photos`. */
  givenRoutes: z.array(z.string()).optional(),
  /** What the records are made of, without reading them; of routes and headers the first hundred. */
  makeup: makeupSchema.optional(),
  /** How each dependency was seen to behave; absent when the capture knows of none. */
  dependencies: profileDependenciesSchema.optional(),
  warnings: z.array(z.string()),
});
export type ProfileManifest = z.output<typeof profileManifestSchema>;

export interface Profile {
  readonly manifest: ProfileManifest;
  readonly records: readonly ProfileRecord[];
}
