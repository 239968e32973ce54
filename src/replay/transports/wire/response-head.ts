import { bytes as b, MessageHead } from "../../../http1/index.ts";

const HTTP_1 = Uint8Array.from(Buffer.from("HTTP/1."));
/** `HTTP/1.1 200` and the line's end: the shortest status line. */
const STATUS_LINE_MIN = 14;
const ZERO = 0x30;

/** What a response's head says, read line by line. */
export class ResponseHead extends MessageHead {
  status = 0;

  /**
   * Reads a status line; returns where the next line begins, or INCOMPLETE or INVALID. What does
   * not begin with `HTTP/1.` is invalid at once: it need never have a line's end.
   */
  readStatusLine(bytes: Uint8Array, at: number, end: number): number {
    const prefixEnd = Math.min(at + HTTP_1.length, end);
    for (let i = at; i < prefixEnd; i++) if (bytes[i] !== HTTP_1[i - at]) return b.INVALID;
    if (end - at < STATUS_LINE_MIN) return b.invalid(bytes, at, end);
    const minor = bytes[at + 7]! - ZERO;
    const hundreds = bytes[at + 9]! - ZERO;
    const tens = bytes[at + 10]! - ZERO;
    const ones = bytes[at + 11]! - ZERO;
    if (
      (minor !== 0 && minor !== 1) ||
      bytes[at + 8] !== b.SP ||
      hundreds < 1 ||
      hundreds > 9 ||
      !isDigit(tens) ||
      !isDigit(ones)
    ) {
      return b.invalid(bytes, at, end);
    }
    this.http11 = minor === 1;
    this.status = hundreds * 100 + tens * 10 + ones;
    const after = at + 12;
    return b.lineEnd(bytes, bytes[after] === b.SP ? b.endOfText(bytes, after, end) : after, end);
  }
}

const isDigit = (value: number): boolean => value >= 0 && value <= 9;
