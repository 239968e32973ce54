import { type HeaderPairs, parseHeaderLines } from "../core/index.ts";

/** The head of a raw HTTP/1 message. Text is Latin-1: one character a byte. */
export interface MessageHead {
  readonly firstLine: string;
  readonly headers: HeaderPairs;
  /** Where the body begins. */
  readonly bodyAt: number;
}

/**
 * What was wrong with a foreign record; never a stop. Ledgers count by message, so a message is one
 * of a few fixed sentences, without the record's own text or numbers.
 */
export class Unusable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    // Nobody looks at where it was thrown, and finding that out takes four fifths of the time.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, options);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Answers that have no body, whatever they announce. */
const BODILESS = new Set([204, 304]);

/** The end of the head: an empty line, with or without carriage returns. */
function headEnd(payload: Buffer): { end: number; bodyAt: number } {
  const crlf = payload.indexOf("\r\n\r\n");
  const lf = payload.indexOf("\n\n");
  if (lf !== -1 && (crlf === -1 || lf < crlf)) return { end: lf, bodyAt: lf + 2 };
  if (crlf !== -1) return { end: crlf, bodyAt: crlf + 4 };
  throw new Unusable("the HTTP head does not end");
}

/** @throws Unusable when it is not an HTTP head. */
export function parseHead(payload: Buffer): MessageHead {
  const { end, bodyAt } = headEnd(payload);
  const [firstLine = "", ...lines] = payload.toString("latin1", 0, end).split(/\r?\n/);
  const headers = parseHeaderLines(lines);
  if (headers === null) throw new Unusable("a header line has no name");
  return { firstLine, headers, bodyAt };
}

/** @throws Unusable when the line is not `METHOD target HTTP/x`. */
export function parseRequestLine(line: string): { method: string; target: string } {
  const match = /^(\S+) (\S+) HTTP\/\d(?:\.\d)?$/.exec(line);
  if (match === null) throw new Unusable("the request line is not METHOD PATH HTTP/x");
  const [, method = "", target = ""] = match;
  if (!/^[A-Z]+$/.test(method)) throw new Unusable("the method is not a word in capitals");
  return { method, target };
}

/** The status of a response's first line, or undefined. */
export function statusOf(firstLine: string): number | undefined {
  const match = /^HTTP\/\d(?:\.\d)? (\d{3})(?: |$)/.exec(firstLine);
  return match === null ? undefined : Number(match[1]);
}

/** @throws Unusable when the chunks do not end, or a size is no number. */
function dechunked(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf("\n", at);
    if (lineEnd === -1) throw new Unusable("the chunked body is cut off");
    const sizeText = (bytes.toString("latin1", at, lineEnd).split(";", 1)[0] ?? "").trim();
    if (!/^[0-9a-f]{1,8}$/i.test(sizeText)) {
      throw new Unusable("the size of a chunk is no number");
    }
    const size = Number.parseInt(sizeText, 16);
    if (size === 0) return Buffer.concat(parts);
    const from = lineEnd + 1;
    if (from + size > bytes.length) throw new Unusable("the chunked body is cut off");
    parts.push(bytes.subarray(from, from + size));
    at = from + size;
    // A chunk's data ends with a line break of its own.
    if (bytes[at] === 13) at++;
    if (bytes[at] === 10) at++;
  }
}

/**
 * How many bytes an answer's body has, as announced, or else as there are; chunks count by what is
 * in them. Undefined when the head does not end.
 */
export function answerBodyBytes(payload: Buffer): number | undefined {
  try {
    const head = parseHead(payload);
    const valueOf = (wanted: string): string | undefined =>
      head.headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
    if (BODILESS.has(statusOf(head.firstLine) ?? 0)) return 0;
    const rest = payload.subarray(head.bodyAt);
    if (/\bchunked\b/i.test(valueOf("transfer-encoding") ?? "")) return dechunked(rest).length;
    const announced = valueOf("content-length");
    return announced !== undefined && /^\d{1,15}$/.test(announced)
      ? Number(announced)
      : rest.length;
  } catch (thrown) {
    if (thrown instanceof Unusable) return undefined;
    throw thrown;
  }
}

/**
 * A request's body, undone from its transfer encoding; undefined when there is none. Without a
 * length, what follows the head of a method that may carry a body is taken whole.
 * @throws Unusable when it is shorter than announced.
 */
export function requestBody(
  payload: Buffer,
  head: MessageHead,
  method: string,
): Buffer | undefined {
  const rest = payload.subarray(head.bodyAt);
  const valueOf = (wanted: string): string | undefined =>
    head.headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
  if (/\bchunked\b/i.test(valueOf("transfer-encoding") ?? "")) {
    const body = dechunked(rest);
    return body.length === 0 ? undefined : body;
  }
  const lengthText = valueOf("content-length");
  if (lengthText === undefined) {
    const bodiless = method === "GET" || method === "HEAD" || rest.length === 0;
    return bodiless ? undefined : rest;
  }
  if (!/^\d{1,15}$/.test(lengthText)) throw new Unusable("content-length is no number");
  const announced = Number(lengthText);
  if (rest.length < announced) throw new Unusable("the body is shorter than its content-length");
  return announced === 0 ? undefined : rest.subarray(0, announced);
}
