import { nodeHttp } from "../../core/index.ts";
import type { Answer } from "../deliver/delivery.ts";
import type { AnswerHeaders } from "../headers.ts";

const { STATUS_CODES, validateHeaderName, validateHeaderValue } = nodeHttp();

/** How long an idle connection is kept: longer than callers keep theirs, so that it is never we who close. */
export const KEEP_ALIVE_S = 75;

const KEPT = `connection: keep-alive\r\nkeep-alive: timeout=${KEEP_ALIVE_S}\r\n`;
const CLOSED = "connection: close\r\n";

/** An answer that was made into a text, to be used again while everything about it is the same. */
interface Made {
  readonly status: number;
  readonly statusText: string | undefined;
  readonly body: string | Buffer;
  readonly dateLine: string;
  readonly text: string;
}

/** What an answer's headers say. */
interface HeaderText {
  /** As they stand on the wire. */
  readonly lines: string;
  readonly date: boolean;
  /** Whether they say where the body ends. */
  readonly length: boolean;
  /** What they say of the connection, in lower case; null: nothing. */
  readonly connection: string | null;
  made: Made | null;
}

/** @throws the runtime's error for what is no name, or no value */
function readHeaders(headers: AnswerHeaders): HeaderText {
  const lower = new Set<string>();
  let lines = "";
  let connection: string | null = null;
  for (const [name, values] of Object.entries(headers)) {
    validateHeaderName(name);
    lower.add(name.toLowerCase());
    if (name.toLowerCase() === "connection") connection = String(values).toLowerCase();
    for (const value of Array.isArray(values) ? values : [values]) {
      validateHeaderValue(name, value);
      lines += `${name}: ${value}\r\n`;
    }
  }
  const length = lower.has("content-length") || lower.has("transfer-encoding");
  return { lines, date: lower.has("date"), length, connection, made: null };
}

/** Most answers have headers that were made once. */
const KNOWN = new WeakMap<AnswerHeaders, HeaderText>();

function headerTextOf(headers: AnswerHeaders): HeaderText {
  let text = KNOWN.get(headers);
  if (text === undefined) KNOWN.set(headers, (text = readHeaders(headers)));
  return text;
}

let second = 0;
let dateLine = "";

function dateLineNow(): string {
  const nowS = Math.floor(Date.now() / 1_000);
  if (nowS !== second) {
    second = nowS;
    dateLine = `date: ${new Date(nowS * 1_000).toUTCString()}\r\n`;
  }
  return dateLine;
}

/** With the status's own text, unless told. */
export const statusLine = (status: number, statusText?: string): string =>
  `HTTP/1.1 ${status} ${statusText ?? STATUS_CODES[status] ?? "Unknown"}\r\n`;

/** Whether answers of this status have no body, whatever their headers say. */
export const isEmptyStatus = (status: number): boolean => status === 204 || status === 304;

/** A body's bytes as a text of which each character is a byte. */
export function latin1Of(body: string | Buffer): string {
  if (typeof body !== "string") return body.toString("latin1");
  return Buffer.byteLength(body) === body.length ? body : Buffer.from(body).toString("latin1");
}

/** What an answer is sent to. */
export interface Asker {
  readonly head: boolean;
  readonly http11: boolean;
  /** The connection is to carry another call. */
  readonly persistent: boolean;
  /** A head says when it was sent, unless it says something else. */
  readonly date: boolean;
}

/** A head as it goes out, and what it has settled. */
export interface HeadText {
  readonly text: string;
  readonly chunked: boolean;
  readonly persistent: boolean;
}

/**
 * The head of an answer whose body is so long; null: it is not known, and comes in chunks, or until
 * the connection's end.
 * @throws the runtime's error for what is no name, or no value
 */
export function headTextOf(
  { headers, status, statusText }: Omit<Answer, "body">,
  bodyBytes: number | null,
  { date, head, http11, persistent }: Asker,
): HeadText {
  const told = headerTextOf(headers);
  let text = statusLine(status, statusText) + told.lines;
  let stays = persistent && !(told.connection?.includes("close") ?? false);
  let chunked = false;
  if (!told.length && !isEmptyStatus(status)) {
    if (bodyBytes !== null) text += `content-length: ${bodyBytes}\r\n`;
    else if (!head) {
      chunked = http11;
      stays &&= http11;
      if (chunked) text += "transfer-encoding: chunked\r\n";
    }
  }
  if (date && !told.date) text += dateLineNow();
  if (told.connection === null) text += stays ? KEPT : CLOSED;
  return { text: `${text}\r\n`, chunked, persistent: stays };
}

/**
 * A whole answer, for a caller who keeps the connection and wants the body. Made once for as long as
 * the answer's parts and the second are the same; null: the answer cannot be sent so.
 * @throws the runtime's error for what is no name, or no value
 */
export function keptAnswerText(answer: Answer, asker: Asker): string | null {
  const { body, headers, status, statusText } = answer;
  if (body === null || isEmptyStatus(status)) return null;
  const told = headerTextOf(headers);
  if (told.connection !== null) return null;
  const { made } = told;
  const now = dateLineNow();
  if (
    made?.status === status &&
    made.statusText === statusText &&
    made.body === body &&
    made.dateLine === now
  ) {
    return made.text;
  }
  const head = headTextOf(answer, Buffer.byteLength(body), asker);
  const text = head.text + latin1Of(body);
  told.made = { status, statusText, body, dateLine: now, text };
  return text;
}
