import { bytes as b, MessageHead } from "../../http1/index.ts";
import { RequestLine } from "./request-line.ts";

const HOST = b.word("host");
const EXPECT = b.word("expect");
const CONTENT_LENGTH = b.word("content-length");
const TRANSFER_ENCODING = b.word("transfer-encoding");
const TWICE_CHUNKED = /chunked.*chunked/i;

/**
 * What a request's head says, read line by line. What two readers might read as two requests is
 * refused: two lengths, a length and a transfer coding, a coding that does not end the body, one in
 * HTTP/1.0, two hosts. Source: RFC 9112 §3.2, §6.1, §6.3.
 */
export class RequestHead extends MessageHead {
  readonly line = new RequestLine();
  /** What is expected before the body is sent; null: nothing. */
  expects: string | null = null;
  #hosts = 0;

  override reset(): void {
    super.reset();
    this.expects = null;
    this.#hosts = 0;
  }

  /** Whether nothing that it says, or leaves out, makes it no request. */
  get sound(): boolean {
    if (this.http11 && this.#hosts === 0) return false;
    if (!this.transferEncoding) return true;
    return this.chunked && this.http11 && this.contentLength < 0;
  }

  protected override heed(bytes: Buffer, at: number): boolean {
    const { nameTo, valueFrom, valueTo } = this;
    if (b.isWord(bytes, at, nameTo, HOST)) return ++this.#hosts === 1;
    if (b.isWord(bytes, at, nameTo, CONTENT_LENGTH)) {
      return this.contentLength < 0 && super.heed(bytes, at);
    }
    if (b.isWord(bytes, at, nameTo, TRANSFER_ENCODING)) {
      const twice = TWICE_CHUNKED.test(bytes.toString("latin1", valueFrom, valueTo));
      return !this.chunked && !twice && super.heed(bytes, at);
    }
    if (b.isWord(bytes, at, nameTo, EXPECT)) {
      this.expects = bytes.toString("latin1", valueFrom, valueTo);
    }
    return super.heed(bytes, at);
  }
}
