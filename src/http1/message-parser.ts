import * as b from "./bytes.ts";
import type { MessageHead } from "./message-head.ts";

/** What reading came to. */
export const READ = {
  /** All bytes are read; the message goes on. */
  more: 0,
  /** The message's head is read; what follows it is not, even if it is nothing. */
  head: 1,
  /** The message is whole; bytes from `at` on are not its own. */
  done: 2,
  /** This is no message of HTTP/1.1. */
  protocol: 3,
  /** The body is larger than it may be. */
  tooLarge: 4,
} as const;
export type ReadResult = (typeof READ)[keyof typeof READ];

/** Inside: read on in the state that was just entered. */
export const ON = -1;

// First those that read a line.
const START_LINE = 0;
const HEADERS = 1;
const CHUNK_SIZE = 2;
const TRAILERS = 3;
const LENGTH = 4;
const CHUNK = 5;
const CHUNK_CR = 6;
const CHUNK_LF = 7;
const UNTIL_CLOSE = 8;
const WHOLE = 9;

/** A number of so many hexadecimal digits is exact. */
const CHUNK_DIGITS_MAX = 13;
/** Of the chunks of one body together; Node's bound. */
const EXTENSION_BYTES_MAX = 16_384;
const CARRY_BYTES = 1_024;

/** What is more is refused. */
export interface MessageLimits {
  /** Of a head, of the trailers, of a chunk's line; their start line and line ends included. */
  readonly headerBytes: number;
  readonly fields: number;
  readonly bodyBytes: number;
}

/**
 * Reads the messages of one direction of a connection, one after another, from reads that may be
 * split at any byte. It calls nobody: `read` returns whenever there is something to tell. Only a
 * line that one read leaves unfinished is copied. A subclass knows the start line, and what a head
 * says of the body. Source: RFC 9112.
 */
export abstract class MessageParser<Head extends MessageHead> {
  /** Where in the bytes of the last `read` it stopped. */
  at = 0;
  /** Whether a byte has come since the message was begun. */
  touched = false;
  /** Of the body, chunk framing aside. */
  bytesIn = 0;
  /** What it refused was more than the limits of heads allow. */
  overflowed = false;
  protected readonly head: Head;
  readonly #limits: MessageLimits;
  #state = WHOLE;
  /** Of the length or the chunk that is being read. */
  #remaining = 0;
  #fields = 0;
  #sectionBytes = 0;
  /** Whether the last line was the empty one that ends a section. */
  #blank = false;
  /** Of the chunk's line that was read last, and of all of the body's. */
  #extension = 0;
  #extensions = 0;
  #carry: Buffer | null = null;
  #carried = 0;

  constructor(head: Head, limits: MessageLimits) {
    this.head = head;
    this.#limits = limits;
  }

  /** Reads the start line that begins at `at`; returns where the next line begins, or why it cannot. */
  protected abstract readStartLine(bytes: Buffer, at: number, end: number): number;
  /** The start line is read: whether it was one, and no empty line before it. */
  protected abstract startLineRead(): boolean;
  /** The head is read: says where the body ends (RFC 9112 §6.3), by one of the four below. */
  protected abstract headRead(): ReadResult | typeof ON;
  /** Takes bytes of the body, which are the read's own. */
  protected abstract take(bytes: Buffer, from: number, to: number): void;

  protected withoutBody(): void {
    this.#enter(WHOLE);
  }

  protected bodyInChunks(): void {
    this.#enter(CHUNK_SIZE);
  }

  protected bodyOfLength(bytes: number): void {
    this.#remaining = bytes;
    this.#enter(bytes === 0 ? WHOLE : LENGTH);
  }

  protected bodyUntilClose(): void {
    this.#enter(UNTIL_CLOSE);
  }

  /** Makes ready for the next message. */
  protected begin(): void {
    this.touched = false;
    this.bytesIn = 0;
    this.#extensions = 0;
    this.#carried = 0;
    this.beginHead();
  }

  /** The same message begins again with another head. */
  protected beginHead(): void {
    this.#enter(START_LINE);
    this.head.reset();
  }

  /** Whether any of a message has come, empty lines before it aside. */
  get begun(): boolean {
    return this.#state !== START_LINE || this.#carried > 0;
  }

  /** Reads from `from` to before `end`. After `head` it is called again, for what is left. */
  read(bytes: Buffer, from: number, end: number): ReadResult {
    this.at = from;
    if (from < end) this.touched = true;
    for (;;) {
      const result = this.#step(bytes, end);
      if (result !== ON) return result;
    }
  }

  /** The other side has said that nothing follows: true if that ends the message, whole. */
  end(): boolean {
    return this.#state === UNTIL_CLOSE;
  }

  #step(bytes: Buffer, end: number): ReadResult | typeof ON {
    const state = this.#state;
    if (state === WHOLE) return READ.done;
    if (state === LENGTH && this.#remaining > this.#limits.bodyBytes - this.bytesIn) {
      return READ.tooLarge;
    }
    if (this.at === end) return READ.more;
    if (state <= TRAILERS) {
      if (this.#carried > 0) return this.#readCarried(bytes, end);
      return this.#readLine(bytes, end);
    }
    switch (state) {
      case LENGTH:
        return this.#readBody(bytes, end, WHOLE);
      case CHUNK:
        return this.#readBody(bytes, end, CHUNK_CR);
      case UNTIL_CLOSE:
        this.#remaining = end - this.at;
        return this.#readBody(bytes, end, UNTIL_CLOSE);
      default:
        // CHUNK_CR, CHUNK_LF: what ends a chunk.
        if (bytes[this.at++] !== (state === CHUNK_CR ? b.CR : b.LF)) return READ.protocol;
        this.#enter(state === CHUNK_CR ? CHUNK_LF : CHUNK_SIZE);
        return ON;
    }
  }

  #enter(state: number): void {
    this.#state = state;
    this.#sectionBytes = 0;
    this.#fields = 0;
  }

  #readBody(bytes: Buffer, end: number, then: number): ReadResult | typeof ON {
    const from = this.at;
    const taken = Math.min(this.#remaining, end - from);
    this.at = from + taken;
    this.#remaining -= taken;
    this.bytesIn += taken;
    if (this.bytesIn > this.#limits.bodyBytes) return READ.tooLarge;
    this.take(bytes, from, this.at);
    if (this.#remaining === 0) this.#state = then;
    return ON;
  }

  #readLine(bytes: Buffer, end: number): ReadResult | typeof ON {
    const at = this.at;
    const next = this.#line(bytes, at, end);
    if (next === b.INVALID) return READ.protocol;
    if (next === b.INCOMPLETE) return this.#keep(bytes, end);
    this.at = next;
    return this.#lineRead(next - at);
  }

  /** Goes on with a line that began in an earlier read. */
  #readCarried(bytes: Buffer, end: number): ReadResult | typeof ON {
    const lf = bytes.indexOf(b.LF, this.at);
    const whole = lf >= 0 && lf < end;
    const kept = this.#keep(bytes, whole ? lf + 1 : end);
    if (kept === READ.protocol) return kept;
    // Of lines, only the first can be known to be wrong before it ends.
    if (!whole && this.#state !== START_LINE) return READ.more;
    const length = this.#carried;
    const next = this.#line(this.#carry!, 0, length);
    if (next === b.INVALID) return READ.protocol;
    if (next === b.INCOMPLETE) return READ.more;
    this.#carried = 0;
    return this.#lineRead(length);
  }

  /** Copies the rest of a read, which is part of a line. */
  #keep(bytes: Buffer, end: number): ReadResult {
    const length = this.#carried + end - this.at;
    if (this.#sectionBytes + length > this.#limits.headerBytes) return this.#overflow();
    if (length > (this.#carry?.length ?? 0)) {
      const larger = Buffer.allocUnsafeSlow(Math.max(CARRY_BYTES, 2 * length));
      this.#carry?.copy(larger, 0, 0, this.#carried);
      this.#carry = larger;
    }
    bytes.copy(this.#carry!, this.#carried, this.at, end);
    this.#carried = length;
    this.at = end;
    return READ.more;
  }

  #overflow(): ReadResult {
    this.overflowed = true;
    return READ.protocol;
  }

  /** Reads one line in the state's own way. */
  #line(bytes: Buffer, at: number, end: number): number {
    const state = this.#state;
    if (state === START_LINE) return this.readStartLine(bytes, at, end);
    if (state === CHUNK_SIZE) return this.#chunkSize(bytes, at, end);
    this.#blank = at < end && bytes[at] === b.CR;
    if (this.#blank) return b.lineEnd(bytes, at, end);
    if (state === HEADERS) return this.head.readHeader(bytes, at, end);
    return this.head.readField(bytes, at, end);
  }

  /** Where a chunk's extensions end that begin at `at`, with a semicolon. Text is let through. */
  protected endOfExtensions(bytes: Buffer, at: number, end: number): number {
    return b.endOfText(bytes, at, end);
  }

  #chunkSize(bytes: Buffer, at: number, end: number): number {
    let size = 0;
    let i = at;
    for (; i < end; i++) {
      const digit = b.hexDigit(bytes[i]!);
      if (digit < 0) break;
      size = size * 16 + digit;
    }
    if (i === end) return b.INCOMPLETE;
    if (i === at || i - at > CHUNK_DIGITS_MAX) return b.invalid(bytes, i, end);
    this.#remaining = size;
    const to = bytes[i] === b.SEMICOLON ? this.endOfExtensions(bytes, i, end) : i;
    this.#extension = to - i;
    return b.lineEnd(bytes, to, end);
  }

  #lineRead(length: number): ReadResult | typeof ON {
    this.#sectionBytes += length;
    if (this.#sectionBytes > this.#limits.headerBytes) return this.#overflow();
    switch (this.#state) {
      case START_LINE:
        if (this.startLineRead()) this.#state = HEADERS;
        return ON;
      case CHUNK_SIZE:
        this.#extensions += this.#extension;
        if (this.#extensions > EXTENSION_BYTES_MAX) return this.#overflow();
        if (this.#remaining > this.#limits.bodyBytes - this.bytesIn) return READ.tooLarge;
        this.#enter(this.#remaining === 0 ? TRAILERS : CHUNK);
        return ON;
      default:
        if (!this.#blank) return ++this.#fields > this.#limits.fields ? this.#overflow() : ON;
        if (this.#state === HEADERS) return this.headRead();
        this.#state = WHOLE;
        return ON;
    }
  }
}
