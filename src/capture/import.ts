import { formatCount, ShakedownError } from "../core/index.ts";
import {
  countsOf,
  describeDependencies,
  type Ledger,
  type Profile,
  PROFILE_SCHEMA_VERSION,
  type ProfileManifest,
  type ProfileRecord,
  routeTemplates,
} from "../profile/index.ts";
import { inArrivalOrder } from "./arrivals.ts";
import { DEPENDENCY_FITTERS, dependencyCallsOf } from "./calls.ts";
import { type CaptureFilter, Collector, type HeldRecord } from "./collect.ts";
import { firstBytesOf, lookAlikeOf } from "./foreign.ts";
import type { CaptureFormat } from "./format.ts";
import { gorFormat } from "./gor.ts";
import { harFormat } from "./har.ts";
import { type GivenLogFormat, LOG_FORMATS, logFormatOf } from "./log/index.ts";
import { pcapFormat } from "./packets/pcap.ts";
import type { RejectedRecord } from "./ledger.ts";
import { createPseudonyms, Redactor } from "./redact/index.ts";
import { sessionCookies, sessionOf } from "./session.ts";
import { type CaptureFile, openCapture } from "./source.ts";
import type { ColumnMapping } from "./table/columns.ts";
import { tableFormat } from "./table/table.ts";
import { TRACE_FORMATS } from "./trace/index.ts";
import { warningsOf } from "./warnings.ts";

/** Every format that can be captured, in the order in which they are tried. */
export const CAPTURE_FORMATS: readonly CaptureFormat[] = [
  pcapFormat,
  gorFormat,
  harFormat,
  ...TRACE_FORMATS,
  ...LOG_FORMATS,
];

export interface CaptureOptions {
  readonly name: string;
  readonly attribution?: string;
  readonly licence?: string;
  readonly filter?: CaptureFilter;
  /** A log format's name or string, for all files; what files are is sniffed unless given. */
  readonly logFormat?: string;
  /** Every file is a table with these columns. */
  readonly columns?: ColumnMapping;
  /** The service whose requests are taken from traces; its entry service unless given. */
  readonly service?: string;
  /** The key of the pseudonyms, 16 random bytes or more; `redact: false` keeps secrets as they are. */
  readonly key: Buffer;
  readonly redact: boolean;
  readonly signal?: AbortSignal;
  /** What is read for a path that is `STANDARD_INPUT`. */
  readonly stdin?: AsyncIterable<Buffer>;
}

export interface Captured {
  readonly profile: Profile;
  /** The first few records that were rejected. */
  readonly rejected: readonly RejectedRecord[];
}

function givenFormatOf(file: CaptureFile, given: GivenLogFormat): CaptureFormat {
  const found = given(file.head);
  if ("format" in found) return found.format;
  throw new ShakedownError(
    "CAPTURE_FORMAT_UNKNOWN",
    `${file.name} is not in the given log format: ${found.departure}; it begins with ${firstBytesOf(file.head)}`,
    { hint: "give the string as it stands in the server's configuration, or leave it out" },
  );
}

function formatOf(file: CaptureFile, given: GivenLogFormat | undefined): CaptureFormat {
  if (given !== undefined) return givenFormatOf(file, given);
  const format = CAPTURE_FORMATS.find((one) => one.sniff(file.head, file.name));
  if (format !== undefined) return format;
  const known = CAPTURE_FORMATS.map(({ description }) => description).join("; ");
  const lookAlike = lookAlikeOf(file.head);
  if (lookAlike !== undefined) {
    throw new ShakedownError(
      "CAPTURE_FORMAT_UNKNOWN",
      `${file.name} is ${lookAlike.is}, which is no capture of requests`,
      { hint: `${lookAlike.hint}. Known formats: ${known}` },
    );
  }
  throw new ShakedownError(
    "CAPTURE_FORMAT_UNKNOWN",
    `${file.name} is in no format that is known; it begins with ${firstBytesOf(file.head)}`,
    { hint: `known formats: ${known}; or a table (CSV, JSON lines), with --columns` },
  );
}

const ledgerText = ({ records, kept, filtered, rejected }: Ledger): string => {
  const total = rejected.reduce((sum, { count }) => sum + count, 0);
  const reasons = rejected
    .map(({ reason, count }) => `${reason}: ${formatCount(count)}`)
    .join("; ");
  const why = reasons === "" ? "" : ` (${reasons})`;
  return `${formatCount(records)} read = ${formatCount(kept)} kept + ${formatCount(filtered)} filtered + ${formatCount(total)} rejected${why}`;
};

function empty(
  names: readonly string[],
  ledger: Ledger,
  warnings: readonly string[],
): ShakedownError {
  const what =
    ledger.filtered > 0
      ? "the filters left nothing; loosen --host, --method, --path or --service"
      : "check that the file holds requests, and is whole";
  const hint = [what, ...warnings].join("\n  ");
  return new ShakedownError(
    "CAPTURE_EMPTY",
    `no usable request in ${names.join(", ")}: ${ledgerText(ledger)}`,
    { hint },
  );
}

function recordsOf(held: readonly HeldRecord[]): ProfileRecord[] {
  const sorted = inArrivalOrder(held);
  const originNs = sorted[0]?.arrivalNs ?? 0n;
  const spanNs = (sorted.at(-1)?.arrivalNs ?? 0n) - originNs;
  if (spanNs > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new ShakedownError(
      "CAPTURE_INVALID",
      `the requests span ${formatCount(Number(spanNs / 86_400_000_000_000n))} days; a profile holds at most 104`,
      { hint: "capture a part of it, such as one day's file; a wrong time stamp can be the cause" },
    );
  }
  const routes = routeTemplates(sorted.map(({ path }) => path));
  const calls = dependencyCallsOf(sorted.map((record) => record.calls));
  const cookies = sessionCookies(sorted.map(({ clues }) => clues));
  return sorted.map((record, index) => {
    const session = sessionOf(record.clues, cookies);
    const { method, path, headers, body, status, serviceTimeUs, clues } = record;
    return {
      offsetNs: Number(record.arrivalNs - originNs),
      method,
      path,
      headers,
      ...(body === undefined ? {} : { body }),
      route: `${method} ${routes[index]!}`,
      ...(status === undefined ? {} : { status }),
      ...(serviceTimeUs === undefined ? {} : { serviceTimeUs }),
      ...(session === undefined ? {} : { session }),
      ...(clues.connection === undefined ? {} : { connection: clues.connection }),
      ...(calls[index] === undefined ? {} : { dependencyCalls: calls[index] }),
    };
  });
}

/** When the first request arrived, to the millisecond. */
const startedAtOf = (held: readonly HeldRecord[]): string => {
  const firstNs = held.reduce(
    (least, { arrivalNs }) => (arrivalNs < least ? arrivalNs : least),
    held[0]?.arrivalNs ?? 0n,
  );
  return new Date(Number(firstNs / 1_000_000n)).toISOString();
};

/**
 * Reads captures into one profile: sniffs each file's format, filters, redacts, pairs responses
 * with requests, merges by time, and names routes and sessions. Files are streamed; what is kept
 * is held in memory. The ledger adds up exactly, whatever the files hold.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, CAPTURE_FORMAT_UNKNOWN, CAPTURE_INVALID, CAPTURE_EMPTY;
 * USAGE for a log format that is none.
 */
export async function captureProfile(
  paths: readonly string[],
  options: CaptureOptions,
): Promise<Captured> {
  const redactor = options.redact ? new Redactor(options.key) : undefined;
  const pseudonyms = createPseudonyms(options.key);
  const collector = new Collector({ filter: options.filter ?? {}, pseudonyms, redactor });
  const source: ProfileManifest["source"] = [];
  const formats = new Set<CaptureFormat>();
  const given = options.logFormat === undefined ? undefined : logFormatOf(options.logFormat);
  for (const path of paths) {
    await using file = await openCapture(path, options);
    const { columns } = options;
    const format = columns === undefined ? formatOf(file, given) : await tableFormat(file, columns);
    formats.add(format);
    collector.beginFile(format.timePrecisionNs);
    for await (const item of format.read(file, options)) collector.add(item);
    collector.endFile(file.name);
    source.push({ file: file.name, format: format.name, ...file.fingerprint() });
  }
  if (options.service !== undefined && !TRACE_FORMATS.some((format) => formats.has(format))) {
    throw new ShakedownError("USAGE", "--service is for traces, and none was given", {
      hint: "leave it out; --host keeps the requests to one host",
    });
  }
  const { book, held } = collector;
  if (held.length === 0)
    throw empty(
      source.map(({ file }) => file),
      book.ledger,
      collector.warnings,
    );
  const records = recordsOf(held);
  const warnings = warningsOf(collector, { formats: [...formats], redactor });
  const dependencies = describeDependencies(records, DEPENDENCY_FITTERS);
  const manifest: ProfileManifest = {
    shakedownProfile: PROFILE_SCHEMA_VERSION,
    name: options.name,
    source,
    provenance: {
      madeBy: "shakedown capture",
      ...(options.attribution === undefined ? {} : { attribution: options.attribution }),
      ...(options.licence === undefined ? {} : { licence: options.licence }),
    },
    timePrecisionNs: Math.max(...[...formats].map(({ timePrecisionNs }) => timePrecisionNs)),
    startedAt: startedAtOf(held),
    durationNs: records.at(-1)?.offsetNs ?? 0,
    counts: countsOf(records),
    ledger: book.ledger,
    redaction: { enabled: options.redact, values: redactor?.counts ?? [] },
    ...(dependencies === undefined ? {} : { dependencies }),
    warnings,
  };
  return { profile: { manifest, records }, rejected: book.shown };
}
