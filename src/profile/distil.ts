import { keyedDraw, ShakedownError } from "../core/index.ts";
import { compactMakeup, describeRecords } from "./describe.ts";
import { sessionOf } from "./in-record/session-of.ts";
import type { Profile, ProfileManifest, ProfileRecord } from "./record.ts";

/** Which records to keep; what is not given keeps all. */
export interface RecordFilter {
  readonly method?: readonly string[] | undefined;
  /** `GET /products/*`: a star stands for anything. */
  readonly route?: readonly string[] | undefined;
  /** `404`, `5xx`. A record without a status passes none. */
  readonly status?: readonly string[] | undefined;
}

export interface SampleSpec {
  /** Of the sessions, or of the requests; above 0 and up to 1. */
  readonly share: number;
  /** By session, those of one user stay together. */
  readonly by: "session" | "request";
}

/** What a route as people write it stands for: `GET /products/*`, where a star is anything. */
export function routePattern(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll("*", ".*")}$`);
}

/** Whether a text is a status, `404`, or a class of them, `5xx`. */
export const isStatusPattern = (text: string): boolean => /^[1-5](?:\d\d|xx)$/.test(text);

/** Whether a record passes. */
export function recordFilter(filter: RecordFilter): (record: ProfileRecord) => boolean {
  const routes = filter.route?.map(routePattern);
  const statuses = filter.status?.map(
    (text) => new RegExp(`^${text.replaceAll("x", String.raw`\d`)}$`),
  );
  return ({ method, route, status }) =>
    (filter.method?.includes(method) ?? true) &&
    (routes?.some((pattern) => pattern.test(route)) ?? true) &&
    (statuses?.some((pattern) => status !== undefined && pattern.test(String(status))) ?? true);
}

/** The records that pass, in their order. */
export const filterRecords = (
  records: readonly ProfileRecord[],
  filter: RecordFilter,
): readonly ProfileRecord[] => records.filter(recordFilter(filter));

/** A refusal to sample by sessions where there are none. */
export const noSessions = (): ShakedownError =>
  new ShakedownError("PROFILE_INVALID", "the profile knows no sessions to sample by", {
    hint: "sample by request instead",
  });

/**
 * Whether a record is in a sample that is drawn from the seed: that depends on its session (or its
 * index) alone.
 */
export function recordSample(
  { by, share }: SampleSpec,
  seed: string,
): (record: ProfileRecord, index: number) => boolean {
  return (record, index) => {
    const key = by === "session" ? (sessionOf(record) ?? index) : index;
    return keyedDraw(seed, "sample", key).uniform("kept") < share;
  };
}

/**
 * A share of the records, drawn from the seed: whether one is kept depends on its session (or its
 * place) alone.
 * @throws PROFILE_INVALID when there are no sessions to sample by
 */
export function sampleRecords(
  records: readonly ProfileRecord[],
  spec: SampleSpec,
  seed: string,
): readonly ProfileRecord[] {
  if (spec.by === "session" && !records.some((record) => sessionOf(record) !== null)) {
    throw noSessions();
  }
  return records.filter(recordSample(spec, seed));
}

/**
 * A sample that keeps the tail of the mix: of each route that would be lost, the session that has
 * the fewest records (or the first request) is kept, too.
 * @throws PROFILE_INVALID as `sampleRecords` does
 */
export function sampleWithTail(
  records: readonly ProfileRecord[],
  spec: SampleSpec,
  seed: string,
): readonly ProfileRecord[] {
  const kept = new Set(sampleRecords(records, spec, seed));
  const sessions = Map.groupBy(records, (record) =>
    spec.by === "session" ? (sessionOf(record) ?? record) : record,
  );
  const lost = new Set(records.map(({ route }) => route));
  for (const { route } of kept) lost.delete(route);
  for (const session of [...sessions.values()].toSorted((a, b) => a.length - b.length)) {
    if (!session.some(({ route }) => lost.has(route))) continue;
    for (const record of session) {
      kept.add(record);
      lost.delete(record.route);
    }
  }
  return records.filter((record) => kept.has(record));
}

/** What arrives from one moment of the profile until before another, in nanoseconds. */
export function cutRecords(
  records: readonly ProfileRecord[],
  window: { readonly fromNs: number; readonly toNs: number },
): readonly ProfileRecord[] {
  const { fromNs, toNs } = window;
  return records.filter(({ offsetNs }) => offsetNs >= fromNs && offsetNs < toNs);
}

/** What is counted of records, for a manifest. */
export function countsOf(records: readonly ProfileRecord[]): ProfileManifest["counts"] {
  return {
    records: records.length,
    routes: new Set(records.map(({ route }) => route)).size,
    sessions: new Set(records.flatMap(({ session }) => session ?? [])).size,
    bodies: records.filter(({ body }) => body !== undefined).length,
  };
}

/** The records with their arrivals counted from the first of them. */
export function fromFirst(records: readonly ProfileRecord[]): ProfileRecord[] {
  const firstNs = records[0]?.offsetNs ?? 0;
  return records.map((record) => ({ ...record, offsetNs: record.offsetNs - firstNs }));
}

/**
 * A profile of some of a profile's records, in their order: what was left out is in the ledger as
 * filtered. Dependencies stay as the whole profile knows them.
 * @throws PROFILE_INVALID when none is left
 */
export function partOf(
  profile: Profile,
  records: readonly ProfileRecord[],
  made: { readonly name: string; readonly by: string },
): Profile {
  const { manifest } = profile;
  const [first] = records;
  if (first === undefined) {
    const whole = profile.records.length;
    throw new ShakedownError("PROFILE_INVALID", `none of the profile's ${whole} records is left`, {
      hint: "`shakedown profile <file>` tells how long it is, and its routes, methods and statuses",
    });
  }
  const kept = fromFirst(records);
  return {
    records: kept,
    manifest: {
      ...manifest,
      name: made.name,
      provenance: { ...manifest.provenance, madeBy: made.by },
      ...startedLater(manifest.startedAt, first.offsetNs),
      durationNs: kept.at(-1)!.offsetNs,
      counts: countsOf(kept),
      ledger: {
        records: profile.records.length,
        kept: kept.length,
        filtered: profile.records.length - kept.length,
        rejected: [],
      },
      makeup: compactMakeup(describeRecords(kept, manifest)),
    },
  };
}

function startedLater(startedAt: string | undefined, byNs: number): { startedAt?: string } {
  if (startedAt === undefined) return {};
  return { startedAt: new Date(Date.parse(startedAt) + byNs / 1e6).toISOString() };
}

/** How profiles lie beside each other: as their requests arrived, or all from one beginning. */
export type Align = "time" | "begin";

/**
 * Several profiles as one, aligned by time, or by their beginnings where that is wanted, or where
 * one does not know its time. Sessions and connections of different profiles stay different.
 * Dependencies are left out: what each saw cannot be put together again.
 * @throws PROFILE_INVALID when they lie further apart than a profile can be long
 */
export function mergeProfiles(
  profiles: readonly Profile[],
  made: { readonly name: string; readonly by: string; readonly align: Align },
): Profile {
  const starts = profiles.map(({ manifest }) => Date.parse(manifest.startedAt ?? ""));
  const known = made.align === "time" && starts.every((start) => Number.isFinite(start));
  const firstMs = known ? Math.min(...starts) : 0;
  const own = (value: string | undefined, index: number): string | undefined =>
    value === undefined ? undefined : `${index + 1}/${value}`;
  const records = profiles
    .flatMap((profile, index) => {
      const laterNs = known ? Math.round((starts[index]! - firstMs) * 1e6) : 0;
      return profile.records.map((record): ProfileRecord => {
        const session = own(record.session, index);
        const connection = own(record.connection, index);
        return {
          ...record,
          offsetNs: record.offsetNs + laterNs,
          ...(session === undefined ? {} : { session }),
          ...(connection === undefined ? {} : { connection }),
        };
      });
    })
    .toSorted((a, b) => a.offsetNs - b.offsetNs);
  const manifests = profiles.map(({ manifest }) => manifest);
  const ordered = fromFirst(records);
  checkSpan(ordered.at(-1)?.offsetNs ?? 0);
  return { records: ordered, manifest: mergedManifest(manifests, ordered, { ...made, known }) };
}

function checkSpan(spanNs: number): void {
  if (Number.isSafeInteger(spanNs)) return;
  const days = Math.round(spanNs / 86_400e9);
  throw new ShakedownError("PROFILE_INVALID", `the profiles lie ${days} days apart`, {
    hint: "a profile can be 104 days long; --align begin lets all of them begin at one moment",
  });
}

function mergedManifest(
  manifests: readonly ProfileManifest[],
  records: readonly ProfileRecord[],
  made: { readonly name: string; readonly by: string; readonly known: boolean },
): ProfileManifest {
  const { by, known, name } = made;
  const { dependencies: _, givenRoutes: __, startedAt: ___, ...first } = manifests[0]!;
  const values = new Map<string, number>();
  for (const { redaction } of manifests)
    for (const { count, rule } of redaction.values)
      values.set(rule, (values.get(rule) ?? 0) + count);
  const starts = manifests.flatMap(({ startedAt }) => startedAt ?? []);
  const givenRoutes = [...new Set(manifests.flatMap((one) => one.givenRoutes ?? []))];
  const timePrecisionNs = Math.max(...manifests.map((one) => one.timePrecisionNs));
  const each = known ? [] : ["the profiles were not merged by time: all begin at one moment"];
  return {
    ...first,
    name,
    source: manifests.flatMap(({ source }) => source),
    provenance: { ...first.provenance, madeBy: by },
    timePrecisionNs,
    ...(known ? { startedAt: starts.toSorted()[0]! } : {}),
    durationNs: records.at(-1)?.offsetNs ?? 0,
    counts: countsOf(records),
    ledger: { records: records.length, kept: records.length, filtered: 0, rejected: [] },
    redaction: {
      enabled: manifests.every(({ redaction }) => redaction.enabled),
      values: Array.from(values, ([rule, count]) => ({ rule, count })),
    },
    ...(givenRoutes.length === 0 ? {} : { givenRoutes }),
    makeup: compactMakeup(describeRecords(records, { timePrecisionNs })),
    warnings: [...new Set([...manifests.flatMap(({ warnings }) => warnings), ...each])],
  };
}
