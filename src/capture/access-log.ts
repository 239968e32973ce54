import { AccessLine } from "./access-line.ts";
import type { AccessRequests, Asked } from "./access-requests.ts";
import { type CapturedRequest, type CaptureFormat } from "./format.ts";
import { targetOf } from "./http-fields.ts";
import { parseRequestLine, Unusable } from "./http-message.ts";
import { type DirectLines, readLines } from "./log/lines.ts";
import { clfTime, type Moment, momentNs } from "./log/moment.ts";
import { serverUnescaped } from "./server-escapes.ts";

/** Methods whose requests hardly ever come without a body, which a log does not hold. */
const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);

const SPACE = 32;
const QUOTE = 34;

const stamp = clfTime();

function stampNs(text: string): bigint {
  const moment: Moment = {};
  stamp.read(text, moment);
  return momentNs(moment)!;
}

/** Where the quoted text ends that begins before `from`: at its closing quote. */
function quoteEnd(line: string, from: number, escapes: boolean): number {
  let end = line.indexOf('"', from);
  if (escapes) {
    end = from;
    for (; end < line.length && line[end] !== '"'; end++) if (line[end] === "\\") end++;
    if (end >= line.length) end = -1;
  }
  if (end === -1) throw new Unusable("unterminated quote");
  return end;
}

/** The fields after the time: quoted texts and words. */
function fieldsAfter(line: string, from: number): string[] {
  const fields: string[] = [];
  const escapes = line.includes("\\", from);
  for (let at = from; at < line.length;) {
    const code = line.charCodeAt(at);
    if (code === SPACE) {
      at++;
    } else if (code === QUOTE) {
      const end = quoteEnd(line, at + 1, escapes);
      const text = line.slice(at + 1, end);
      fields.push(escapes ? serverUnescaped(text) : text);
      at = end + 1;
    } else {
      const space = line.indexOf(" ", at);
      const end = space === -1 ? line.length : space;
      fields.push(line.slice(at, end));
      at = end;
    }
  }
  return fields;
}

/** Who asked: `client ident user`, with `host:port` in front when the log is of many virtual hosts. */
function whoIn(line: string, end: number): { client: string; vhost: string | undefined } {
  const who = line.slice(0, end);
  const space = who.indexOf(" ");
  const client = space === -1 ? who : who.slice(0, space);
  // Virtual hosts have a port, addresses of clients hardly ever a dot and a colon.
  if (!client.includes(":")) return { client, vhost: undefined };
  const words = who.split(" ");
  const isVhost = words.length === 4 && /^[\w.-]+:\d+$/.test(client);
  return isVhost ? { client: words[1]!, vhost: client } : { client, vhost: undefined };
}

/** Apache writes a dash where there was no body. */
function sentBytes(text: string): number | undefined {
  if (text === "-") return 0;
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function requestOf(line: string, place: string): CapturedRequest {
  const open = line.indexOf(" [");
  const close = line.indexOf("] ", open);
  if (open === -1 || close === -1) throw new Unusable("there is no [time]");
  const { client, vhost } = whoIn(line, open);
  const arrivalNs = stampNs(line.slice(open + 2, close));
  const [request = "", status = "", sent = "", referer, agent] = fieldsAfter(line, close + 2);
  if (request === "-" || request === "") throw new Unusable("no request was read");
  if (!/^\d{3}$/.test(status)) throw new Unusable("the status is not a number of three digits");
  const { method, target } = parseRequestLine(request);
  const found = targetOf(target);
  if (found === undefined) throw new Unusable("the request target is not a path");
  const headers: [string, string][] = [];
  if (agent !== undefined && agent !== "-") headers.push(["user-agent", agent]);
  if (referer !== undefined && referer !== "-") headers.push(["referer", referer]);
  return {
    place,
    arrivalNs,
    method,
    path: found.path,
    host: found.host ?? vhost?.toLowerCase(),
    headers,
    bodyLost: WITH_BODY.has(method),
    status: Number(status),
    responseBytes: sentBytes(sent),
    client,
  };
}

/** What a request line alone tells of; undefined for one that names a host, or is none. */
function askedOf(line: string): Asked | undefined {
  try {
    const { method, target } = parseRequestLine(line);
    const found = targetOf(target);
    if (found === undefined || found.host !== undefined) return undefined;
    return { method, path: found.path, bodyLost: WITH_BODY.has(method) };
  } catch (thrown) {
    if (thrown instanceof Unusable) return undefined;
    throw thrown;
  }
}

function secOf(time: string): number | undefined {
  try {
    return Number(stampNs(time) / 1_000_000_000n);
  } catch (thrown) {
    if (thrown instanceof Unusable) return undefined;
    throw thrown;
  }
}

function directLines(requests: AccessRequests): DirectLines {
  const line = new AccessLine(secOf);
  return {
    attach: (bytes) => line.attach(bytes),
    take: (from, to) => line.read(from, to) && requests.take(line, askedOf),
    add: (item) => requests.add(item),
  };
}

/**
 * Apache's and nginx's common and combined logs, also with a virtual host in front; further fields
 * are ignored. Stamps are whole seconds: of the request's begin in Apache, of its end in nginx.
 */
export const accessLogFormat: CaptureFormat = {
  name: "access-log",
  description: "common or combined access log of Apache or nginx",
  timePrecisionNs: 1e9,

  sniff(head) {
    const lines = head.toString("latin1").split("\n").slice(0, 20);
    return lines.some((line) =>
      /^\S+ .*\[\d\d\/[A-Z][a-z]{2}\/\d{4}:[\d:]{8} [+-]\d{4}\] "/.test(line),
    );
  },

  read: (file, { accessRequests } = {}) =>
    readLines(file, requestOf, accessRequests && directLines(accessRequests)),
};
