import { bytes as b, MessageParser, type ON, READ, type ReadResult } from "../../http1/index.ts";
import { endOfExtensions } from "./chunk-extensions.ts";
import { Http1Request } from "./request.ts";
import { RequestHead } from "./request-head.ts";

/** A head's bytes, with its line ends; so many of a body's trailers, too. */
const HEADER_BYTES_MAX = 65_536;
const FIELDS_MAX = 1_000;
const NOTHING = Buffer.alloc(0);

/**
 * Reads the requests of one connection, each of which is announced with `expect`. Any number of bytes
 * of a body is read, and so many kept.
 */
export class RequestParser extends MessageParser<RequestHead> {
  /** The request whose head was read last. */
  request: Http1Request | null = null;
  readonly #bodyKeptMax: number;
  /** A copy: a piece of a read would keep the whole read, and small chunks are many pieces. */
  #kept: Buffer = NOTHING;
  #keptBytes = 0;

  constructor(bodyKeptMax: number) {
    super(new RequestHead(), {
      headerBytes: HEADER_BYTES_MAX,
      fields: FIELDS_MAX,
      bodyBytes: Number.POSITIVE_INFINITY,
    });
    this.#bodyKeptMax = bodyKeptMax;
    this.begin();
  }

  /** Makes ready for the next request. */
  expect(): void {
    this.request = null;
    this.#forget();
    this.begin();
  }

  /** What the request expects before it sends its body; null: nothing. */
  get expects(): string | null {
    return this.head.http11 ? this.head.expects : null;
  }

  /** Whether the connection may carry another request, as far as this one says. */
  get persistent(): boolean {
    return this.head.persistent;
  }

  /** The body as it was kept: null if it was too long. */
  takeBody(): Buffer | null {
    const kept = this.#kept.subarray(0, this.#keptBytes);
    this.#forget();
    return this.bytesIn > this.#bodyKeptMax ? null : kept;
  }

  #forget(): void {
    this.#kept = NOTHING;
    this.#keptBytes = 0;
  }

  protected override readStartLine(bytes: Buffer, at: number, end: number): number {
    const { line } = this.head;
    // Empty lines before a request are passed over: RFC 9112 §2.2.
    line.method = "";
    if (bytes[at] === b.CR) return b.lineEnd(bytes, at, end);
    return line.read(bytes, at, end);
  }

  protected override startLineRead(): boolean {
    const { head } = this;
    if (head.line.method === "") return false;
    head.http11 = head.line.minor === 1;
    head.headers = [];
    return true;
  }

  protected override endOfExtensions(bytes: Buffer, at: number, end: number): number {
    return endOfExtensions(bytes, at, end);
  }

  protected override take(bytes: Buffer, from: number, to: number): void {
    if (this.bytesIn > this.#bodyKeptMax) {
      this.#forget();
      return;
    }
    const end = this.#keptBytes + to - from;
    if (end > this.#kept.length) {
      // As long as it is said to be, or twice as long as it has become.
      const wanted = Math.max(end, Math.min(2 * end, this.#bodyKeptMax));
      const larger = Buffer.allocUnsafeSlow(end === this.head.contentLength ? end : wanted);
      this.#kept.copy(larger, 0, 0, this.#keptBytes);
      this.#kept = larger;
    }
    bytes.copy(this.#kept, this.#keptBytes, from, to);
    this.#keptBytes = end;
  }

  protected override headRead(): ReadResult | typeof ON {
    const { head } = this;
    if (!head.sound) return READ.protocol;
    const request = new Http1Request(head.line, head.headers!, head.http11);
    this.request = request;
    if (head.chunked) this.bodyInChunks();
    else if (head.contentLength > 0) this.bodyOfLength(head.contentLength);
    else {
      this.withoutBody();
      request.bodiless();
    }
    return READ.head;
  }
}
