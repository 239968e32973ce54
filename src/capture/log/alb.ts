import type { CapturedRequest, CaptureFormat } from "../format.ts";
import { Unusable } from "../http-message.ts";
import {
  type LogEntry,
  newEntry,
  requestOf,
  takeHeader,
  takeSentBytes,
  takeStatus,
} from "./entry.ts";
import { firstLines, readLines } from "./lines.ts";
import { isoTime } from "./moment.ts";

const TYPES = new Set(["http", "https", "h2", "grpcs"]);
const SNIFFED =
  /^(?:https?|h2|grpcs|wss?) \d{4}-\d\d-\d\dT[\d:.]+Z \S+ \S+:\d+ \S+ (?:-?[\d.]+ ){3}/;
/** The fields that are read, by their place from 0; newer fields stand behind and are ignored. */
const AT = {
  time: 1,
  client: 3,
  timers: 5,
  status: 8,
  sent: 11,
  request: 12,
  agent: 13,
  created: 21,
  connection: 29,
};
const CREATED = isoTime(1e6);
const ANSWERED = isoTime(1e6);

const unescaped = (text: string): string =>
  text.replace(/\\(?:x([0-9a-f]{2})|(["\\]))/gi, (_all, hex?: string, char = "") =>
    hex === undefined ? char : String.fromCharCode(Number.parseInt(hex, 16)),
  );

/** Words and quoted texts, without their quotes. */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  const field = /"((?:[^"\\]|\\[^])*)"(?: |$)|([^ "][^ ]*)(?: |$)|( )/y;
  while (field.lastIndex < line.length) {
    const match = field.exec(line);
    if (match === null) throw new Unusable("unterminated quote");
    const [, quoted, word] = match;
    fields.push(quoted === undefined ? (word ?? "") : unescaped(quoted));
  }
  return fields;
}

/** The three timers' sum, in microseconds; undefined when one is -1: not known. */
function durationUs(timers: readonly string[]): number | undefined {
  if (!timers.every((text) => /^-?\d{1,9}(?:\.\d{1,9})?$/.test(text))) {
    throw new Unusable("the duration is not a number");
  }
  const seconds = timers.map(Number);
  if (seconds.some((one) => one < 0)) return undefined;
  return Math.round(seconds.reduce((sum, one) => sum + one, 0) * 1e6);
}

function takeTimes(entry: LogEntry, fields: readonly string[]): void {
  const duration = durationUs(fields.slice(AT.timers, AT.timers + 3));
  if (duration !== undefined) entry.durationUs = duration;
  const created = fields[AT.created] ?? "-";
  if (created === "-") ANSWERED.read(fields[AT.time]!, entry.end);
  else CREATED.read(created, entry.begin);
}

function read(line: string, place: string): CapturedRequest {
  const fields = fieldsOf(line);
  const [type = ""] = fields;
  if (type === "ws" || type === "wss") throw new Unusable("it is a WebSocket");
  if (!TYPES.has(type) || fields.length <= AT.agent) {
    throw new Unusable("the line is not of an ALB access log");
  }
  const entry = newEntry();
  takeTimes(entry, fields);
  const status = fields[AT.status]!;
  if (status !== "-") takeStatus(entry, status);
  takeSentBytes(entry, fields[AT.sent]!);
  // The load balancer's own code for a client that closed the connection first.
  entry.isCensored = status === "460";
  const request = fields[AT.request]!;
  entry.requestLine = request.startsWith("- ") ? "" : request;
  takeHeader(entry, "user-agent", fields[AT.agent]!);
  entry.client = fields[AT.client]!.replace(/:\d+$/, "");
  const connection = fields[AT.connection] ?? "-";
  if (connection !== "-" && connection !== "") entry.connection = connection;
  return requestOf(entry, place);
}

/**
 * Access logs of AWS Application Load Balancers. Arrivals are `request_creation_time`, or in old
 * logs the time of the answer less the three timers; text has microseconds, of which milliseconds
 * are real. See https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html.
 */
export const albFormat: CaptureFormat = {
  name: "alb",
  description: "AWS ALB access log",
  timePrecisionNs: 1e6,
  sniff: (head) => firstLines(head).some((line) => SNIFFED.test(line)),
  read: (file) => readLines(file, read),
};
