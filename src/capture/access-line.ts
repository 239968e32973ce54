import { areEqual, ViewedBytes } from "./viewed-bytes.ts";

const SPACE = 32;
const QUOTE = 34;
const DASH = 45;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const OPEN = 91;
const BACKSLASH = 92;
const CLOSE = 93;
const WORD_BYTES = 4;
/** Four of them. */
const QUOTES = 0x22222222;
const LOW_BITS = 0x01010101;
const HIGH_BITS = 0x80808080 | 0;
/** Of `02/Mar/2026:00:00:00 +0000`. */
const TIME_BYTES = 26;
const LINE_BYTES_MAX = 4_096;
const DIGITS_MAX = 15;

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE;

/**
 * Where the fields of a usual line of a common or combined log stand: one without escapes, virtual
 * hosts, further fields or anything odd. Others are not refused, but read by other means.
 */
export class AccessLine {
  text = new ViewedBytes(Buffer.alloc(0));
  clientFrom = 0;
  clientTo = 0;
  requestFrom = 0;
  requestTo = 0;
  /** Both 0 where the log has no such field. */
  refererFrom = 0;
  refererTo = 0;
  /** Up to the line's last quote; whether there is one before it, `isAgentWhole` says. */
  agentFrom = 0;
  agentTo = 0;
  /** Whole seconds since 1970. */
  sec = 0;
  status = 0;
  responseBytes = 0;
  readonly #secOf: (time: string) => number | undefined;
  /** The time that was read last; at first what no line can hold. */
  readonly #time = new ViewedBytes(Buffer.alloc(TIME_BYTES, "\n"));
  #backslash = -1;

  /** @param secOf the seconds of a time; undefined when it is none */
  constructor(secOf: (time: string) => number | undefined) {
    this.#secOf = secOf;
  }

  /** The bytes in which lines stand. */
  attach(bytes: Buffer): void {
    this.text = new ViewedBytes(bytes);
    this.#backslash = -1;
  }

  /** Takes the fields of a line; false when it is not a usual one. */
  read(from: number, to: number): boolean {
    if (to - from > LINE_BYTES_MAX || this.#hasEscapes(from, to)) return false;
    const time = this.#who(from, to);
    if (time === -1 || !this.#timeAt(time, to)) return false;
    // A bracket, a blank and a quote.
    const request = time + TIME_BYTES + 3;
    if (this.text.bytes[request - 1] !== QUOTE) return false;
    const requestEnd = this.#quote(request, to);
    if (requestEnd === -1) return false;
    [this.requestFrom, this.requestTo] = [request, requestEnd];
    const after = this.#numbers(requestEnd + 1, to);
    return after !== -1 && this.#texts(after, to);
  }

  /** Escapes are rare: where the next one stands is looked for once. */
  #hasEscapes(from: number, to: number): boolean {
    const { bytes } = this.text;
    if (this.#backslash < from) {
      const found = bytes.indexOf(BACKSLASH, from);
      this.#backslash = found === -1 ? bytes.length : found;
    }
    return this.#backslash < to;
  }

  /** Who asked; where the time begins, or −1. */
  #who(from: number, to: number): number {
    const { bytes } = this.text;
    let at = from;
    for (; at < to && bytes[at] !== SPACE; at++) if (bytes[at] === COLON) return -1;
    [this.clientFrom, this.clientTo] = [from, at];
    if (at === from) return -1;
    for (; at < to; at++) if (bytes[at] === SPACE && bytes[at + 1] === OPEN) return at + 2;
    return -1;
  }

  #timeAt(from: number, to: number): boolean {
    const { bytes } = this.text;
    const end = from + TIME_BYTES;
    if (end + 2 >= to || bytes[end] !== CLOSE || bytes[end + 1] !== SPACE) return false;
    if (areEqual(this.#time, 0, this.text, from, end)) return true;
    const sec = this.#secOf(bytes.toString("latin1", from, end));
    if (sec === undefined) return false;
    bytes.copy(this.#time.bytes, 0, from, end);
    this.sec = sec;
    return true;
  }

  /** The next quote, or −1; four bytes are told at once to have none. */
  #quote(from: number, to: number): number {
    const { bytes, view } = this.text;
    let at = from;
    for (; at + WORD_BYTES <= to; at += WORD_BYTES) {
      const zeroAtQuote = view.getInt32(at, true) ^ QUOTES;
      if (((zeroAtQuote - LOW_BITS) & ~zeroAtQuote & HIGH_BITS) !== 0) break;
    }
    for (; at < to; at++) if (bytes[at] === QUOTE) return at;
    return -1;
  }

  /** ` 200 1234`: where it ends, or −1. */
  #numbers(from: number, to: number): number {
    const { bytes } = this.text;
    const [blank, a, b, c, next] = [from, from + 1, from + 2, from + 3, from + 4];
    if (next + 1 >= to || bytes[blank] !== SPACE || bytes[next] !== SPACE) return -1;
    if (!isDigit(bytes[a]!) || !isDigit(bytes[b]!) || !isDigit(bytes[c]!)) return -1;
    this.status = (bytes[a]! - ZERO) * 100 + (bytes[b]! - ZERO) * 10 + (bytes[c]! - ZERO);
    return this.#sent(next + 1, to);
  }

  #sent(from: number, to: number): number {
    const { bytes } = this.text;
    this.responseBytes = 0;
    let at = from;
    if (bytes[at] === DASH) at++;
    else {
      for (; at < to && isDigit(bytes[at]!) && at - from < DIGITS_MAX; at++) {
        this.responseBytes = this.responseBytes * 10 + (bytes[at]! - ZERO);
      }
    }
    return at > from && (at === to || bytes[at] === SPACE) ? at : -1;
  }

  /** ` "referer" "agent"`, or nothing. */
  #texts(from: number, to: number): boolean {
    const { bytes } = this.text;
    this.refererFrom = this.refererTo = this.agentFrom = this.agentTo = 0;
    if (from === to) return true;
    if (bytes[from + 1] !== QUOTE) return false;
    const referer = this.#quote(from + 2, to);
    if (referer === -1 || bytes[referer + 1] !== SPACE || bytes[referer + 2] !== QUOTE)
      return false;
    if (bytes[to - 1] !== QUOTE || to - 1 < referer + 3) return false;
    [this.refererFrom, this.refererTo] = [from + 2, referer];
    [this.agentFrom, this.agentTo] = [referer + 3, to - 1];
    return true;
  }

  /** Whether the agent is one text: to be asked of one that was not seen before. */
  get isAgentWhole(): boolean {
    return this.#quote(this.agentFrom, this.agentTo) === -1;
  }
}

/** Whether a field is written `-`. */
export const isDash = (bytes: Buffer, from: number, to: number): boolean =>
  to - from === 1 && bytes[from] === DASH;
