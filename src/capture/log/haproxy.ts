import type { CapturedRequest, CaptureFormat } from "../format.ts";
import { Unusable } from "../http-message.ts";
import { newEntry, requestOf, takeDuration, takeSentBytes } from "./entry.ts";
import { firstLines, readLines } from "./lines.ts";
import { strftimeReader, type TimeReader } from "./moment.ts";

const STAMP = /\[(\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d\.\d{3})\] /;
/** Front end, back end and server, timers, status, bytes, two cookies, termination state. */
const FIELDS =
  /^\S+ [^\s/]+\/\S+ (?:-?\d+\/){4}(\+?)(-?\d+) (-1|\d{1,3}) \+?(\d+) \S+ \S+ ([\w-]{4}) [\d/+]+ [\d/]+ /;
const NO_LINE = "the line is not of HAProxy's HTTP log";

function acceptTime(): TimeReader {
  const reader = strftimeReader("%d/%b/%Y:%T.%3f");
  if (typeof reader === "string") throw new Error(`no such conversion: ${reader}`);
  return reader;
}
const ACCEPT_TIME = acceptTime();

/** Undoes `#XX`, which stands for quotes, number signs and what is not printable. */
const unescaped = (text: string): string =>
  text.replace(/#([0-9A-F]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );

/** The request line; captured headers in front of it have no names, and are left out. */
function requestLineIn(rest: string): string {
  const open = rest.indexOf('"');
  if (open === -1) throw new Unusable(NO_LINE);
  if (rest.length === open + 1 || !rest.endsWith('"')) throw new Unusable("unterminated quote");
  const text = unescaped(rest.slice(open + 1, -1));
  return text === "<BADREQ>" ? "" : text;
}

function read(line: string, place: string): CapturedRequest {
  const stamp = STAMP.exec(line);
  if (stamp === null) throw new Unusable(NO_LINE);
  const client = line.slice(line.lastIndexOf(" ", stamp.index - 2) + 1, stamp.index - 1);
  const address = /^(.+):(\d+)$/.exec(client);
  const rest = line.slice(stamp.index + stamp[0].length);
  const fields = FIELDS.exec(rest);
  if (address === null || fields === null) throw new Unusable(NO_LINE);
  const [head, isEarly, totalMs, status, sent, state] = fields;
  const entry = newEntry();
  ACCEPT_TIME.read(stamp[1]!, entry.begin);
  takeDuration(entry, totalMs!, 1e3);
  // Logged before the end (`option logasap`), or the client left first.
  entry.isCensored = isEarly === "+" || /^[Cc]/.test(state!);
  if (isEarly !== "+") takeSentBytes(entry, sent!);
  if (+status! >= 100) entry.status = Number(status);
  entry.client = address[1]!;
  entry.connection = client;
  entry.requestLine = requestLineIn(rest.slice(head.length));
  return requestOf(entry, place);
}

/**
 * HAProxy's `option httplog`, as it comes through syslog or bare. The date is when the request's
 * first byte came, in the server's own zone, which the log does not name (taken as UTC); the time
 * it took is Ta, the last timer (Tt up to version 1.6). A client's address and port are its
 * connection.
 */
export const haproxyFormat: CaptureFormat = {
  name: "haproxy",
  description: "HAProxy HTTP log (option httplog)",
  timePrecisionNs: 1e6,
  sniff: (head) =>
    firstLines(head).some((line) => {
      const stamp = STAMP.exec(line);
      return stamp !== null && FIELDS.test(line.slice(stamp.index + stamp[0].length));
    }),
  read: (file) => readLines(file, read),
};
