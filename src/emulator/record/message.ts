import { type HeaderPairs, parseHeaderLines } from "../../core/index.ts";

/** The bytes can no longer be told apart into messages; the message is one of a few fixed sentences. */
export class LostWay extends Error {}

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const CAPITAL_A = 65;
const CAPITAL_Z = 90;
/** Sets the bit by which ASCII's small letters differ from its capitals. */
const SMALL = 0x20;

/** Where a message's body ends: after so many bytes (0: there is none), or one of these. */
export type Framing = number;
export const CHUNKED: Framing = -1;
/** With the connection. */
export const TO_CLOSE: Framing = -2;
/** The head says nothing of it. */
export const UNSAID: Framing = -3;

/** What is needed of a head's fields while it passes. */
export interface HeadFields {
  readonly framing: Framing;
  /** The first one's value, as it came; undefined when there is none. */
  readonly retryAfter: string | undefined;
}

/** What most heads say. */
const NOTHING_SAID: HeadFields = { framing: UNSAID, retryAfter: undefined };

const nameBytes = (name: string): Buffer => Buffer.from(`${name}:`, "latin1");
const CONTENT_LENGTH = nameBytes("content-length");
const TRANSFER_ENCODING = nameBytes("transfer-encoding");
const RETRY_AFTER = nameBytes("retry-after");
const NAMES = new Map([CONTENT_LENGTH, TRANSFER_ENCODING, RETRY_AFTER].map((n) => [n[0], n]));

/** Whether the line that begins there begins with the name and its colon, in any case. */
function begins(bytes: Buffer, at: number, name: Buffer): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[at + i]!;
    if ((byte >= CAPITAL_A && byte <= CAPITAL_Z ? byte | SMALL : byte) !== name[i]) return false;
  }
  return true;
}

/**
 * Where the line ends that `at` is in, past its LF; `to` when it does not end before. Lines are
 * short: asking the system's search for each takes longer than looking at its bytes.
 */
export function lineEnd(bytes: Buffer, at: number, to: number): number {
  for (let i = at; i < to; i++) if (bytes[i] === LF) return i + 1;
  return to;
}

/** Where the line that begins there ends, and the lines that go on with it (folding). */
function foldedEnd(bytes: Buffer, at: number, to: number): number {
  for (let next = lineEnd(bytes, at, to); ; next = lineEnd(bytes, next, to)) {
    if (next >= to || (bytes[next] !== SPACE && bytes[next] !== TAB)) return next;
  }
}

/**
 * Of the head between `from` and `to`, its empty line with it: lines end by LF, with or without CR.
 * One walk over its lines, and no text but the values that count.
 * @throws LostWay when a length is no number, or several differ
 */
export function headFields(bytes: Buffer, from: number, to: number): HeadFields {
  let codings: string | undefined;
  let lengths: string | undefined;
  let retryAfter: string | undefined;
  for (let at = lineEnd(bytes, from, to); at < to; at = lineEnd(bytes, at, to)) {
    const name = NAMES.get(bytes[at]! | SMALL);
    if (name === undefined || !begins(bytes, at, name)) continue;
    const value = bytes.toString("latin1", at + name.length, foldedEnd(bytes, at, to)).trim();
    if (name === CONTENT_LENGTH) lengths = lengths === undefined ? value : `${lengths},${value}`;
    else if (name === RETRY_AFTER) retryAfter ??= value;
    else codings = codings === undefined ? value : `${codings},${value}`;
  }
  if (codings === undefined && lengths === undefined && retryAfter === undefined) {
    return NOTHING_SAID;
  }
  return { framing: announcedFraming(codings, lengths), retryAfter };
}

/** Source: RFC 9112, section 6.3. */
function announcedFraming(codings: string | undefined, lengths: string | undefined): Framing {
  if (codings) return /(?:^|,)\s*chunked\s*$/i.test(codings) ? CHUNKED : TO_CLOSE;
  if (lengths === undefined) return UNSAID;
  const [text = "", ...others] = lengths.includes(",") ? lengths.split(/\s*,\s*/) : [lengths];
  if (!/^\d{1,15}$/.test(text) || others.some((other) => other !== text)) {
    throw new LostWay("the content-length is no number");
  }
  return Number(text);
}

/** The first line of a head, without its end. Latin-1: one character a byte. */
export function firstLineOf(bytes: Buffer, from: number, to: number): string {
  const end = lineEnd(bytes, from, to) - 1;
  return bytes.toString("latin1", from, bytes[end - 1] === CR ? end - 1 : end);
}

const REQUEST_LINE = /^(\S+) (\S+) HTTP\/(\d)(?:\.\d)?$/;

/** A request's method; @throws LostWay when the line is none of HTTP/1 */
export function methodOf(line: string): string {
  const [, method = "", , major] = REQUEST_LINE.exec(line) ?? [];
  if (method === "") throw new LostWay("a request line is not METHOD TARGET HTTP/1");
  if (major !== "1") throw new LostWay("the client speaks HTTP/2");
  return method;
}

/** What a request's head says. */
export interface ReadHead {
  readonly method: string;
  /** The request target as sent. */
  readonly target: string;
  /** Names in lower case, in their order, duplicates kept. */
  readonly headers: HeaderPairs;
}

/** The head of a request, as `RecordedExchange` has it; null when a header line has no name. */
export function readHead(head: Buffer): ReadHead | null {
  const [first = "", ...lines] = head.toString("latin1").trimEnd().split(/\r?\n/);
  const [, method = "", target = ""] = REQUEST_LINE.exec(first) ?? [];
  const pairs = parseHeaderLines(lines);
  const headers = pairs?.map(([name, value]) => [name.toLowerCase(), value] as const);
  return headers === undefined ? null : { method, target, headers };
}
