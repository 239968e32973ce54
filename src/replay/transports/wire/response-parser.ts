import { MessageParser, ON, READ, type ReadResult } from "../../../http1/index.ts";
import { ResponseHead } from "./response-head.ts";

/** A body that is larger is counted, but not kept. */
export const BODY_KEPT_MAX = 1_048_576;
/** A head, and the trailers of a body, have at most so many. */
const FIELDS_MAX = 256;

/** Reads the responses of one connection, each of which is announced with `expect`. */
export class ResponseParser extends MessageParser<ResponseHead> {
  #bodiless = false;
  #wantsContent = false;
  #persistent = false;
  #kept: Buffer[] | null = null;

  constructor(headerBytesMax: number, bodyBytesMax: number) {
    super(new ResponseHead(), {
      headerBytes: headerBytesMax,
      fields: FIELDS_MAX,
      bodyBytes: bodyBytesMax,
    });
  }

  /** Of the final response, once its head is read. */
  get status(): number {
    return this.head.status;
  }

  /** Name, value, name, value, … of the final response; null unless wanted. */
  get headers(): readonly string[] | null {
    return this.head.headers;
  }

  /** Whether, after a whole response, its end is sure and the connection may carry another. */
  get reusable(): boolean {
    return this.#persistent;
  }

  /** Makes ready for the response to a request; `bodiless` is that to HEAD. */
  expect(bodiless: boolean, wantsContent: boolean): void {
    this.#bodiless = bodiless;
    this.#wantsContent = wantsContent;
    this.#kept = wantsContent ? [] : null;
    this.#persistent = false;
    this.begin();
  }

  /** The body as it was kept: null if that was not wanted, or if it was too large. */
  takeBody(): Buffer | null {
    const kept = this.#kept;
    this.#kept = null;
    if (kept === null) return null;
    return kept.length === 1 ? kept[0]! : Buffer.concat(kept);
  }

  protected override readStartLine(bytes: Buffer, at: number, end: number): number {
    return this.head.readStatusLine(bytes, at, end);
  }

  protected override startLineRead(): boolean {
    if (this.#wantsContent && this.head.status >= 200) this.head.headers = [];
    return true;
  }

  protected override take(bytes: Buffer, from: number, to: number): void {
    if (this.#kept === null) return;
    if (this.bytesIn > BODY_KEPT_MAX) this.#kept = null;
    else this.#kept.push(Buffer.from(bytes.subarray(from, to)));
  }

  protected override headRead(): ReadResult | typeof ON {
    const { head } = this;
    const { contentLength, status } = head;
    if (status < 200) {
      // Nobody asked to switch protocols; other interim answers are not the response.
      if (status === 101) return READ.protocol;
      this.beginHead();
      return ON;
    }
    this.#persistent = head.persistent;
    if (this.#bodiless || status === 204 || status === 304) {
      this.withoutBody();
    } else if (head.chunked) {
      this.bodyInChunks();
    } else if (!head.transferEncoding && contentLength >= 0) {
      this.bodyOfLength(contentLength);
    } else {
      this.#persistent = false;
      this.bodyUntilClose();
    }
    return READ.head;
  }
}
