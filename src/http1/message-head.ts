import * as b from "./bytes.ts";

const CONTENT_LENGTH = b.word("content-length");
const TRANSFER_ENCODING = b.word("transfer-encoding");
const CONNECTION = b.word("connection");
const CHUNKED = b.word("chunked");
const CLOSE = b.word("close");
const KEEP_ALIVE = b.word("keep-alive");
/** A number of so many digits is exact. */
const LENGTH_DIGITS_MAX = 15;
const ZERO = 0x30;

/** What a message's head says of its framing and of its connection, read line by line. */
export class MessageHead {
  http11 = true;
  /** -1: not said. */
  contentLength = -1;
  transferEncoding = false;
  /** Chunked is the last transfer coding: the chunks say where the body ends. */
  chunked = false;
  /** Name, value, name, value, … where they are wanted. */
  headers: string[] | null = null;
  #close = false;
  #keepAlive = false;
  // Of the last field that was read.
  protected nameTo = 0;
  protected valueFrom = 0;
  protected valueTo = 0;

  /** Forgets the head that was read before. */
  reset(): void {
    this.contentLength = -1;
    this.transferEncoding = false;
    this.chunked = false;
    this.headers = null;
    this.#close = false;
    this.#keepAlive = false;
  }

  /** Whether the connection may carry another exchange, as far as the head says. */
  get persistent(): boolean {
    // What says both a length and chunks may be an attempt to make two readers see two messages,
    // and HTTP/1.0 has no transfer codings: RFC 9112 §6.1, §6.3.
    if (this.transferEncoding && (this.contentLength >= 0 || !this.http11)) return false;
    return !this.#close && (this.http11 || this.#keepAlive);
  }

  /** Reads `name: value` and heeds it; returns where the next line begins, or why it cannot. */
  readHeader(bytes: Buffer, at: number, end: number): number {
    const next = this.readField(bytes, at, end);
    if (next < 0) return next;
    this.headers?.push(
      bytes.toString("latin1", at, this.nameTo),
      bytes.toString("latin1", this.valueFrom, this.valueTo),
    );
    return this.heed(bytes, at) ? next : b.INVALID;
  }

  /**
   * Reads `name: value` without heeding it, as a trailer. Invalid are a line without a colon, a
   * blank before it, a line that begins with a blank (obs-fold), and control bytes.
   */
  readField(bytes: Uint8Array, at: number, end: number): number {
    const nameTo = b.endOfToken(bytes, at, end);
    if (nameTo === end) return b.INCOMPLETE;
    if (nameTo === at || bytes[nameTo] !== b.COLON) return b.invalid(bytes, nameTo, end);
    let from = nameTo + 1;
    while (from < end && b.isBlank(bytes[from]!)) from++;
    let to = b.endOfText(bytes, from, end);
    const next = b.lineEnd(bytes, to, end);
    while (to > from && b.isBlank(bytes[to - 1]!)) to--;
    this.nameTo = nameTo;
    this.valueFrom = from;
    this.valueTo = to;
    return next;
  }

  /** Heeds the field that was read last, whose name begins at `at`; false: it must not be. */
  protected heed(bytes: Buffer, at: number): boolean {
    const { nameTo, valueFrom: from, valueTo: to } = this;
    if (b.isWord(bytes, at, nameTo, CONTENT_LENGTH)) return this.#heedLength(bytes, from, to);
    if (b.isWord(bytes, at, nameTo, TRANSFER_ENCODING)) {
      this.transferEncoding = true;
      this.chunked = b.listEndsWith(bytes, from, to, CHUNKED);
    } else if (b.isWord(bytes, at, nameTo, CONNECTION)) {
      this.#close ||= b.listHas(bytes, from, to, CLOSE);
      this.#keepAlive ||= b.listHas(bytes, from, to, KEEP_ALIVE);
    }
    return true;
  }

  /** Several lengths are one, if they are equal: RFC 9110 §8.6. A list in one line is not taken. */
  #heedLength(bytes: Uint8Array, from: number, to: number): boolean {
    if (from === to || to - from > LENGTH_DIGITS_MAX) return false;
    let length = 0;
    for (let i = from; i < to; i++) {
      const digit = bytes[i]! - ZERO;
      if (!isDigit(digit)) return false;
      length = length * 10 + digit;
    }
    if (this.contentLength >= 0 && this.contentLength !== length) return false;
    this.contentLength = length;
    return true;
  }
}

const isDigit = (value: number): boolean => value >= 0 && value <= 9;
