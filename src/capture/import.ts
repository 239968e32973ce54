import { formatCount, NS_PER_S, ShakedownError } from "../core/index.ts";
import {
  GivenRoutes,
  type Ledger,
  type Profile,
  type ProfileManifest,
  type ProfileRecord,
  type ProfileSummary,
  writeProfileLines,
} from "../profile/index.ts";
import { CapturedLines, type Imported } from "./captured-lines.ts";
import { type CaptureFilter, Collector } from "./collect.ts";
import { firstBytesOf, lookAlikeOf } from "./foreign.ts";
import type { CaptureFormat } from "./format.ts";
import { gorFormat } from "./gor.ts";
import { harFormat } from "./har.ts";
import { type GivenLogFormat, LOG_FORMATS, logFormatOf } from "./log/index.ts";
import { pcapFormat } from "./packets/pcap.ts";
import type { RejectedRecord } from "./ledger.ts";
import { createPseudonyms, Redactor } from "./redact/index.ts";
import { tooLong } from "./profile-lines.ts";
import { type CaptureFile, openCapture } from "./source.ts";
import { Spill } from "./spill/index.ts";
import type { ColumnMapping } from "./table/columns.ts";
import { tableFormat } from "./table/table.ts";
import { TRACE_FORMATS } from "./trace/index.ts";

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
  /** Path templates instead of inferred ones: `/users/{name}/photos`. */
  readonly routes?: readonly string[];
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

/** What was written to a file. */
export interface CapturedFile {
  readonly manifest: ProfileManifest;
  /** Undefined when there are more than 100,000 records: reading the profile tells it. */
  readonly summary: ProfileSummary | undefined;
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

async function readFiles(
  paths: readonly string[],
  options: CaptureOptions,
  spill: Spill,
): Promise<Imported> {
  const redactor = options.redact ? new Redactor(options.key) : undefined;
  const pseudonyms = createPseudonyms(options.key);
  const collector = new Collector({ filter: options.filter ?? {}, pseudonyms, redactor }, spill);
  if (options.routes !== undefined)
    collector.routes.templates.give(new GivenRoutes(options.routes));
  const source: ProfileManifest["source"] = [];
  const formats = new Set<CaptureFormat>();
  const given = options.logFormat === undefined ? undefined : logFormatOf(options.logFormat);
  for (const path of paths) {
    await using file = await openCapture(path, options);
    const { columns } = options;
    const format = columns === undefined ? formatOf(file, given) : await tableFormat(file, columns);
    formats.add(format);
    collector.beginFile(format.timePrecisionNs);
    const { accessRequests } = collector;
    const asked = { service: options.service, accessRequests };
    for await (const items of format.read(file, asked)) collector.add(items);
    const damage = file.damage();
    if (damage !== null) {
      const text = `${damage}; what was before that is kept, and there may have been more`;
      collector.add({ kind: "warning", text });
    }
    collector.endFile(file.name);
    source.push({ file: file.name, format: format.name, ...file.fingerprint() });
  }
  collector.endFiles();
  return { source, formats, collector, redactor };
}

function checkImported({ collector, formats, source }: Imported, options: CaptureOptions): void {
  if (options.service !== undefined && !TRACE_FORMATS.some((format) => formats.has(format))) {
    throw new ShakedownError("USAGE", "--service is for traces, and none was given", {
      hint: "leave it out; --host keeps the requests to one host",
    });
  }
  const { book, first, last, warnings } = collector;
  if (first === undefined || last === undefined) {
    const names = source.map(({ file }) => file);
    throw empty(names, book.ledger, warnings);
  }
  const spanNs = (last.sec - first.sec) * NS_PER_S + (last.ns - first.ns);
  if (spanNs > Number.MAX_SAFE_INTEGER) throw tooLong(spanNs);
}

/**
 * Reads captures into one profile: sniffs each file's format, filters, redacts, pairs responses
 * with requests, merges by time, and names routes and sessions. The profile is in memory, and
 * nothing is written. The ledger adds up exactly, whatever the files hold.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, CAPTURE_FORMAT_UNKNOWN, CAPTURE_INVALID, CAPTURE_EMPTY;
 * USAGE for a log format that is none.
 */
export async function captureProfile(
  paths: readonly string[],
  options: CaptureOptions,
): Promise<Captured> {
  using spill = new Spill(undefined);
  const imported = await readFiles(paths, options, spill);
  checkImported(imported, options);
  const records: ProfileRecord[] = [];
  const keep = (record: ProfileRecord): void => void records.push(record);
  const source = new CapturedLines(imported, { spill, keep }, options);
  for (const _lines of source.lines) options.signal?.throwIfAborted();
  const profile = { manifest: source.manifest(), records };
  return { profile, rejected: imported.collector.book.shown };
}

/**
 * The same into a file: whatever the length of the captures, memory is bounded, but for traces,
 * whose calls are described from all of them at once. What is kept waits, redacted, in a temporary
 * file beside the profile that only this process can find.
 * @throws what `captureProfile` throws; OUTPUT_UNWRITABLE
 */
export async function captureToFile(
  out: string,
  paths: readonly string[],
  options: CaptureOptions,
): Promise<CapturedFile> {
  using spill = new Spill(out);
  const imported = await readFiles(paths, options, spill);
  checkImported(imported, options);
  const source = new CapturedLines(imported, { spill }, options);
  const manifest = await writeProfileLines(out, source, options.signal);
  const { shown } = imported.collector.book;
  return { manifest, summary: source.summaryOf(manifest), rejected: shown };
}
