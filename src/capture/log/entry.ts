import type { CapturedRequest } from "../format.ts";
import { targetOf } from "../http-fields.ts";
import { parseRequestLine, Unusable } from "../http-message.ts";
import { type Moment, momentNs } from "./moment.ts";

/** Methods whose requests hardly ever come without a body, which a log does not hold. */
const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);

/** What one line says, field by field; what it leaves out is undefined. */
export interface LogEntry {
  readonly begin: Moment;
  readonly end: Moment;
  /** From the request's begin to the end of its answer. */
  durationUs?: number;
  /** True when the client left early: how long the answer would have taken is not known. */
  isCensored?: boolean;
  /** `GET /a?b HTTP/1.1`. */
  requestLine?: string;
  method?: string;
  /** Path and query, or an absolute URL. */
  target?: string;
  /** For logs that have path and query apart. */
  path?: string;
  query?: string;
  host?: string;
  /** Believed when there is no `host`. */
  serverName?: string;
  port?: string;
  readonly headers: [string, string][];
  readonly cookies: string[];
  status?: number;
  /** Of the request's body. */
  bodyBytes?: number;
  /** Of the answer: its body, or all that was sent where the log has only that. */
  responseBytes?: number;
  client?: string;
  connection?: string;
}

export const newEntry = (): LogEntry => ({ begin: {}, end: {}, headers: [], cookies: [] });

/** What a server writes for nothing. */
export const isNothing = (text: string): boolean => text === "-" || text === "";

/** @throws Unusable when it is not a whole number of three digits. */
export function takeStatus(entry: LogEntry, text: string): void {
  if (!/^\d{3}$/.test(text)) throw new Unusable("the status is not a number of three digits");
  // 000: the connection ended before there was an answer.
  if (+text >= 100) entry.status = Number(text);
}

/** Takes a duration in units of `unitUs`; `-` and `-1` mean that it is not known. */
export function takeDuration(entry: LogEntry, text: string, unitUs: number): void {
  if (isNothing(text) || text === "-1") return;
  if (!/^\d{1,12}(?:\.\d{1,9})?$/.test(text)) throw new Unusable("the duration is not a number");
  // Decimal digits times a power of ten: rounding takes away what binary fractions add.
  entry.durationUs = Math.round(Number(text) * unitUs * 1_000) / 1_000;
}

/** Takes the size of the answer's body; `-` is none in Apache's `%b`, and elsewhere not known. */
export function takeResponseBytes(entry: LogEntry, text: string): void {
  if (/^\d{1,15}$/.test(text)) entry.responseBytes = Number(text);
}

/** Takes the size of an answer with its head, unless its body's is known. */
export function takeSentBytes(entry: LogEntry, text: string): void {
  if (entry.responseBytes === undefined) takeResponseBytes(entry, text);
}

export function takeHeader(entry: LogEntry, name: string, text: string): void {
  if (!isNothing(text)) entry.headers.push([name, text]);
}

function targetIn(entry: LogEntry): { method: string; target: string } {
  const { requestLine, method, target, path, query } = entry;
  if (requestLine !== undefined) {
    if (isNothing(requestLine)) throw new Unusable("no request was read");
    return parseRequestLine(requestLine);
  }
  const found = target ?? (path === undefined ? undefined : path + markedQuery(query));
  if (method === undefined || found === undefined || isNothing(method) || isNothing(found)) {
    throw new Unusable("no request was read");
  }
  if (!/^[A-Z]+$/.test(method)) throw new Unusable("the method is not a word in capitals");
  return { method, target: found };
}

function markedQuery(query: string | undefined): string {
  if (query === undefined || isNothing(query)) return "";
  return query.startsWith("?") ? query : `?${query}`;
}

function hostIn({ host, serverName, port }: LogEntry): string | undefined {
  // nginx's server without a name is "_".
  const name = host ?? (serverName === "_" ? undefined : serverName);
  if (name === undefined) return undefined;
  const isImplied = port === undefined || port === "80" || port === "443" || /:\d+$/.test(name);
  return (isImplied ? name : `${name}:${port}`).toLowerCase();
}

function arrivalIn({ begin, end, durationUs }: LogEntry): bigint {
  const beginNs = momentNs(begin);
  if (beginNs !== undefined) return beginNs;
  const endNs = momentNs(end);
  if (endNs === undefined) throw new Unusable("there is no time");
  return endNs - BigInt(Math.round((durationUs ?? 0) * 1_000));
}

/** The cookie header, put together from the cookies that are logged one by one. */
function withCookies({ headers, cookies }: LogEntry): [string, string][] {
  const isLogged = headers.some(([name]) => name.toLowerCase() === "cookie");
  return cookies.length === 0 || isLogged ? headers : [...headers, ["cookie", cookies.join("; ")]];
}

/**
 * The request that an entry tells of. Its arrival is the begin; where only the end is known, that
 * less the duration, if there is one.
 * @throws Unusable when it tells of none that could be sent again.
 */
export function requestOf(entry: LogEntry, place: string): CapturedRequest {
  const { method, target } = targetIn(entry);
  const found = targetOf(target);
  if (found === undefined) throw new Unusable("the request target is not a path");
  return {
    place,
    arrivalNs: arrivalIn(entry),
    method,
    path: found.path,
    host: found.host ?? hostIn(entry),
    headers: withCookies(entry),
    bodyLost: entry.bodyBytes === undefined ? WITH_BODY.has(method) : entry.bodyBytes > 0,
    status: entry.status,
    responseBytes: entry.responseBytes,
    serviceTimeUs: entry.isCensored === true ? undefined : entry.durationUs,
    client: entry.client,
    connection: entry.connection,
  };
}
