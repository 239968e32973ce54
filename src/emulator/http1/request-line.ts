import { nodeHttp } from "../../core/index.ts";
import { bytes as b } from "../../http1/index.ts";

const { METHODS } = nodeHttp();

/** Their names by themselves; others are no methods, as Node has it. */
const KNOWN: ReadonlyMap<string, string> = new Map(METHODS.map((name) => [name, name]));
const METHOD_BYTES_MAX = Math.max(...METHODS.map((name) => name.length));
const GET = Uint8Array.from(Buffer.from("GET "));
const VERSION = Uint8Array.from(Buffer.from("HTTP/1."));
const SLASH = 0x2f;
const ZERO = 0x30;
const TARGET_FIRST = 0x21;
const TARGET_LAST = 0x7e;

/** What is in a target that is no path: a whole URL, whose host is not looked into further. */
const ABSOLUTE = /^[a-z]+:\/\/[\w!$%&'()*+,\-.:;=@[\]~]*(?:[/?].*)?$/i;
const AUTHORITY = /^[\w!$%&'()*+,\-.:;=@[\]~]+$/;

/** A request line, as it was read last. */
export class RequestLine {
  method = "";
  target = "";
  /** The 1 of HTTP/1.1. */
  minor = 0;

  /**
   * Reads a request line; returns where the next line begins, or INCOMPLETE or INVALID. What does
   * not begin like one is invalid at once: it need never have a line's end. One space is between its
   * parts; a target is a path, a whole URL, `*`, or a host for CONNECT.
   */
  read(bytes: Buffer, at: number, end: number): number {
    const targetAt = this.#readMethod(bytes, at, end);
    if (targetAt < 0) return targetAt;
    let to = targetAt;
    while (to < end && bytes[to]! >= TARGET_FIRST && bytes[to]! <= TARGET_LAST) to++;
    if (to === end) return b.INCOMPLETE;
    if (to === targetAt || bytes[to] !== b.SP) return b.INVALID;
    const minorAt = to + 1 + VERSION.length;
    const prefixEnd = Math.min(minorAt, end);
    for (let i = to + 1; i < prefixEnd; i++) if (bytes[i] !== VERSION[i - to - 1]) return b.INVALID;
    if (minorAt >= end) return b.INCOMPLETE;
    this.minor = bytes[minorAt]! - ZERO;
    if (this.minor !== 0 && this.minor !== 1) return b.INVALID;
    const next = b.lineEnd(bytes, minorAt + 1, end);
    if (next < 0) return next;
    this.target = bytes.toString("latin1", targetAt, to);
    return bytes[targetAt] === SLASH && this.method !== "CONNECT"
      ? next
      : this.#otherForm()
        ? next
        : b.INVALID;
  }

  /** Where the target begins, or why it does not. */
  #readMethod(bytes: Buffer, at: number, end: number): number {
    let i = 0;
    while (i < GET.length && at + i < end && bytes[at + i] === GET[i]) i++;
    if (i === GET.length) {
      this.method = "GET";
      return at + i;
    }
    const to = b.endOfToken(bytes, at, end);
    if (to - at > METHOD_BYTES_MAX) return b.INVALID;
    if (to === end) return b.INCOMPLETE;
    const method = KNOWN.get(bytes.toString("latin1", at, to));
    if (method === undefined || bytes[to] !== b.SP) return b.INVALID;
    this.method = method;
    return to + 1;
  }

  #otherForm(): boolean {
    const { method, target } = this;
    if (method === "CONNECT") return AUTHORITY.test(target);
    return target === "*" || ABSOLUTE.test(target);
  }
}
