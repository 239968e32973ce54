import * as b from "./bytes.ts";
import { ResponseHead } from "./response-head.ts";

/** What reading came to. */
export const READ = {
  /** All bytes are read; the response goes on. */
  more: 0,
  /** The final response's head is read; what follows it is not, even if it is nothing. */
  head: 1,
  /** The response is whole; bytes from `at` on are not its own. */
  done: 2,
  /** This is no response of HTTP/1.1. */
  protocol: 3,
  /** The body is larger than it may be. */
  tooLarge: 4,
} as const;
export type ReadResult = (typeof READ)[keyof typeof READ];

/** Inside: read on in the state that was just entered. */
const ON = -1;

// First those that read a line.
const STATUS_LINE = 0;
const HEADERS = 1;
const CHUNK_SIZE = 2;
const TRAILERS = 3;
const LENGTH = 4;
const CHUNK = 5;
const CHUNK_CR = 6;
const CHUNK_LF = 7;
const UNTIL_CLOSE = 8;
const WHOLE = 9;

/** A head, and the trailers of a body, have at most so many fields. */
export const FIELDS_MAX = 256;
/** A body that is larger is counted, but not kept. */
export const BODY_KEPT_MAX = 1_048_576;
/** A number of so many hexadecimal digits is exact. */
const CHUNK_DIGITS_MAX = 13;
const CARRY_BYTES = 1_024;

/**
 * Reads the responses of one connection, one after another, from reads that may be split at any
 * byte; each response is announced with `expect`. It calls nobody: `read` returns whenever there
 * is something to tell. Only a line that one read leaves unfinished is copied. Source: RFC 9112.
 */
export class ResponseParser {
  /** Where in the bytes of the last `read` it stopped. */
  at = 0;
  /** Whether a byte has come since `expect`. */
  touched = false;
  /** Of the body, chunk framing aside. */
  bytesIn = 0;
  readonly #head = new ResponseHead();
  readonly #headerBytesMax: number;
  readonly #bodyBytesMax: number;
  #state = WHOLE;
  #bodiless = false;
  #wantsContent = false;
  #persistent = false;
  /** Of the length or the chunk that is being read. */
  #remaining = 0;
  #fields = 0;
  #sectionBytes = 0;
  /** Whether the last line was the empty one that ends a section. */
  #blank = false;
  #carry: Buffer | null = null;
  #carried = 0;
  #kept: Buffer[] | null = null;

  constructor(headerBytesMax: number, bodyBytesMax: number) {
    this.#headerBytesMax = headerBytesMax;
    this.#bodyBytesMax = bodyBytesMax;
  }

  /** Of the final response, once its head is read. */
  get status(): number {
    return this.#head.status;
  }

  /** Name, value, name, value, … of the final response; null unless wanted. */
  get headers(): readonly string[] | null {
    return this.#head.headers;
  }

  /** Whether, after a whole response, its end is sure and the connection may carry another. */
  get reusable(): boolean {
    return this.#persistent;
  }

  /** Makes ready for the response to a request; `bodiless` is that to HEAD. */
  expect(bodiless: boolean, wantsContent: boolean): void {
    this.touched = false;
    this.bytesIn = 0;
    this.#bodiless = bodiless;
    this.#wantsContent = wantsContent;
    this.#kept = wantsContent ? [] : null;
    this.#persistent = false;
    this.#carried = 0;
    this.#enter(STATUS_LINE);
    this.#head.reset();
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

  /** The other side has said that nothing follows: true if that ends the response, whole. */
  end(): boolean {
    return this.#state === UNTIL_CLOSE;
  }

  /** The body as it was kept: null if that was not wanted, or if it was too large. */
  takeBody(): Buffer | null {
    const kept = this.#kept;
    this.#kept = null;
    if (kept === null) return null;
    return kept.length === 1 ? kept[0]! : Buffer.concat(kept);
  }

  #step(bytes: Buffer, end: number): ReadResult | typeof ON {
    const state = this.#state;
    if (state === WHOLE) return READ.done;
    if (state === LENGTH && this.#remaining > this.#bodyBytesMax - this.bytesIn) {
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
    if (this.bytesIn > this.#bodyBytesMax) return READ.tooLarge;
    if (this.#kept !== null) {
      if (this.bytesIn > BODY_KEPT_MAX) this.#kept = null;
      else this.#kept.push(Buffer.from(bytes.subarray(from, this.at)));
    }
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
    if (this.#sectionBytes + length > this.#headerBytesMax) return READ.protocol;
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

  /** Reads one line in the state's own way. */
  #line(bytes: Buffer, at: number, end: number): number {
    const state = this.#state;
    if (state === STATUS_LINE) return this.#head.readStatusLine(bytes, at, end);
    if (state === CHUNK_SIZE) return this.#chunkSize(bytes, at, end);
    this.#blank = at < end && bytes[at] === b.CR;
    if (this.#blank) return b.lineEnd(bytes, at, end);
    if (state === HEADERS) return this.#head.readHeader(bytes, at, end);
    return this.#head.readField(bytes, at, end);
  }

  /** Extensions are let through, as text. */
  #chunkSize(bytes: Buffer, at: number, end: number): number {
    let size = 0;
    let i = at;
    for (; i < end; i++) {
      const digit = hexDigit(bytes[i]!);
      if (digit < 0) break;
      size = size * 16 + digit;
    }
    if (i === end) return b.INCOMPLETE;
    if (i === at || i - at > CHUNK_DIGITS_MAX) return b.invalid(bytes, i, end);
    this.#remaining = size;
    return b.lineEnd(bytes, bytes[i] === b.SEMICOLON ? b.endOfText(bytes, i, end) : i, end);
  }

  #lineRead(length: number): ReadResult | typeof ON {
    this.#sectionBytes += length;
    if (this.#sectionBytes > this.#headerBytesMax) return READ.protocol;
    switch (this.#state) {
      case STATUS_LINE:
        if (this.#wantsContent && this.#head.status >= 200) this.#head.headers = [];
        this.#state = HEADERS;
        return ON;
      case CHUNK_SIZE:
        if (this.#remaining > this.#bodyBytesMax - this.bytesIn) return READ.tooLarge;
        this.#enter(this.#remaining === 0 ? TRAILERS : CHUNK);
        return ON;
      default:
        if (!this.#blank) return ++this.#fields > FIELDS_MAX ? READ.protocol : ON;
        if (this.#state === HEADERS) return this.#headRead();
        this.#state = WHOLE;
        return ON;
    }
  }

  /** Decides where the body ends: RFC 9112 §6.3. */
  #headRead(): ReadResult | typeof ON {
    const head = this.#head;
    const { contentLength, status } = head;
    if (status < 200) {
      // Nobody asked to switch protocols; other interim answers are not the response.
      if (status === 101) return READ.protocol;
      this.#enter(STATUS_LINE);
      head.reset();
      return ON;
    }
    this.#persistent = head.persistent;
    if (this.#bodiless || status === 204 || status === 304) {
      this.#enter(WHOLE);
    } else if (head.chunked) {
      this.#enter(CHUNK_SIZE);
    } else if (!head.transferEncoding && contentLength >= 0) {
      this.#remaining = contentLength;
      this.#enter(contentLength === 0 ? WHOLE : LENGTH);
    } else {
      this.#persistent = false;
      this.#enter(UNTIL_CLOSE);
    }
    return READ.head;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
