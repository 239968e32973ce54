import type { CapturedRequest, CaptureFormat } from "../format.ts";
import { Unusable } from "../http-message.ts";
import {
  isNothing,
  type LogEntry,
  newEntry,
  requestOf,
  takeDuration,
  takeHeader,
  takeSentBytes,
  takeStatus,
} from "./entry.ts";
import { firstLines, readLines } from "./lines.ts";
import { strftimeReader } from "./moment.ts";

type Take = (entry: LogEntry, text: string) => void;

const percentDecoded = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );

/** A header; values are percent-encoded, and a percent sign of their own is so twice. */
const header =
  (name: string): Take =>
  (entry, text) =>
    takeHeader(entry, name, percentDecoded(percentDecoded(text)));

function time(pattern: string): Take {
  const reader = strftimeReader(pattern);
  if (typeof reader === "string") throw new Error(`no such conversion: ${reader}`);
  return (entry, text) => reader.read(text, entry.end);
}

/** Columns by the names that `#Fields` gives them; others are ignored. */
const COLUMNS: Readonly<Record<string, Take>> = {
  date: time("%F"),
  time: time("%T"),
  "time-taken": (entry, text) => takeDuration(entry, text, 1e6),
  "c-ip": (entry, text) => (entry.client = text),
  "cs-method": (entry, text) => (entry.method = text),
  "cs-uri-stem": (entry, text) => (entry.path = text),
  "cs-uri-query": (entry, text) => (entry.query = text),
  "x-host-header": (entry, text) => (isNothing(text) ? undefined : (entry.host = text)),
  "cs(Host)": (entry, text) => (isNothing(text) ? undefined : (entry.serverName = text)),
  "sc-status": (entry, text) => (isNothing(text) ? undefined : takeStatus(entry, text)),
  "sc-bytes": takeSentBytes,
  "cs(Referer)": header("referer"),
  "cs(User-Agent)": header("user-agent"),
  "cs(Cookie)": header("cookie"),
  "x-edge-result-type": (entry, text) => {
    if (text === "ClientCommError") entry.isCensored = true;
  },
};
const NEEDED = ["date", "time", "cs-method", "cs-uri-stem"];
const FIELDS = /^#Fields:\s*/;

/** A reader whose columns are those of the last `#Fields` line. */
function columnReader(): (line: string, place: string) => CapturedRequest | undefined {
  let columns: readonly string[] = [];
  return (line, place) => {
    if (line.startsWith("#")) {
      if (FIELDS.test(line)) columns = line.replace(FIELDS, "").trim().split(/\s+/);
      return undefined;
    }
    if (!NEEDED.every((name) => columns.includes(name))) {
      throw new Unusable("no #Fields line before it names date, time, cs-method and cs-uri-stem");
    }
    const texts = line.split("\t");
    if (texts.length < columns.length) throw new Unusable("the line has too few columns");
    const entry = newEntry();
    for (const [index, name] of columns.entries()) {
      if (Object.hasOwn(COLUMNS, name)) COLUMNS[name]!(entry, texts[index]!);
    }
    return requestOf(entry, place);
  };
}

/**
 * Standard logs of AWS CloudFront, whose columns the `#Fields` line names. Stamps are the end, in
 * whole seconds; arrivals are that less `time-taken`.
 * See https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html.
 */
export const cloudfrontFormat: CaptureFormat = {
  name: "cloudfront",
  description: "AWS CloudFront standard log",
  timePrecisionNs: 1e9,
  sniff: (head) =>
    firstLines(head).some((line) => FIELDS.test(line) && line.includes(" cs-uri-stem ")),
  read: (file) => readLines(file, columnReader()),
};
